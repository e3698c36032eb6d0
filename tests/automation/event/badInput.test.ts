import * as path from "node:path";
import { expect } from "chai";
import { eventCommand, main } from "../../../automation/event";
import { type EventCloud, OPERATION_MS, startEventCloud } from "./support";

/** Runs the command line in this process, where it ends before anything is opened. */
async function refused(...args: string[]): Promise<{ code: unknown; told: string; answer: string }> {
  const told: string[] = [];
  const answered: string[] = [];
  const { error: say, log } = console;
  console.log = (line: string) => answered.push(line);
  const write = process.stderr.write;
  console.error = (line: string) => told.push(line);
  process.stderr.write = ((text: string) => told.push(text.trimEnd()) > 0) as typeof process.stderr.write;
  try {
    await main(eventCommand(), args);
    return { code: process.exitCode, told: told.join("\n"), answer: answered.join("\n") };
  } finally {
    console.log = log;
    console.error = say;
    process.stderr.write = write;
    process.exitCode = undefined;
  }
}

describe("what lastframe event answers to bad input", () => {
  const cases: [what: string, args: string[], line: RegExp][] = [
    [
      "a name with spaces",
      ["start", "The Derby!"],
      /^error: \[NAME\] is "The Derby!"; write .*, such as the-derby$/,
    ],
    [
      "a name of 31 letters",
      ["start", "d".repeat(31)],
      /^error: \[NAME\] is "d{31}"; write 1 to 30 small letters/,
    ],
    ["no name", ["start"], /^error: missing required argument 'NAME'$/],
    [
      "0 cameras",
      ["start", "derby", "--cameras", "0"],
      /^error: \[--cameras\] is 0; write a whole number from 1 to 100$/,
    ],
    [
      "101 cameras",
      ["start", "derby", "--cameras", "101"],
      /^error: \[--cameras\] is 101; write .* from 1 to 100$/,
    ],
    ["half a camera", ["start", "derby", "--cameras", "1.5"], /^error: \[--cameras\] is 1.5; write/],
    [
      "cameras and streams",
      ["start", "derby", "--cameras", "2", "--streams", "a,b"],
      /^error: \[--cameras\] and \[--streams\] say/,
    ],
    [
      "a camera twice",
      ["start", "derby", "--streams", "a,b,a"],
      /^error: \[--streams\] has a twice; give each camera/,
    ],
    [
      "an illegal camera",
      ["start", "derby", "--streams", "a,Big Gate"],
      /^error: \[--streams\] has "Big Gate"; write names/,
    ],
    [
      "a TTL that is none",
      ["start", "derby", "--ttl", "soon"],
      /^error: \[--ttl\] is soon; write a time from 10m to 14d/,
    ],
    [
      "a TTL of a minute",
      ["start", "derby", "--ttl", "1m"],
      /^error: \[--ttl\] is 1m; write a time from 10m to 14d/,
    ],
    ["a TTL of a month", ["extend", "derby", "--ttl", "30d"], /^error: \[--ttl\] is 30d; write a time/],
    [
      "a clip of a second",
      ["start", "derby", "--clip", "1"],
      /^error: \[--clip\] is 1; write .* from 10 to 900$/,
    ],
    [
      "a new password for a camera that is none",
      ["start", "derby", "--streams", "start,finish", "--new-passwords", "finnish"],
      /^error: \[--new-passwords\] there is no camera "finnish"; the nearest names: finish, start$/,
    ],
    ["an unknown option", ["stop", "derby", "--force"], /^error: unknown option '--force'$/],
    ["an unknown command", ["pause", "derby"], /^error: unknown command 'pause'$/],
    ["too many names", ["stop", "derby", "dash"], /^error: too many arguments for 'stop'/],
  ];

  for (const [what, args, line] of cases) {
    it(`one line, and exit code 64: ${what}`, async () => {
      const { code, told } = await refused(...args);

      expect(code).to.equal(64);
      expect(told).to.match(line);
    });
  }

  for (const [args, line] of [
    [["start", "--json"], "missing required argument 'NAME'"],
    [
      ["start", "derby", "--json", "--clip", "1"],
      "[--clip] is 1; write a whole number of seconds from 10 to 900",
    ],
  ] as const)
    it(`with --json, nothing but one object where the answer would be: ${line}`, async () => {
      const { code, told, answer } = await refused(...args);

      expect([code, told]).to.deep.equal([64, ""]);
      expect(JSON.parse(answer)).to.deep.equal({ error: line, ending: "usage", exitCode: 64 });
    });
});

