import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { type RunningCommand, runCommand } from "../support/command";

describe("npm run local", function () {
  this.timeout(60_000);
  let folder: string;
  const commands: RunningCommand[] = [];
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-local-"));
  });
  afterEach(async () => {
    for (const command of commands.splice(0)) {
      command.process.kill("SIGKILL");
      await command.ended;
    }
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const start = (...args: string[]) => {
    const command = runCommand("local/main.ts", args);
    commands.push(command);
    return command;
  };
  const url = async (command: RunningCommand) => (await command.prints(/^ready (\S+)$/m))[1] ?? "";
  const kinesisVideo = (endpoint: string) =>
    new KinesisVideo({
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });

  it("says whose keys it takes and where it is ready, and ends well on Ctrl-C", async () => {
    const cloud = start("--port", "0", "--data", folder);

    const endpoint = await url(cloud);
    const streams = await kinesisVideo(endpoint).listStreams({});
    cloud.process.kill("SIGINT");
    const { code, stdout, stderr } = await cloud.ended;

    expect(streams.StreamInfoList).to.deep.equal([]);
    expect(stdout).to.contain("any key pair is accepted as the account owner's");
    expect([code, stderr]).to.deep.equal([0, ""]);
  });

  it("carries on after kill -9, on the same folder", async () => {
    const first = start("--port", "0", "--data", folder);
    await kinesisVideo(await url(first)).createStream({ StreamName: "gate", DataRetentionInHours: 24 });
    first.process.kill("SIGKILL");
    await first.ended;

    const second = start("--port", "0", "--data", folder);
    const { StreamInfoList = [] } = await kinesisVideo(await url(second)).listStreams({});

    expect(StreamInfoList.map(({ StreamName }) => StreamName)).to.deep.equal(["gate"]);
  });

  it("names a port that is busy, and a folder that is in use", async () => {
    const cloud = start("--port", "0", "--data", folder);
    const { port } = new URL(await url(cloud));

    const samePort = await start("--port", port, "--data", path.join(folder, "other")).ended;
    const sameFolder = await start("--port", "0", "--data", folder).ended;

    expect([samePort.code, samePort.stderr]).to.deep.equal([
      1,
      `port ${port} is in use; name another with --port\n`,
    ]);
    expect(sameFolder.code).to.equal(1);
    expect(sameFolder.stderr).to.equal(
      `${folder} is in use by process ${cloud.process.pid}; stop it, or use another folder\n`,
    );
  });

  it("lets go wrong what a file says, and tells of each time", async () => {
    const file = path.join(folder, "faults.json");
    const fail = { code: "ClientLimitExceededException", status: 400 };
    const rules = [{ service: "kinesisvideo", action: "ListStreams", calls: [1], fail }];
    fs.writeFileSync(file, JSON.stringify({ rules }));
    const cloud = start("--port", "0", "--data", path.join(folder, "cloud"), "--faults", file);
    const client = kinesisVideo(await url(cloud));

    const first = await client.listStreams({}).catch(String);
    const second = await client.listStreams({});
    const [told] = await cloud.prints(/^fault: .*$/m);

    expect(first).to.equal("ClientLimitExceededException: A fault that was asked for");
    expect(second.StreamInfoList).to.deep.equal([]);
    expect(told).to.match(/^fault: kinesisvideo ListStreams of arn:aws:iam::\d+:root: fail: .*ClientLimit/);
  });

  const scripts: [string, string, RegExp][] = [
    ["that is not JSON", "{", /--faults <file>.*Write the name of a file that holds JSON: /],
    [
      "with a rule that does nothing",
      '{"rules":[{"service":"s3","action":"*"}]}',
      /^faults\.rules\[0\]: has no effect/,
    ],
  ];
  for (const [what, script, message] of scripts) {
    it(`refuses a file of faults ${what} in one line`, async () => {
      const file = path.join(folder, "faults.json");
      fs.writeFileSync(file, script);

      const { code, stderr } = await start(
        "--port",
        "0",
        "--data",
        path.join(folder, "cloud"),
        "--faults",
        file,
      ).ended;

      expect(code).to.equal(1);
      expect(stderr.trim().split("\n")).to.have.length(1);
      expect(stderr).to.match(message);
    });
  }

  it("names a data folder that is none", async () => {
    const file = path.join(folder, "notes.txt");
    fs.writeFileSync(file, "not a folder");

    const { code, stderr } = await start("--port", "0", "--data", file).ended;

    expect([code, stderr]).to.deep.equal([
      1,
      `${file} cannot hold the cloud's data (EEXIST); use another folder\n`,
    ]);
  });

  const wrong: [string[], RegExp][] = [
    [["--port", "70000"], /--port <number>.*Write a whole number from 0 to 65535/],
    [["--speed", "0"], /--speed <factor>.*Write a positive number/],
    [["--nonsense"], /unknown option '--nonsense'/],
    [["word"], /too many arguments/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${args.join(" ")} in one line`, async () => {
      const { code, stderr } = await start(...args).ended;

      expect(code).to.equal(1);
      expect(stderr.trim().split("\n")).to.have.length(1);
      expect(stderr).to.match(message);
    });
  }
});
