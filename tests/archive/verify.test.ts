import { expect } from "chai";
import { verifyStream } from "../../archive/verify";
import { streamsOf } from "../../archive/verifyListing";
import { CREATED, clipKey, entryKey, handMadeArchive, LEDGER, row, rows, T0 } from "./verifyMemory";

type Archive = ReturnType<typeof handMadeArchive>;

/** Asks for 14:00 and the seconds after it; `more` is what is asked otherwise. */
const verify = (archive: Archive, more: Partial<Parameters<typeof verifyStream>[0]> = {}) =>
  verifyStream({
    reader: archive.reader(),
    prefix: "derby/",
    streamName: "gate",
    isDeep: false,
    nowMs: T0 + 7_200_000,
    ...more,
  });

const at = (second: number) => T0 + second * 1000;

/** Stretches in seconds after 14:00. */
const inSeconds = (stretches: { fromMs: number; toMs: number }[]) =>
  stretches.map(({ fromMs, toMs }) => [(fromMs - T0) / 1000, (toMs - T0) / 1000]);

/** An archive of three clips: 0 to 60, 60 to 120 and, after an hour's quarter of silence, 1000 to 1060 seconds. */
function threeClips(): Archive & { clips: string[] } {
  const archive = handMadeArchive();
  archive.entry({ kind: "began" });
  const clips = [archive.clip(rows(0, 60)), archive.clip(rows(60, 120)), archive.clip(rows(1000, 1060))];
  return Object.assign(archive, { clips });
}

