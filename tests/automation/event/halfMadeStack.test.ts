import { expect } from "chai";
import { acknowledgedBy, type EventCloud, fragmentsIn, OPERATION_MS, startEventCloud } from "./support";

describe("an event whose stack cannot be made whole, and whose camera has sent already", function () {
  this.timeout(2 * OPERATION_MS);
  let cloud: EventCloud;
  before(async function () {
    cloud = await startEventCloud(this);
  });
  afterEach(() => cloud?.cloud.faults.use({ rules: [] }));
  after(() => cloud?.close());

  const fail = { code: "LimitExceededException", status: 400, message: "out of order today" };
  const noAlarm = (name: string) => ({
    service: "monitoring",
    action: "PutMetricAlarm",
    where: { AlarmName: `*/${name}` },
    fail,
  });
  const noDrain = { service: "lambda", action: "CreateFunction", where: { FunctionName: "drain-*" }, fail };

  /** Starts an event of which something cannot be made, and has its camera send all the same. */
  async function startHalf(name: string) {
    const started = await cloud.done(["start", name, "--streams", "gate"]);
    expect(started.code, started.stderr).to.equal(69);
    const camera = await cloud.film(`${name}-gate`);
    await camera.has(10);
    await camera.stop();
    return camera;
  }

  it("stops with all of its footage though an alarm fails for ever", async () => {
    cloud.cloud.faults.use({ rules: [noAlarm("mute-gate")] });
    const camera = await startHalf("mute");

    const { code, stdout, stderr } = await cloud.done(["stop", "mute"]);

    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^mute is stopped: complete/);
    expect(fragmentsIn(await cloud.manifest("mute"))).to.deep.equal(acknowledgedBy(camera));
    expect(await cloud.leftovers()).to.deep.equal([]);
  });

  it("makes the Drain that its start never came to, before it stops", async () => {
    cloud.cloud.faults.use({ rules: [noDrain] });
    const camera = await startHalf("half");

    const refused = await cloud.done(["stop", "half"]);
    const afterwards = await cloud.phaseOf("half");
    cloud.cloud.faults.use({ rules: [] });
    const { code, stdout, stderr } = await cloud.done(["resume", "half"]);

    expect([refused.code, refused.stdout, afterwards], refused.stderr).to.deep.equal([69, "", "stopping"]);
    expect(refused.stderr).to.match(
      /error: drain \(aws:lambda\/function:Function\): .*out of order today.*nothing of half can be archived, and --abandon gives up what its streams hold\n$/,
    );
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/its streams hold footage: making the rest of it/);
    expect(stdout).to.match(/^half is stopped: complete/);
    expect(fragmentsIn(await cloud.manifest("half"))).to.deep.equal(acknowledgedBy(camera));
    expect(await cloud.leftovers()).to.deep.equal([]);
  });

  it("gives up by name what is not archived when told to, where Drain cannot be made for ever", async () => {
    // The Recorder is there, and would archive it.
    const unreadable = ["GetClip", "GetMediaForFragmentList"].map((action) => ({
      service: "kinesisvideo",
      action,
      fail: { code: "NotAuthorizedException", status: 401, message: "not yours" },
    }));
    cloud.cloud.faults.use({ rules: [noDrain, ...unreadable] });
    const camera = await startHalf("lost");

    const { code, stdout, stderr } = await cloud.done(["stop", "lost", "--abandon"]);

    expect(code, stderr).to.equal(1);
    expect(stdout).to.match(/^lost is stopped: gaps/);
    const { abandoned } = await cloud.manifest("lost");
    expect(abandoned.map(({ stream }) => stream)).to.deep.equal(["lost-gate"]);
    expect(abandoned[0]?.fragments.toSorted()).to.deep.equal(acknowledgedBy(camera));
    expect(await cloud.leftovers()).to.deep.equal([]);
  });
});