describe("what lastframe event answers to what it finds", function () {
  this.timeout(OPERATION_MS);
  let cloud: EventCloud;
  before(async function () {
    cloud = await startEventCloud(this);
  });
  after(() => cloud?.close());

  const told = async (args: string[], environment?: Record<string, string>) => {
    const { code, stdout, stderr } = await cloud.done(args, environment);
    expect(stdout).to.equal("");
    return [code, stderr];
  };

  it("names the nearest events where there is none of the name", async () => {
    await cloud.putRecord("20261101-derby", { phase: "stopped" });
    await cloud.putRecord("20261102-marathon", { phase: "stopped" });

    const answer = await told(["stop", "drby"]);

    expect(answer).to.deep.equal([
      64,
      "error: [NAME] there is no event drby; the nearest names: derby, marathon\n",
    ]);
  });

  it("asks which one is meant where there are several of the name", async () => {
    await cloud.putRecord("20261103-derby", { phase: "stopped" });

    const answer = await told(["status", "derby"]);

    expect(answer).to.deep.equal([
      64,
      "error: [NAME] derby is ambiguous: there are 20261103-derby, 20261101-derby; write one of these\n",
    ]);
  });

  it("does not take over a stream that somebody else made", async () => {
    const { KinesisVideo } = await import("@aws-sdk/client-kinesis-video");
    await new KinesisVideo(cloud.cloud.clientConfig).createStream({ StreamName: "dash-gate" });

    const answer = await told(["start", "dash", "--streams", "gate"]);

    expect(answer).to.deep.equal([
      64,
      "error: [NAME] dash is taken: this account has a stream dash-gate already; choose another name, or delete that stream\n",
    ]);
  });

  it("says what to run where there is no such base", async () => {
    const answer = await told(["list", "--base", "prod"]);

    expect(answer).to.deep.equal([
      64,
      "error: [--base] names no stack prod (there is dev); run `pulumi up --stack prod` in the project's folder, or name another with --base\n",
    ]);
  });

  it("says what to run where the base is too old", async () => {
    await cloud.makeBase("old", async () => ({ bucket: "footage" }));

    const answer = await told(["list", "--base", "old"]);

    expect(answer).to.deep.equal([
      64,
      "error: [--base] old was made by an older lastframe, or never came to its end; run `pulumi up --stack old` in the project's folder\n",
    ]);
  });

  it("says what to do without credentials", async () => {
    const nobody = {
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      AWS_EC2_METADATA_DISABLED: "true",
      HOME: cloud.folder,
    };

    const [code, line] = await told(["start", "sprint"], nobody);

    expect(code).to.equal(64);
    expect(line).to.match(
      /^error: no AWS credentials: .*; sign in as for the AWS CLI, or set AWS_PROFILE .*\n$/,
    );
  });

  it("says what to install without the Pulumi CLI", async () => {
    const bare = { PATH: path.dirname(process.execPath), HOME: cloud.folder };

    const [code, line] = await told(["start", "sprint"], bare);

    expect(code).to.equal(64);
    expect(line).to.equal(
      "error: no Pulumi CLI; install it as https://www.pulumi.com/docs/install/ says, or put it on PATH\n",
    );
  });

  it("made nothing of all that", async () => {
    const { Contents = [] } = await cloud.s3.listObjectsV2({ Bucket: cloud.bucket, Prefix: "events/" });

    const events = new Set(Contents.map(({ Key = "" }) => Key.split("/")[1]));
    expect([...events].filter((name) => name !== "clock").sort()).to.deep.equal([
      "20261101-derby",
      "20261102-marathon",
      "20261103-derby",
    ]);
    expect(await cloud.leftovers()).to.deep.equal([]);
  });

  it("tells a program in one object what a sweep could stop, what not, and why", async () => {
    await cloud.putRecord("20261104-sprint");
    const fail = { code: "NotAuthorizedException", status: 401, message: "not yours" };
    cloud.cloud.faults.use({ rules: [{ service: "kinesisvideo", action: "DescribeStream", fail }] });

    const { code, stdout, stderr } = await cloud.done(["sweep", "--json"]);

    const notStopped = "sprint: AWS answered NotAuthorizedException: not yours";
    expect(JSON.parse(stdout)).to.deep.equal({
      stopped: [],
      failed: [notStopped],
      error: `not stopped: ${notStopped}; the next sweep tries again`,
      ending: "unavailable",
      exitCode: 69,
    });
    expect(code).to.equal(69);
    // Progress is JSON too, line by line.
    expect(
      stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).event),
    ).to.deep.equal(["sweep"]);
  });

  it("says so when the bucket of the base is gone, and lets the event be", async () => {
    await cloud.putRecord("20261104-sprint");
    const versions = await cloud.s3.listObjectVersions({ Bucket: cloud.bucket });
    for (const { Key, VersionId } of [...(versions.Versions ?? []), ...(versions.DeleteMarkers ?? [])])
      await cloud.s3.deleteObject({ Bucket: cloud.bucket, Key, VersionId });
    await cloud.s3.deleteBucket({ Bucket: cloud.bucket });

    const [code, line] = await told(["stop", "sprint"]);

    expect([code, line]).to.deep.equal([
      69,
      "error: the bucket of dev is gone; bring it back with `pulumi up --refresh --stack dev`, then resume the event\n",
    ]);
  });
});
