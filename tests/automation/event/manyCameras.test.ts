import { expect } from "chai";
import { acknowledgedBy, type EventCloud, fragmentsIn, OPERATION_MS, startEventCloud } from "./support";

describe("an event of forty cameras that start in the same second", function () {
  this.timeout(4 * OPERATION_MS);
  let cloud: EventCloud;
  before(async function () {
    // Forty times the footage of one: no faster than this machine can send it.
    cloud = await startEventCloud(this, { speed: 4 });
  });
  after(() => cloud?.close());

  it("has all that was acknowledged to each of them in its manifest", async () => {
    const started = await cloud.done(["start", "marathon", "--cameras", "40", "--json"]);
    const { cameras } = JSON.parse(started.stdout) as { cameras: { stream: string }[] };
    const filming = await Promise.all(cameras.map(({ stream }) => cloud.film(stream)));
    await Promise.all(filming.map((camera) => camera.has(8)));
    await Promise.all(filming.map((camera) => camera.stop()));

    const { code, stdout, stderr } = await cloud.done(["stop", "marathon"]);

    expect([code, stdout.split("\n")[0]], stderr).to.deep.equal([0, "marathon is stopped: complete"]);
    const manifest = await cloud.manifest("marathon");
    expect(manifest.streams).to.have.length(40);
    expect(fragmentsIn(manifest)).to.deep.equal(acknowledgedBy(...filming));
    expect(await cloud.leftovers()).to.deep.equal([]);
  });
});