describe("the answer of an archive", () => {
  it("is complete, with what is covered and where the camera sent nothing", async () => {
    const archive = threeClips();

    const found = await verify(archive, { fromMs: at(-60), toMs: at(1100) });

    expect(found.answer).to.equal("complete");
    expect(inSeconds(found.covered)).to.deep.equal([
      [0, 120],
      [1000, 1060],
    ]);
    expect(inSeconds(found.silent)).to.deep.equal([
      [-60, 0],
      [120, 1000],
      [1060, 1100],
    ]);
    expect(found.damage).to.deep.equal([]);
    expect(found.gaps).to.deep.equal([]);
    expect(found.checked.clips).to.equal(3);
  });

  it("is about the time asked for: clips elsewhere are not looked at", async () => {
    const archive = threeClips();
    archive.put(archive.clips[2]!, "overwritten");

    const found = await verify(archive, { fromMs: at(30), toMs: at(90) });

    expect(found.answer).to.equal("complete");
    expect(inSeconds(found.covered)).to.deep.equal([[30, 90]]);
    expect(found.checked.clips).to.equal(2);
  });

  it("is silent where everything was swept and nothing was sent", async () => {
    const archive = threeClips();

    const found = await verify(archive, { fromMs: at(300), toMs: at(400) });

    expect(found.answer).to.equal("silent");
    expect(inSeconds(found.silent)).to.deep.equal([[300, 400]]);
  });

  it("is not yet swept where the time asked for ends after what was accounted for", async () => {
    const archive = threeClips();

    const found = await verify(archive, { fromMs: at(0), toMs: at(3601) });

    expect(found.answer).to.equal("not yet swept");
    expect(found.sweptToMs).to.equal(at(3600));
    expect(inSeconds(found.silent).at(-1)).to.deep.equal([1060, 3600]);
  });

  it("is as of the last sweep when no end was asked for", async () => {
    const archive = handMadeArchive();
    archive.state.lowWaterMs = CREATED;
    archive.entry({ kind: "began" });
    archive.clip(rows(0, 60));

    const found = await verify(archive);

    expect(found.answer).to.equal("complete");
    expect(found.sweptToMs).to.equal(CREATED);
    expect(found.silent).to.deep.equal([]);
  });

  for (const [title, sweep] of [
    [
      "a sweep's watermark",
      (archive: Archive) =>
        archive.put(`derby/sweeps/gate/${CREATED}.json`, JSON.stringify({ at: "", coveredToMs: at(5000) })),
    ],
    [
      "a closed recording's comparison",
      (archive: Archive) =>
        void archive.entry({
          kind: "closed",
          openedSeq: 1,
          startMs: 0,
          endMs: 1,
          clips: 3,
          fragments: 90,
          coverage: [],
          compared: { fromMs: 0, toMs: at(8700), asOfMs: at(8600) },
        }),
    ],
    ["the end of the stream's life", (archive: Archive) => void archive.entry({ kind: "ended" })],
  ] as const) {
    it(`knows how far was swept by ${title}`, async () => {
      const archive = threeClips();
      sweep(archive);

      const found = await verify(archive, { fromMs: at(1000), toMs: at(4000) });

      expect(found.answer).to.equal("complete");
      expect(inSeconds(found.silent)).to.deep.equal([[1060, 4000]]);
    });
  }

  it("takes an older life for what was sent until the next one began", async () => {
    const archive = threeClips();
    const older = `derby/ledger/gate/${CREATED - 86_400_000}/`;
    const state = { lowWaterMs: CREATED - 1000 };
    archive.put(
      entryKey(0, older),
      JSON.stringify({
        version: 1,
        seq: 0,
        prev: "",
        at: new Date(T0).toISOString(),
        change: { kind: "began" },
        state,
      }),
    );

    const before = await verify(archive, { fromMs: CREATED - 5000, toMs: CREATED });
    const after = await verify(archive, { fromMs: at(0), toMs: at(120) });
    const first = await verify(archive, { createdMs: CREATED - 86_400_000 });

    expect(before.answer).to.equal("not yet swept");
    expect(after.answer).to.equal("complete");
    expect(first.lives).to.deep.equal([{ createdMs: CREATED - 86_400_000, entryCount: 1, hasEnded: false }]);
    expect(first.answer).to.equal("silent");
  });

  it("is complete with an object made void in place of one that could not be, and with camera's resends", async () => {
    const archive = handMadeArchive();
    archive.entry({ kind: "began" });
    const fragments = rows(0, 20);
    archive.entry({ kind: "plan", clip: { key: clipKey(0), fragments, range: { fromMs: 0, toMs: 1 } } });
    archive.put(clipKey(0), "void: codec", { decision: "void" });
    const halves = [fragments.slice(0, 5), fragments.slice(5)].map((half, index) => ({
      key: clipKey(index * 10, "mkv"),
      fragments: half,
    }));
    archive.entry({ kind: "split", voidKey: clipKey(0), because: "codec", clips: halves });
    for (const { key, fragments: half } of halves) {
      archive.media(key, half, "m", 2);
      const checksum = archive.objects.get(key)!.versions[0]!.checksum;
      archive.entry({
        kind: "stored",
        key,
        sizeBytes: 1,
        sha256: "62c66a7a5dd70c3146618063c344e531e6d4b59e379808443ce962b3abd63c5a",
        checksum,
        source: "fragments",
      });
    }
    archive.clip([["9000999", at(30), at(18), 2000, 100, "9000018"], row(20)], {
      key: clipKey(18),
    });

    const found = await verify(archive, { fromMs: at(0), toMs: at(22) });

    expect(found.damage).to.deep.equal([]);
    expect(found.answer).to.equal("complete");
    expect(inSeconds(found.covered)).to.deep.equal([[0, 22]]);
    expect(found.checked.clips).to.equal(3);
  });

  it("knows the streams of an archive by their ledgers and clips", async () => {
    const archive = threeClips();
    archive.put("derby/clips/stream=podium/date=x/a.mp4", "");

    const names = await streamsOf(archive.reader(), "derby/");

    expect(names).to.deep.equal(["gate", "podium"]);
  });
});

