import { expect } from "chai";
import { endFormerLives, endLife } from "../../archive/lives";
import { writeSweep } from "../../archive/sweep";
import { verifyStream } from "../../archive/verify";
import { memorySource, type memoryVault } from "./memoryPorts";
import { changesIn, entriesIn, fragments, MINUTE, setUp, stateIn, T0 } from "./rounds";
import { entryKey, readerOf } from "./verifyMemory";

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

describe("what verify says of a stream that was made anew under its name", () => {
  const former = { streamName: "gate", createdMs: T0 - MINUTE };
  const madeAnewMs = T0 + 21 * MINUTE;
  const overAtMs = T0 + 35 * MINUTE;
  const told = { prefix: "derby/", nowMs: overAtMs, tags: {}, announce: async () => undefined };

  /** Three minutes of video, a new stream of that name, and two minutes of video in it. */
  async function madeAnew(end: (set: ReturnType<typeof setUp>) => Promise<void>) {
    const set = setUp();
    await set.round(T0 + 10 * MINUTE);
    await end(set);
    const { kept, round, vault } = set;
    Object.assign(kept, { createdMs: madeAnewMs, fragments: fragments(60, 690) });
    await round(T0 + 40 * MINUTE);
    const life = { streamName: "gate", createdMs: madeAnewMs };
    await writeSweep(vault, "derby/", life, { at: "", coveredToMs: T0 + 30 * MINUTE }, undefined);
    return vault;
  }

  const ofSecondLife = { fromMs: T0 + 23 * MINUTE, toMs: T0 + 25 * MINUTE };

  it("ends the former life's gap where the next one began", async () => {
    const vault = await madeAnew(async ({ vault }) => {
      const current = { streamName: "gate", streamArn: "", createdMs: madeAnewMs, retentionHours: 24 };
      const deletedAsOf = async () => overAtMs;
      await endFormerLives({ ...told, vault, streamName: "gate", current, deletedAsOf });
    });

    const found = await verify(vault, ofSecondLife);

    const gaps = changesIn(vault).filter(({ kind }) => kind === "gap");
    expect(gaps.map(({ toMs }) => toMs)).to.deep.equal([madeAnewMs]);
    expect(found.answer).to.equal("complete");
  });

  it("tells of no gap beyond that, where whoever ended the former life had not known of the next", async () => {
    const vault = await madeAnew(({ vault }) => endLife({ ...told, vault, life: former }));

    const found = await verify(vault, ofSecondLife);
    const all = await verify(vault);

    expect([found.answer, found.gaps]).to.deep.equal(["complete", []]);
    expect(all.gaps.map(({ cause, toMs }) => [cause, toMs])).to.deep.equal([
      ["stream-deleted", T0],
      ["stream-deleted", madeAnewMs],
    ]);
  });
});

describe("what verify says of fragments that could not be read", () => {
  const DAY = 24 * 60 * MINUTE;
  const life = { streamName: "gate", createdMs: T0 - MINUTE };

  /** Three minutes of video, of which the sixth fragment never comes. */
  async function oneUnreadable() {
    const set = setUp({ refuse: "InvalidMediaFrameException" });
    const all = memorySource(set.kept);
    const bad = set.kept.fragments[5]!;
    const media = (asked: string[]) => all.media(asked.filter((number) => number !== bad.fragmentNumber));
    const source = { ...all, media };
    const round = (nowMs: number) => set.round(nowMs, { source, retryDeferred: true });
    await round(T0 + 10 * MINUTE);
    await writeSweep(set.vault, "derby/", life, { at: "", coveredToMs: T0 + 23 * 60 * MINUTE }, undefined);
    const stretch = { fromMs: bad.producerMs, toMs: bad.producerMs + bad.durationMs };
    return { ...set, round, stretch };
  }

  it("is that they are deferred while they are held, and unreadable afterwards", async () => {
    const { kept, round, vault, stretch } = await oneUnreadable();
    const before = await verify(vault);
    kept.fragments = [];
    await round(T0 + DAY + 60 * MINUTE);

    const after = await verify(vault);

    expect(changesIn(vault).at(-1)).to.include({ kind: "gap", cause: "unreadable" });
    const gap = { ...stretch, clock: "media", fragmentCount: 1 };
    expect(before.gaps.map(({ seq, ...rest }) => rest)).to.deep.equal([{ ...gap, cause: "deferred" }]);
    expect(after.gaps.map(({ seq, ...rest }) => rest)).to.deep.equal([{ ...gap, cause: "unreadable" }]);
  });

  it("is that they went with their stream, where that was deleted", async () => {
    const { vault, stretch } = await oneUnreadable();
    const told = { prefix: "derby/", tags: {}, announce: async () => undefined };
    await endLife({ ...told, vault, life, nowMs: T0 + 20 * 60 * MINUTE });

    const { gaps } = await verify(vault);

    const named = gaps.filter(({ fragmentCount }) => fragmentCount !== undefined);
    expect(named.map(({ seq, ...rest }) => rest)).to.deep.equal([
      { ...stretch, clock: "media", fragmentCount: 1, cause: "stream-deleted" },
    ]);
  });

  it("is from when to when they began, where the entry that names them is lost too", async () => {
    const { kept, round, vault } = await oneUnreadable();
    const serverMs = kept.fragments[5]!.serverMs;
    const [split] = entriesIn(vault).filter(({ change }) => change.kind === "split" && change.deferred);
    vault.objects.get(entryKey(split!.seq, `derby/ledger/gate/${life.createdMs}/`))!.bytes = Buffer.from("{");
    await round(T0 + 20 * MINUTE);

    const { gaps } = await verify(vault);

    const [gap] = gaps.filter(({ cause }) => cause === "unreadable");
    expect(gap).to.include({ fromMs: serverMs, toMs: serverMs + 1, clock: "server" });
  });
});

describe("what verify says of a stream that is recorded meanwhile", () => {
  for (const refuse of [undefined, "InvalidMediaFrameException"]) {
    it(`knows a clip that is stored between its two listings (${refuse ?? "GetClip works"})`, async () => {
      const { round, vault } = setUp({ refuse });
      await round(T0 + 90_000);
      const reader = readerOf(vault);
      const keys = async function* (prefix: string) {
        if (prefix.includes("ledger/")) await round(T0 + 10 * MINUTE);
        yield* reader.keys(prefix);
      };

      const found = await verify(vault, { reader: { ...reader, keys } });

      expect([found.answer, found.damage, found.gaps]).to.deep.equal(["complete", [], []]);
      expect(found.checked.clips).to.equal(3);
    });
  }

  it("takes no later sweep's word for time whose entries it has not read", async () => {
    const { round, vault } = setUp();
    await round(T0 - 30_000);
    const reader = readerOf(vault);
    const keys = async function* (prefix: string) {
      yield* reader.keys(prefix);
      if (!prefix.includes("ledger/")) return;
      await round(T0 + 90 * MINUTE);
      const life = { streamName: "gate", createdMs: T0 - MINUTE };
      await writeSweep(vault, "derby/", life, { at: "", coveredToMs: T0 + 30 * MINUTE }, undefined);
    };

    const found = await verify(vault, {
      reader: { ...reader, keys },
      fromMs: T0,
      toMs: T0 + 3 * MINUTE,
    });

    expect([found.answer, found.silent]).to.deep.equal(["not yet swept", []]);
  });
});
