import * as path from "node:path";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { acknowledgedBy, type EventCloud, fragmentsIn, OPERATION_MS, startEventCloud } from "./support";

describe("an event that meets trouble", function () {
  this.timeout(2 * OPERATION_MS);
  let cloud: EventCloud;
  before(async function () {
    cloud = await startEventCloud(this);
  });
  afterEach(() => cloud?.cloud.faults.use({ rules: [] }));
  after(() => cloud?.close());

  const refusal = { code: "InternalFailure", status: 400, message: "out of order today" };

  /** Keys of a user with these permissions and no other. */
  async function keysFor(user: string, statement: object) {
    const iam = new IAM(cloud.cloud.clientConfig);
    await iam.createUser({ UserName: user });
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", ...statement }],
    });
    await iam.putUserPolicy({ UserName: user, PolicyName: "may", PolicyDocument });
    const { AccessKey } = await iam.createAccessKey({ UserName: user });
    return { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
  }

  it("starts though a resource fails to be made once", async () => {
    cloud.cloud.faults.use({
      rules: [{ service: "kinesisvideo", action: "CreateStream", times: 1, fail: refusal }],
    });

    const { code, stderr } = await cloud.done(["start", "once", "--streams", "gate"]);

    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(
      /once-gate \(aws:kinesis\/videoStream:VideoStream\): .*out of order today.*; trying again/,
    );
  });

  it("says which resource cannot be made, when one never can, and stops all the same", async () => {
    cloud.cloud.faults.use({ rules: [{ service: "kinesisvideo", action: "CreateStream", fail: refusal }] });

    const started = await cloud.done(["start", "never", "--streams", "gate"]);
    const afterwards = await cloud.phaseOf("never");
    cloud.cloud.faults.use({ rules: [] });
    const stopped = await cloud.done(["stop", "never"]);

    expect([started.code, afterwards, started.stdout]).to.deep.equal([69, "starting", ""]);
    expect(started.stderr.trim().split("\n").at(-1)).to.match(
      /^error: never-gate \(aws:kinesis\/videoStream:VideoStream\): .*out of order today/,
    );
    expect([stopped.code, stopped.stdout.split("\n")[0]], stopped.stderr).to.deep.equal([
      0,
      "never is stopped: silent",
    ]);
  });

  it("goes on when a resource that could not be deleted can be, with two stops at once", async () => {
    const camera = await cloud.film("once-gate");
    await camera.has(20);
    await camera.stop();
    cloud.cloud.faults.use({ rules: [{ service: "kinesisvideo", action: "DeleteStream", fail: refusal }] });

    const failed = await cloud.done(["stop", "once", "--json"]);
    const afterwards = await cloud.phaseOf("once");
    cloud.cloud.faults.use({ rules: [] });
    const stops = await Promise.all([cloud.done(["stop", "once"]), cloud.done(["stop", "once"])]);

    expect([failed.code, afterwards], failed.stderr).to.deep.equal([69, "destroying"]);
    const { error, ...more } = JSON.parse(failed.stdout);
    expect(error).to.match(/^once-gate \(aws:kinesis\/videoStream:VideoStream\): .*out of order today/);
    expect(more).to.deep.equal({
      ending: "unavailable",
      exitCode: 69,
      resume: "lastframe event resume once",
    });
    expect(stops.map(({ code, stdout }) => [code, stdout.split("\n")[0]])).to.deep.equal([
      [0, "once is stopped: complete"],
      [0, "once is stopped: complete"],
    ]);
    expect(fragmentsIn(await cloud.manifest("once"))).to.deep.equal(acknowledgedBy(camera));
    expect(await cloud.leftovers()).to.deep.equal([]);
  });

  it("takes the right to write from a camera that still sends, and keeps all that was acknowledged until it is gone", async () => {
    await cloud.done(["start", "live", "--streams", "gate"]);
    const credentials = await keysFor("phone", {
      Action: ["kinesisvideo:DescribeStream", "kinesisvideo:GetDataEndpoint", "kinesisvideo:PutMedia"],
      Resource: "*",
      Condition: { Null: { "aws:ResourceTag/closed": "true" } },
    });
    const client = new KinesisVideoClient({ ...cloud.cloud.clientConfig, credentials });
    const camera = await cloud.film("live-gate", { client });
    await camera.has(10);

    const stopping = cloud.event(["stop", "live", "--now"]);
    await stopping.prints(/devices may not write any more/);
    const atClosing = camera.persisted.length;
    await camera.has(atClosing + 10);
    // The network drops the connection; the camera connects anew, and is refused.
    camera.lostConnection();
    const { code, stdout, stderr } = await stopping.ended;
    await camera.ended;

    expect(camera.troubles.join()).to.match(/not authorized/i);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^live is stopped: complete/);
    const held = fragmentsIn(await cloud.manifest("live"));
    expect(new Set(held).size).to.equal(held.length);
    // The service may have persisted a fragment, and lost the connection before it could say so.
    expect(acknowledgedBy(camera).filter((number) => !held.includes(number))).to.deep.equal([]);
  });

  it("keeps a fragment that is persisted between the comparison and the deletion", async () => {
    await cloud.done(["start", "late", "--streams", "gate"]);
    const early = await cloud.film("late-gate");
    await early.has(10);
    await early.stop();
    const stopping = cloud.event(["stop", "late"]);
    // Somebody whose right to write is none that can be taken away switches a camera on.
    await stopping.prints(/comparing/);
    const late = await cloud.film("late-gate");
    await late.has(3);
    await late.stop();

    const { code, stdout, stderr } = await stopping.ended;

    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^late is stopped: complete/);
    expect(fragmentsIn(await cloud.manifest("late"))).to.deep.equal(acknowledgedBy(early, late));
  });

  it("is swept when its time ended during a network outage, on a machine whose clock is an hour wrong", async () => {
    const credentials = await keysFor("operator", { Action: "*", Resource: "*" });
    const wrong = {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      NODE_OPTIONS: `-r ${path.resolve("tests/support/wrongClock.js")}`,
      WRONG_BY_MS: String(3_600_000),
    };
    const started = await cloud.done(["start", "short", "--streams", "gate"], wrong);
    const camera = await cloud.film("short-gate");
    await camera.has(20);
    const tooEarly = await cloud.done(["sweep"], wrong);
    await camera.stop();
    const extended = await cloud.done(["extend", "short", "--ttl", "10m", "--json"], wrong);
    const { endsAt } = JSON.parse(extended.stdout);
    await cloud.cloud.clock.sleep(Date.parse(endsAt) + 1_000 - cloud.cloud.clock.nowMs());

    const offline = await cloud.done(["sweep"], { ...wrong, AWS_ENDPOINT_URL: "http://127.0.0.1:9" });
    const swept = await Promise.all([cloud.done(["sweep"], wrong), cloud.done(["sweep"])]);

    expect([started.code, tooEarly.code, tooEarly.stdout], started.stderr + tooEarly.stderr).to.deep.equal([
      0,
      0,
      "no event's time is over\n",
    ]);
    expect([offline.code, offline.stdout]).to.deep.equal([69, ""]);
    expect(offline.stderr).to.match(/^error: .*ECONNREFUSED.*\n$/);
    expect(
      swept.map(({ code }) => code),
      swept.map(({ stderr }) => stderr).join(),
    ).to.deep.equal([0, 0]);
    expect(swept.map(({ stdout }) => stdout).join()).to.match(/short is stopped: complete/);
    expect(fragmentsIn(await cloud.manifest("short"))).to.deep.equal(acknowledgedBy(camera));
    expect(await cloud.leftovers()).to.deep.equal([]);
  });

  it("gives up what cannot be archived only when told to, and its manifest names it", async () => {
    await cloud.done(["start", "loss", "--streams", "gate"]);
    const camera = await cloud.film("loss-gate");
    await camera.has(10);
    await camera.stop();
    const unreadable = ["GetClip", "GetMediaForFragmentList"].map((action) => ({
      service: "kinesisvideo",
      action,
      fail: { code: "NotAuthorizedException", status: 401, message: "not yours" },
    }));
    cloud.cloud.faults.use({ rules: unreadable });

    const refused = await cloud.done(["stop", "loss"]);
    const givenUp = await cloud.done(["stop", "loss", "--abandon"]);
    const status = JSON.parse((await cloud.done(["status", "loss", "--json"])).stdout);

    expect(refused.code, refused.stderr).to.equal(75);
    expect(refused.stderr).to.match(
      /error: \d+ fragments of loss-gate .* are acknowledged and not archived \(.*\); nothing was deleted.*--abandon/,
    );
    expect(givenUp.code, givenUp.stderr).to.equal(1);
    const { abandoned, answer } = await cloud.manifest("loss");
    expect([answer, abandoned.map(({ stream }) => stream)]).to.deep.equal(["gaps", ["loss-gate"]]);
    expect(abandoned[0]?.fragments.toSorted()).to.deep.equal(acknowledgedBy(camera));
    const acknowledged = camera.persisted.length;
    expect(status.cameras[0]).to.include({ activity: "gone", acknowledged, archived: 0 });
    expect(await cloud.leftovers()).to.deep.equal([]);
  });
});
