import * as path from "node:path";
import { expect } from "chai";
import { archiveStream } from "../../archive/archiveStream";
import type { Fragment } from "../../archive/fragment";
import type { Entry } from "../../archive/ledger";
import type { Vault } from "../../archive/ports";
import { makeMatroskaReader } from "../../media/matroskaReader";
import {
  clipsIn,
  type MemoryObject,
  type MemoryStream,
  memorySource,
  memoryVault,
  numbersHeld,
} from "./memoryPorts";

const T0 = Date.UTC(2026, 10, 22, 14, 3, 0);
const MINUTE = 60_000;

/** Fragments of two seconds from T0, with numbers as long as the service's. */
const fragments = (count: number, first = 0): Fragment[] =>
  Array.from({ length: count }, (_, index) => ({
    fragmentNumber: String(91343852333181432392682062628987829494n + BigInt(first + index)),
    serverMs: T0 + (first + index) * 2000 + 125,
    producerMs: T0 + (first + index) * 2000,
    durationMs: 2000,
    sizeBytes: 1000,
  }));

function setUp(stream: Partial<MemoryStream> = {}) {
  const kept: MemoryStream = { fragments: fragments(90), createdMs: T0 - MINUTE, ...stream };
  const vault = memoryVault();
  const round = (nowMs: number, more: Partial<Parameters<typeof archiveStream>[0]> = {}) =>
    archiveStream({
      source: memorySource(kept),
      vault,
      prefix: "derby/",
      clipMs: MINUTE,
      nowMs,
      tags: { stack: "lastframe/dev", stream: "gate" },
      mayGoOn: () => true,
      ...more,
    });
  const held = () => numbersHeld(vault);
  return { kept, vault, round, held };
}

const numbers = (list: Fragment[]) => list.map(({ fragmentNumber }) => fragmentNumber);