describe("a gap in an archive", () => {
  const gapsOf = async (archive: Archive) => {
    const { answer, gaps } = await verify(archive, { fromMs: at(0), toMs: at(3000) });
    return {
      answer,
      gaps: gaps.map(({ fromMs, toMs, ...gap }) => ({ ...gap, seconds: inSeconds([{ fromMs, toMs }])[0] })),
    };
  };

  for (const cause of ["expired", "stream-deleted"]) {
    it(`is time that no listing covered (${cause})`, async () => {
      const archive = threeClips();
      const seq = archive.entry({ kind: "gap", fromMs: at(200), toMs: at(300), cause });

      const found = await gapsOf(archive);

      expect(found).to.deep.equal({
        answer: "gaps",
        gaps: [{ cause, clock: "server", seq, seconds: [200, 300] }],
      });
    });
  }

  it("is a fragment that was past its retention", async () => {
    const archive = threeClips();
    archive.entry({ kind: "plan", clip: { key: clipKey(200), fragments: rows(200, 204) } });
    archive.put(clipKey(200), "void", { decision: "void" });
    const seq = archive.entry({
      kind: "split",
      voidKey: clipKey(200),
      because: "late",
      clips: [],
      lost: rows(200, 204),
    });

    const found = await gapsOf(archive);

    expect(found).to.deep.equal({
      answer: "gaps",
      gaps: [{ cause: "lost", clock: "media", seq, fragmentCount: 2, seconds: [200, 204] }],
    });
  });

  it("is a fragment that was deferred, until a plan tries it again", async () => {
    const archive = threeClips();
    archive.entry({ kind: "plan", clip: { key: clipKey(200), fragments: rows(200, 204) } });
    archive.put(clipKey(200), "void", { decision: "void" });
    const seq = archive.entry({
      kind: "split",
      voidKey: clipKey(200),
      because: "unreadable",
      clips: [],
      deferred: rows(200, 204),
    });

    const before = await gapsOf(archive);
    archive.entry({ kind: "plan", retries: seq, clip: { key: clipKey(202), fragments: rows(202, 204) } });
    archive.media(clipKey(202), rows(202, 204), "m");
    archive.entry({
      kind: "stored",
      key: clipKey(202),
      sizeBytes: 1,
      sha256: "62c66a7a5dd70c3146618063c344e531e6d4b59e379808443ce962b3abd63c5a",
      source: "fragments",
    });
    const after = await gapsOf(archive);

    expect(before).to.deep.equal({
      answer: "gaps",
      gaps: [{ cause: "deferred", clock: "media", seq, fragmentCount: 2, seconds: [200, 204] }],
    });
    expect(after).to.deep.equal({
      answer: "gaps",
      gaps: [{ cause: "deferred", clock: "media", seq, fragmentCount: 1, seconds: [200, 202] }],
    });
  });

  it("is a plan that is not stored yet, whether or not its object is there", async () => {
    const archive = threeClips();
    const seq = archive.entry({ kind: "plan", clip: { key: clipKey(200), fragments: rows(200, 260) } });
    const planned = await gapsOf(archive);
    archive.media(clipKey(200), rows(200, 260));

    const uploaded = await gapsOf(archive);

    const gap = {
      cause: "not stored yet",
      clock: "media",
      seq,
      fragmentCount: 30,
      key: clipKey(200),
      seconds: [200, 260],
    };
    expect(planned).to.deep.equal({ answer: "gaps", gaps: [gap] });
    expect(uploaded).to.deep.equal(planned);
  });
});

