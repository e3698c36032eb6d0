import { expect } from "chai";
import { loadFreshProgram } from "../../support/freshProgram";
import { inventory } from "./inventory";
import {
  acknowledgedBy,
  type EventCloud,
  fragmentsIn,
  OPERATION_MS,
  startEventCloud,
  type TestCamera,
} from "./support";

/** What befalls the functions of all events, by seed. */
const trouble = {
  seed: 20261122,
  rules: [
    { service: "kinesisvideo", action: "ListFragments", lagMs: [0, 3_000] as [number, number] },
    {
      service: "s3",
      action: "PutObject",
      caller: "*archive-clip*",
      times: 3,
      probability: 0.05,
      crash: "after" as const,
    },
    { service: "s3", action: "*", caller: "*assumed-role*", probability: 0.02, throttle: true as const },
    {
      service: "kinesisvideo",
      action: "GetClip",
      probability: 0.1,
      fail: { code: "InternalFailure", status: 500, message: "not now" },
    },
  ],
};

describe("the rehearsal: three events at once, twelve cameras, five minutes of footage, and trouble", function () {
  this.timeout(4 * OPERATION_MS);
  const names = ["derby", "dash", "relay"];
  const labels = ["start", "turn", "finish", "podium"];
  let cloud: EventCloud;
  let environment: string[];
  const cameras = new Map<string, TestCamera[]>();
  before(async function () {
    cloud = await startEventCloud(this, { speed: 4, base: loadFreshProgram });
    environment = await inventory(cloud.cloud);
  });
  after(() => cloud?.close());

  it("starts all three beside each other", async () => {
    const starts = await Promise.all(
      names.map((name) => cloud.done(["start", name, "--streams", labels.join(",")])),
    );

    expect(
      starts.map(({ code }) => code),
      starts.map(({ stderr }) => stderr).join("\n"),
    ).to.deep.equal([0, 0, 0]);
  });

  it("records all twelve cameras through it", async () => {
    cloud.cloud.faults.use(trouble);
    for (const name of names)
      cameras.set(name, await Promise.all(labels.map((label) => cloud.film(`${name}-${label}`))));
    const all = [...cameras.values()].flat();
    for (const [index, camera] of all.entries()) {
      await cloud.cloud.clock.sleep(10_000);
      if (index % 3 !== 0) continue;
      // A camera that never had a connection takes its settings to be wrong, and ends.
      await camera.has(3);
      camera.lostConnection();
    }
    await cloud.cloud.clock.sleep(180_000);
    // A machine that is slow has it take longer.
    await Promise.all(all.map((camera) => camera.has(90)));
    await Promise.all(all.map((camera) => camera.stop()));

    expect(all.filter(({ troubles }) => troubles.length > 0)).to.have.length.at.least(4);
  });

  it("stops all three, with every acknowledged fragment in the manifest of its event exactly once", async () => {
    // Nothing is sent any more, so what is left to do can go faster; not much, as functions run by the machine's time.
    cloud.cloud.clock.setSpeed(10);
    const stops = await Promise.all(names.map((name) => cloud.done(["stop", name])));

    expect(
      stops.map(({ code }) => code),
      stops.map(({ stderr }) => stderr).join("\n"),
    ).to.deep.equal([0, 0, 0]);
    for (const name of names) {
      const manifest = await cloud.manifest(name);
      const held = fragmentsIn(manifest);
      expect([name, new Set(held).size]).to.deep.equal([name, held.length]);
      // The service may have persisted a fragment, and lost the connection before it could say so.
      const acknowledged = acknowledgedBy(...(cameras.get(name) ?? []));
      expect(acknowledged.filter((number) => !held.includes(number))).to.deep.equal([]);
      expect(manifest.streams.map(({ compared }) => compared.missing)).to.deep.equal([0, 0, 0, 0]);
      expect(manifest.answer).to.equal("complete");
      expect(manifest.coverage.byAllCameras.seconds)
        .to.be.above(0)
        .and.at.most(manifest.coverage.byAnyCamera.seconds);
    }
  });

  it("leaves no stack, no lock, no folder and no resource of an event, and the environment as it was", async () => {
    const { stdout } = await cloud.done(["list"]);

    expect(await inventory(cloud.cloud)).to.deep.equal(environment);
    expect(stdout.match(/ stopped at /g)).to.have.length(3);
    expect(await cloud.leftovers()).to.deep.equal([]);
  });
});