describe("a round of archiving", () => {
  it("begins with the earliest fragment held, before any alarm rang", async () => {
    const { round, held } = setUp();

    const { clips, hasBacklog } = await round(T0 + 10 * MINUTE);

    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([30, 30, 30]);
    expect(hasBacklog).to.equal(false);
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("goes on after the last clip, leaves the open cell for later, and says when nothing is owed", async () => {
    const { round, held } = setUp({ fragments: fragments(75) });
    const cellsEnd = (cells: number) => T0 + cells * MINUTE + 30_000;

    const rounds = [];
    for (const cells of [1, 2, 3]) {
      const { isDrained } = await round(cellsEnd(cells));
      rounds.push([held().length, isDrained]);
    }

    expect(rounds).to.deep.equal([
      [30, false],
      [60, false],
      [75, true],
    ]);
  });

  it("adds nothing when it runs again, or twice at once", async () => {
    const { round, vault, held } = setUp();

    await Promise.all([round(T0 + 10 * MINUTE), round(T0 + 10 * MINUTE)]);
    const again = await round(T0 + 10 * MINUTE);

    expect(clipsIn(vault)).to.have.length(3);
    expect(again.clips).to.deep.equal([]);
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("finds where it was although the camera's clock jumped back and keys no longer sort by ingestion", async () => {
    const jumped = fragments(90).map((fragment, index) =>
      index < 30 ? fragment : { ...fragment, producerMs: fragment.producerMs - 86_400_000 },
    );
    const { round, vault, held } = setUp({ fragments: jumped });

    await round(T0 + 2 * MINUTE + 30_000);
    await round(T0 + 3 * MINUTE + 30_000);

    expect(clipsIn(vault)).to.have.length(3);
    expect(held().sort()).to.deep.equal(numbers(jumped).sort());
  });

  it("finds what followed the last clip though another server's clock stamped it a little earlier", async () => {
    const { kept, round } = setUp({ fragments: fragments(30) });
    await round(T0 + MINUTE + 30_000);

    const next = fragments(60).slice(30);
    kept.fragments = [...fragments(30), ...next.map((one) => ({ ...one, serverMs: one.serverMs - 2005 }))];
    const { clips } = await round(T0 + 10 * MINUTE);

    const counts = clips.map(({ fragmentCount }) => fragmentCount);
    expect(counts.reduce((sum, count) => sum + count)).to.equal(30);
  });

  it("takes a stream made anew under an old name for another, though its numbers count from below", async () => {
    const { kept, round, held } = setUp({ fragments: fragments(30, 100) });
    await round(T0 + 10 * MINUTE);

    kept.fragments = fragments(30, 10).map((fragment) => ({
      ...fragment,
      serverMs: fragment.serverMs + 60 * MINUTE,
    }));
    kept.createdMs = T0 + 30 * MINUTE;
    await round(T0 + 90 * MINUTE);

    expect(held()).to.have.members([...numbers(fragments(30, 100)), ...numbers(fragments(30, 10))]);
  });

  it("stops when it may not go on, and says that more is due", async () => {
    const { round } = setUp();

    const { clips, hasBacklog } = await round(T0 + 10 * MINUTE, { mayGoOn: (clipCount) => clipCount < 2 });

    expect(clips).to.have.length(2);
    expect(hasBacklog).to.equal(true);
  });

  it("names a clip by its first frame's time and its list, and says in its metadata what it holds", async () => {
    const { round, vault } = setUp({ fragments: fragments(30) });

    await round(T0 + 10 * MINUTE);

    const [object] = clipsIn(vault);
    expect(object?.key).to.match(
      /^derby\/clips\/stream=gate\/date=2026-11-22\/hour=14\/20261122T140300\.000Z-[0-9a-f]{8}\.mp4$/,
    );
    expect(object?.contentType).to.equal("video/mp4");
    expect(object?.tags).to.deep.equal({ stack: "lastframe/dev", stream: "gate" });
    expect(object?.metadata).to.include({
      "first-fragment": numbers(fragments(30))[0],
      "last-fragment": numbers(fragments(30))[29],
      "fragment-count": "30",
      "duration-ms": "60000",
    });
  });

  it("keeps as Matroska what GetClip refuses, in order and on producer time, whatever order it arrives in", async () => {
    const { round, vault } = setUp({ fragments: fragments(3), refuse: "InvalidMediaFrameException" });

    const { clips } = await round(T0 + 10 * MINUTE);

    const events = makeMatroskaReader().push(
      vault.objects.get(clips[0]?.key ?? "")?.bytes ?? Buffer.alloc(0),
    );
    const timecodes = events.flatMap((event) => (event.kind === "cluster" ? [event.timecode] : []));
    const frames = events.flatMap((event) =>
      event.kind === "block" ? [Buffer.from(event.frames[0] ?? []).toString()] : [],
    );
    expect(clips[0]?.key).to.match(/\.mkv$/);
    expect(timecodes).to.deep.equal([0, 2000, 4000]);
    expect(frames).to.deep.equal(numbers(fragments(3)).map((number) => `frame of ${number};`));
  });

  it("begins another object where the codec data changes", async () => {
    const changing = fragments(30);
    const { round } = setUp({
      fragments: changing,
      refuse: "InvalidCodecPrivateDataException",
      codecOf: (fragment) => (changing.indexOf(fragment) < 12 ? 1 : 2),
    });

    const { clips } = await round(T0 + 10 * MINUTE);

    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([12, 18]);
  });

  it("stores nothing and fails when the service reports a fragment's failure inside a good response", async () => {
    const { round, vault } = setUp({
      fragments: fragments(3),
      refuse: "InvalidMediaFrameException",
      extraTags: () => [
        { name: "AWS_KINESISVIDEO_ERROR_CODE", value: "FRAGMENT_NOT_FOUND" },
        { name: "AWS_KINESISVIDEO_ERROR_ID", value: "3000" },
      ],
    });

    const failure = await round(T0 + 10 * MINUTE).catch((error: Error) => error.message);

    expect(failure).to.contain(
      `could not read fragment ${numbers(fragments(3))[2]}: FRAGMENT_NOT_FOUND 3000`,
    );
    expect(clipsIn(vault)).to.deep.equal([]);
  });

  it("keeps as Matroska what GetClip calls a wrong argument: the range itself came from a listing", async () => {
    const { round } = setUp({ fragments: fragments(3), refuse: "InvalidArgumentException" });

    const { clips } = await round(T0 + 10 * MINUTE);

    expect(clips.map(({ key, fragmentCount }) => [key.slice(-4), fragmentCount])).to.deep.equal([
      [".mkv", 3],
    ]);
  });

  it("fails on what may pass, so that the workflow tries again, and keeps nothing as Matroska for it", async () => {
    const { round, vault } = setUp({ refuse: "ClientLimitExceededException" });

    const failure = await round(T0 + 10 * MINUTE).catch((error: Error) => error.name);

    expect(failure).to.equal("ClientLimitExceededException");
    expect(clipsIn(vault)).to.deep.equal([]);
  });

  it("archives a fragment that is listed late as a clip of its own, beside the cell that was stored without it", async () => {
    const { kept, round, held } = setUp();
    const [late] = kept.fragments.splice(10, 1) as [Fragment];

    await round(T0 + 10 * MINUTE);
    kept.fragments.splice(10, 0, late);
    const { clips } = await round(T0 + 40 * MINUTE);

    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([1]);
    expect(held().sort()).to.deep.equal(numbers(fragments(90)).sort());
  });

  it("needs six requests and three new objects for a clip, however old the recording is", async () => {
    const { vault, round } = setUp({ fragments: fragments(3000), createdMs: T0 });
    await round(T0 + 90 * MINUTE + 30_000);
    const before = vault.objects.size;
    const reads = countReads(vault);

    await round(T0 + 91 * MINUTE + 30_000);

    expect(vault.objects.size - before).to.be.at.most(3);
    expect(reads()).to.be.at.most(6);
  });

  it("keeps its state small while it records for hours", async () => {
    const { vault, round } = setUp({ fragments: fragments(6 * 30 * 60), createdMs: T0 });

    await round(T0 + 6 * 60 * MINUTE);

    const [head = ""] = await vault.firstKeys("derby/ledger/", 1);
    const entry = JSON.parse(vault.objects.get(head)?.bytes.toString() ?? "{}");
    expect(Object.keys(entry.state.books).length).to.be.within(59, 63);
    expect(entry.state.totals).to.include({ clips: 6 * 60 - 1, fragments: 6 * 30 * 60 - 30 });
    expect(vault.objects.get(head)?.bytes.length).to.be.below(32_000);
  });

  it("says from when to when footage expired before anyone listed it", async () => {
    const { vault, round } = setUp({ createdMs: T0 - 60 * MINUTE });
    const nowMs = T0 + 24 * 60 * MINUTE + MINUTE;

    const { clips } = await round(nowMs);

    const gaps = changesIn(vault).filter(({ kind }) => kind === "gap");
    expect(gaps).to.deep.equal([
      { kind: "gap", fromMs: T0 - 60 * MINUTE, toMs: T0 + MINUTE, cause: "expired" },
    ]);
    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([30, 30]);
  });

  it("gives up of a plan that nobody finished in time what has expired, names it, and keeps the rest", async () => {
    const { kept, vault, round } = setUp({ fragments: fragments(30), clipFailure: "ServiceUnavailable" });
    await round(T0 + 2 * MINUTE).catch(() => undefined);
    const expiredToMs = T0 + 20_000 + 125;
    kept.clipFailure = undefined;
    kept.fragments = kept.fragments.filter(({ serverMs }) => serverMs >= expiredToMs);

    const { clips } = await round(expiredToMs + 24 * 60 * MINUTE);

    const [split] = changesIn(vault).filter(({ kind }) => kind === "split");
    expect(split?.expired?.map(([number]) => number)).to.deep.equal(numbers(fragments(10)));
    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([20]);
  });

  it("steps over what is no entry among its entries, names it, and goes on", async () => {
    const { vault, round, held } = setUp();
    await round(T0 + 2 * MINUTE + 30_000);
    const [head = ""] = await vault.firstKeys("derby/ledger/", 1);
    const damaged = { ...(vault.objects.get(head) as MemoryObject), bytes: Buffer.from("{ half an entr") };
    vault.objects.set(head, damaged);
    vault.objects.set(`${path.dirname(head)}/0 notes.txt`, damaged);

    await round(T0 + 10 * MINUTE);

    const named = entriesIn(vault).flatMap((entry) => entry.damaged ?? []);
    expect(named).to.deep.equal([`${path.dirname(head)}/0 notes.txt`, head]);
    expect(vault.objects.get(head)).to.equal(damaged);
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("does not take another object under a clip's key for the clip, and names it", async () => {
    const { vault, round } = setUp();
    const other = { bytes: Buffer.from("x"), metadata: {}, tags: {}, contentType: "" };
    await round(T0 + 10 * MINUTE);
    const keys = clipsIn(vault).map(({ key }) => key);
    vault.objects.clear();
    for (const key of keys) vault.objects.set(key, other);

    const failure = await round(T0 + 10 * MINUTE).catch((error: Error) => error.message);

    expect(failure).to.contain(`${keys[0]} holds another clip than its plan says`);
  });
});

/** The readable entries of a vault's ledgers, oldest first. */
function entriesIn({ objects }: ReturnType<typeof memoryVault>): Entry[] {
  const keys = [...objects.keys()]
    .filter((key) => /ledger\/.*\/\d{12}\.json$/.test(key))
    .sort()
    .reverse();
  return keys.flatMap((key) => {
    const text = objects.get(key)?.bytes.toString() ?? "";
    return text.endsWith("}") ? [JSON.parse(text) as Entry] : [];
  });
}

const changesIn = (vault: ReturnType<typeof memoryVault>) =>
  entriesIn(vault).map(({ change }) => change as { kind: string; expired?: [string][] });

/** Counts the reads and lists of a vault from now on. */
function countReads(vault: Vault): () => number {
  let count = 0;
  const { get, firstKeys } = vault;
  vault.get = (key) => {
    count += 1;
    return get(key);
  };
  vault.firstKeys = (prefix, limit) => {
    count += 1;
    return firstKeys(prefix, limit);
  };
  return () => count;
}