describe("clips that are gone", () => {
  const dayMs = 86_400_000;

  it("are expired by policy when the bucket's lifecycle may have removed them", async () => {
    const archive = threeClips();
    archive.expireAfter(30);
    archive.remove(archive.clips[0]!);
    archive.mark(archive.clips[1]!, T0 + 31 * dayMs);

    const all = await verify(archive, { fromMs: at(0), toMs: at(1060), nowMs: T0 + 32 * dayMs });
    const first = await verify(archive, { fromMs: at(0), toMs: at(60), nowMs: T0 + 32 * dayMs });

    expect([all.answer, first.answer]).to.deep.equal(["complete", "expired by policy"]);
    expect(inSeconds(all.expired)).to.deep.equal([[0, 120]]);
    expect(inSeconds(all.covered)).to.deep.equal([[1000, 1060]]);
    expect(all.damage).to.deep.equal([]);
  });

  for (const [title, spoil] of [
    ["before its days were over", (archive: Archive) => archive.expireAfter(30)],
    ["in a bucket without such a rule", () => undefined],
  ] as const) {
    it(`are damage ${title}`, async () => {
      const archive = threeClips();
      spoil(archive);
      archive.remove(clipKey(0));
      archive.mark(clipKey(60), at(600));

      const found = await verify(archive, { fromMs: at(0), toMs: at(120), nowMs: T0 + 2 * dayMs });

      expect(found.answer).to.equal("damaged");
      expect(found.damage).to.deep.equal([
        { key: clipKey(0), problem: "is gone" },
        { key: clipKey(60), problem: "was deleted at 2026-11-22T14:10:00.000Z, and is kept as version v0" },
      ]);
      expect(found.covered).to.deep.equal([]);
      expect(found.silent).to.deep.equal([]);
    });
  }
});

