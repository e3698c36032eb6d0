import { expect } from "chai";
import { runCampaign } from "./campaign";
import { playSeed } from "./playSeed";

/** `npm run simulate -- --histories 10000` plays more, and wants every rare path reached. */
const HISTORIES = 200;

describe("simulated histories", function () {
  this.timeout(300_000);

  it("keep every promise, whatever fails", async () => {
    const { failing, histories } = await runCampaign({ firstSeed: 0, histories: HISTORIES, threads: 2 });

    const broken = failing.map(
      ({ seed, violations }) => `npm run simulate -- --seed ${seed}: ${violations[0]?.says}`,
    );
    expect(broken).to.deep.equal([]);
    expect(histories).to.equal(HISTORIES);
  });

  it("end the same each time they are played", async () => {
    const [once, again] = [await playSeed(7), await playSeed(7)];

    expect(again).to.deep.equal(once);
  });
});
