import { expect } from "chai";
import { acknowledgedBy, type EventCloud, fragmentsIn, OPERATION_MS, startEventCloud } from "./support";

describe("an event that lasts beyond midnight, and beyond its time", function () {
  this.timeout(OPERATION_MS);
  let cloud: EventCloud;
  let id: string;
  before(async function () {
    cloud = await startEventCloud(this, { beginsAtHour: 22 });
  });
  after(() => cloud?.close());

  const today = () => new Date(cloud.cloud.clock.nowMs()).toISOString().slice(0, 10).replaceAll("-", "");
  const start = ["start", "night", "--streams", "gate", "--ttl", "4h"];

  it("is the same event when it is started again on the next day", async () => {
    const { code, stderr } = await cloud.done(start);
    id = await cloud.idOf("night");
    const firstDay = today();
    // An hour in five seconds.
    cloud.cloud.clock.setSpeed(720);
    while (today() === firstDay) await cloud.cloud.clock.sleep(60_000);
    cloud.cloud.clock.setSpeed(20);

    const again = await cloud.done([...start, "--json"]);

    expect([code, id], stderr).to.deep.equal([0, `${firstDay}-night`]);
    expect(again.code, again.stderr).to.equal(0);
    const { id: idAgain, unchanged, stack } = JSON.parse(again.stdout);
    expect([idAgain, unchanged, stack]).to.deep.equal([id, true, `event-${id}`]);
    expect(await cloud.idOf("night"), "one event, with one id").to.equal(id);
  });

  it("is not the same with other cameras, on any day", async () => {
    const { code, stdout, stderr } = await cloud.done(["start", "night", "--streams", "gate,yard"]);

    expect([code, stdout, stderr]).to.deep.equal([
      64,
      "",
      "error: [NAME] night is taken: it runs with 1 camera: gate; choose another, or stop that one first\n",
    ]);
  });

  it("is not swept once it was extended, though the sweep began before", async () => {
    await cloud.putRecord("20261101-old", { startedAt: "2026-11-01T12:00:00.000Z" });
    await cloud.done(["extend", "night", "--ttl", "10m"]);
    const camera = await cloud.film("night-gate");
    await camera.has(5);
    await cloud.cloud.clock.sleep(600_000);
    // It stops one after another, the newest first, and that one's camera does not let go.
    const sweeping = cloud.event(["sweep"]);
    await sweeping.prints(/waiting until 1 camera cannot be connected any more/);

    const extended = await cloud.done(["extend", "old", "--ttl", "2h"]);
    await camera.stop();
    const { code, stdout, stderr } = await sweeping.ended;

    expect([extended.code, code], stderr).to.deep.equal([0, 0]);
    expect(stdout)
      .to.match(/^night is stopped: complete/)
      .and.not.to.match(/old is stopped/);
    expect(stderr).to.match(/old was extended until \S+ meanwhile, and is left alone\n/);
    expect(fragmentsIn(await cloud.manifest("night"))).to.deep.equal(acknowledgedBy(camera));
    const { events } = JSON.parse((await cloud.done(["list", "--json"])).stdout);
    expect(events.map((one: { id: string; phase: string }) => [one.id, one.phase])).to.deep.equal([
      [id, "stopped"],
      ["20261101-old", "running"],
    ]);
    expect(await cloud.leftovers()).to.deep.equal([]);
  });
});