describe("damage to an archive", () => {
  const damages: [string, (archive: Archive) => void, key: string, problem: RegExp][] = [
    [
      "a clip with other bytes of the same length",
      (a) => {
        a.remove(clipKey(0));
        a.media(clipKey(0), rows(0, 60), `MEDIA of ${clipKey(0)}`);
      },
      clipKey(0),
      /^has other bytes than when it was stored: S3 states/,
    ],
    [
      "a clip that was cut short",
      (a) => a.alter(clipKey(0), (text) => text.slice(0, -1)),
      clipKey(0),
      /^has \d+ bytes, and had \d+ when stored$/,
    ],
    [
      "a clip of other fragments",
      (a) => {
        a.objects.get(clipKey(0))!.versions[0]!.metadata["fragment-list-sha256"] = "00";
      },
      clipKey(0),
      /other fragments than were planned/,
    ],
    [
      "a clip that was overwritten",
      (a) => a.media(clipKey(0), rows(0, 60)),
      clipKey(0),
      /^was written again; the first version, v0,/,
    ],
    ["a clip that was deleted", (a) => a.remove(clipKey(0)), clipKey(0), /^is gone$/],
    [
      "a clip that nobody planned",
      (a) => a.media(clipKey(500), rows(500, 560)),
      clipKey(500),
      /^is in no entry's plan/,
    ],
    [
      "an entry that was altered",
      (a) => a.alter(entryKey(3), (text) => text.replace(`"at":"2026`, `"at":"2025`)),
      entryKey(3),
      /^entry 3 is not what entry 4 was written behind/,
    ],
    [
      "an entry that says it is another",
      (a) => a.alter(entryKey(3), (text) => text.replace(`"seq":3`, `"seq":4`)),
      entryKey(3),
      /^entry 3 cannot be read: it says of itself that it is entry 4$/,
    ],
    [
      "an entry that was overwritten",
      (a) => a.put(entryKey(3), "{}"),
      entryKey(3),
      /^entry 3 was written again; its first version, v0,/,
    ],
    [
      "an entry that was deleted in a bucket with versions",
      (a) => a.mark(entryKey(2), at(900)),
      entryKey(2),
      /^entry 2 was deleted at 2026-11-22T14:15:00.000Z$/,
    ],
    [
      "an entry that is missing",
      (a) => a.remove(entryKey(2)),
      entryKey(2),
      /^entry 2 is missing, before entry 3$/,
    ],
    [
      "the first entries missing",
      (a) => {
        a.remove(entryKey(0));
      },
      entryKey(0),
      /^entry 0 is missing, before entry 1$/,
    ],
    [
      "an entry that is no JSON",
      (a) => a.alter(entryKey(2), () => "nonsense"),
      entryKey(2),
      /^entry 2 cannot be read: /,
    ],
    [
      "an entry of another format",
      (a) => a.alter(entryKey(2), (text) => text.replace(`"kind":"stored"`, `"kind":"sorted"`)),
      entryKey(2),
      /^entry 2 cannot be read: change/,
    ],
    [
      "an object that is no entry in a ledger's folder",
      (a) => a.put(`${LEDGER}notes.txt`, "hello"),
      `${LEDGER}notes.txt`,
      /^is no entry/,
    ],
    [
      "an object beside the ledgers",
      (a) => a.put("derby/ledger/gate/notes.txt", "hello"),
      "derby/ledger/gate/notes.txt",
      /^belongs to no life/,
    ],
    [
      "a watermark that cannot be read",
      (a) => a.put(`derby/sweeps/gate/${CREATED}.json`, "{}"),
      `derby/sweeps/gate/${CREATED}.json`,
      /coveredToMs/,
    ],
  ];
  for (const [title, spoil, key, problem] of damages) {
    it(`names ${title}`, async () => {
      const archive = threeClips();
      spoil(archive);

      const { answer, damage } = await verify(archive);

      expect(answer).to.equal("damaged");
      const own = damage.filter((one) => one.key === key);
      expect(own).to.have.length(1);
      expect(own[0]?.problem).to.match(problem);
      // What an entry that cannot be read planned or stored is named beside it.
      const others = damage.filter((one) => one.key !== key);
      expect(others.every((one) => /no entry that can be read plans it/.test(one.problem))).to.equal(true);
    });
  }

  it("shows a cut-off tail by the clips that no entry plans any more", async () => {
    const archive = threeClips();
    archive.remove(entryKey(5));
    archive.remove(entryKey(6));

    const { answer, damage } = await verify(archive);

    expect(answer).to.equal("damaged");
    expect(damage.map(({ key }) => key)).to.deep.equal([clipKey(1000)]);
  });

  it("shows a stored entry that was cut off as a clip that is not stored yet", async () => {
    const archive = threeClips();
    archive.remove(entryKey(6));

    const { answer, gaps } = await verify(archive);

    expect(answer).to.equal("gaps");
    expect(gaps.map(({ key, cause }) => [key, cause])).to.deep.equal([[clipKey(1000), "not stored yet"]]);
  });

  it("names what archivers stepped over, and by which entry, without breaking the chain for it", async () => {
    const archive = handMadeArchive();
    archive.put(`${LEDGER}000.txt`, "foreign");
    archive.entry({ kind: "began" }, { damaged: [`${LEDGER}000.txt`] });
    archive.clip(rows(0, 60));
    archive.put(entryKey(3), "{ cut o");
    archive.entry(
      { kind: "plan", clip: { key: clipKey(60), fragments: rows(60, 120) } },
      { seq: 4, damaged: [entryKey(3)] },
    );

    const { damage, lives } = await verify(archive);

    expect(damage).to.have.length(2);
    expect(damage[0]).to.include({ key: `${LEDGER}000.txt` });
    expect(damage[0]?.problem).to.match(/; entry 0 steps over it$/);
    expect(damage[1]).to.include({ key: entryKey(3) });
    expect(damage[1]?.problem).to.match(/cannot be read: .*; entry 4 steps over it$/);
    expect(lives[0]?.entryCount).to.equal(4);
  });

  it("names a void key that holds a clip after all", async () => {
    const archive = handMadeArchive();
    archive.entry({ kind: "began" });
    archive.entry({ kind: "plan", clip: { key: clipKey(0), fragments: rows(0, 60) } });
    archive.media(clipKey(0), rows(0, 60));
    archive.entry({ kind: "split", voidKey: clipKey(0), because: "late", clips: [], lost: rows(0, 60) });

    const { damage } = await verify(archive);

    expect(damage).to.have.length(1);
    expect(damage[0]?.problem).to.match(/^holds an object, though the ledger made this key void/);
  });

  it("calls no hole silence when the ledger cannot say what was planned there", async () => {
    const archive = threeClips();
    archive.remove(entryKey(5));

    const { silent } = await verify(archive);

    expect(silent).to.deep.equal([]);
  });
});
