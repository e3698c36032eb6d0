import { expect } from "chai";
import { writeSweep } from "../../archive/sweep";
import { verifyStream } from "../../archive/verify";
import type { memoryVault } from "./memoryPorts";
import { changesIn, fragments, MINUTE, setUp, stateIn, T0 } from "./rounds";
import { readerOf } from "./verifyMemory";

/** What an archive says of a time, in minutes after T0. */
async function verify(
  vault: ReturnType<typeof memoryVault>,
  more: Partial<Parameters<typeof verifyStream>[0]> = {},
) {
  const asked = { reader: readerOf(vault), prefix: "derby/", streamName: "gate", isDeep: false };
  return verifyStream({ ...asked, nowMs: T0, ...more });
}

describe("what verify says of a recording that was closed", () => {
  it("reaches no further than the call that closed it looked, however late that was answered", async () => {
    const back = fragments(60, 600);
    const { kept, round, vault } = setUp({ fragments: [...fragments(90), ...back] });
    await round(T0 + 4 * MINUTE);
    kept.answeredMs = T0 + 60 * MINUTE;

    await round(T0 + 12 * MINUTE);
    const found = await verify(vault, { fromMs: T0 + 15 * MINUTE, toMs: T0 + 40 * MINUTE });
    kept.answeredMs = undefined;
    await round(T0 + 61 * MINUTE);

    expect(found.answer).to.equal("not yet swept");
    expect(found.silent).to.deep.equal([]);
    const [closed] = changesIn(vault).filter(({ kind }) => kind === "closed");
    expect(closed?.compared).to.deep.include({ toMs: T0 + 12 * MINUTE, asOfMs: T0 + 12 * MINUTE });
    const marks = changesIn(vault).flatMap(({ kind, recording }) => (kind === "plan" ? [recording] : []));
    expect(marks.filter((mark) => mark)).to.deep.equal(["opened", "opened"]);
  });

  it("leaves open whether a slow fragment began before it was closed, for the hour in which one may be listed", async () => {
    const { kept, round, vault } = setUp({ createdMs: T0 - 120 * MINUTE });
    const [slow] = kept.fragments.splice(89, 1);
    await round(T0 + 10 * MINUTE);
    const before = await verify(vault, { fromMs: T0, toMs: T0 + 3 * MINUTE });
    kept.fragments.push(slow!);

    await round(T0 + 30 * MINUTE);
    const [closed] = changesIn(vault).filter(({ kind }) => kind === "closed");

    expect(closed?.compared).to.deep.include({ asOfMs: T0 + 10 * MINUTE });
    expect(before.answer).to.equal("not yet swept");
    expect(before.sweptToMs).to.be.at.most(T0 - 50 * MINUTE);
    expect(before.silent).to.deep.equal([]);
  });
});

describe("what verify says of a camera that is quiet for as long as its footage is retained", () => {
  const DAY = 24 * 60 * MINUTE;
  const createdMs = T0 - 180 * MINUTE;

  /** Three minutes of video, archived, and then silence; sweeps covered all to an instant, if any. */
  async function quiet({ sweptToMs }: { sweptToMs?: number } = {}) {
    const set = setUp({ createdMs });
    await set.round(T0 + 10 * MINUTE);
    const life = { streamName: "gate", createdMs };
    if (sweptToMs) await writeSweep(set.vault, "derby/", life, { at: "", coveredToMs: sweptToMs }, undefined);
    set.kept.fragments = [];
    return { ...set, lowWaterMs: stateIn(set.vault).lowWaterMs };
  }

  for (const { when, answeredAfterMs } of [
    { when: "while clocks differ by seconds", answeredAfterMs: 0 },
    { when: "when its call was answered an hour later", answeredAfterMs: 60 * MINUTE },
  ]) {
    it(`knows no gap where sweeps looked, in the round in which the retention passes low-water, ${when}`, async () => {
      const { kept, round, vault, lowWaterMs } = await quiet({ sweptToMs: T0 + 22 * 60 * MINUTE });
      const nowMs = lowWaterMs + DAY - 3000;
      kept.answeredMs = nowMs + answeredAfterMs;

      await round(nowMs);
      const found = await verify(vault);

      expect(found.gaps).to.deep.equal([]);
      expect(found.answer).to.equal("complete");
    });
  }

  it("names what nobody looked at, and not what is in clips", async () => {
    const { round, vault, lowWaterMs } = await quiet();
    const nowMs = lowWaterMs + DAY + 120 * MINUTE;

    await round(nowMs);
    const found = await verify(vault);
    const ofClips = await verify(vault, { fromMs: T0, toMs: T0 + 3 * MINUTE });

    const [first, second] = found.gaps;
    expect(found.gaps.map(({ cause }) => cause)).to.deep.equal(["expired", "expired"]);
    expect([first?.fromMs, first?.toMs]).to.deep.equal([lowWaterMs, T0]);
    expect([second?.fromMs, second?.toMs]).to.deep.equal([T0 + 3 * MINUTE, nowMs - DAY + 10_000]);
    expect(ofClips.covered).to.deep.equal([{ fromMs: T0, toMs: T0 + 3 * MINUTE }]);
    expect([ofClips.answer, ofClips.gaps]).to.deep.equal(["complete", []]);
  });
});
