import { expect } from "chai";
import { runCampaign } from "./campaign";
import { findMutations } from "./findMutations";
import { makeHistory } from "./makeHistory";
import { edited, editsOf } from "./mutate";
import { MUTATIONS } from "./mutations";
import { playSeed } from "./playSeed";
import { shrink } from "./shrink";

/** `npm run simulate -- --histories 10000` plays more, and wants every rare path reached. */
const HISTORIES = 200;

describe("simulated histories", function () {
  this.timeout(900_000);

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

  it("find deliberate faults of the product", async () => {
    const quick = ["minute-known-by-its-book", "lost-race-is-won", "answer-without-backlog"];

    const findings = await findMutations({ names: quick, limit: 400, threads: 2 });

    expect(
      findings.map(({ mutation, histories }) => [mutation.name, histories !== undefined]),
    ).to.have.deep.members(quick.map((name) => [name, true]));
  });

  it("are tried with faults that are still faults of the product as it is", () => {
    const texts = MUTATIONS.flatMap(editsOf).map(edited);

    expect(texts.length).to.be.above(MUTATIONS.length);
  });

  it("are shrunk to what breaks the promise", async () => {
    const calm = makeHistory(3);

    const { history, result } = await shrink(calm);

    expect(result.violations).to.deep.equal([]);
    expect(history).to.equal(calm);
  });
});
