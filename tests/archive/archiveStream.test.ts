import { expect } from "chai";
import type { Fragment } from "../../archive/fragment";
import type { Vault } from "../../archive/ports";
import { writeSweep } from "../../archive/sweep";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { makeMp4Reader } from "../../media/mp4Reader";
import { clipsIn } from "./memoryPorts";
import { changesIn, entriesIn, fragments, MINUTE, numbers, setUp, stateIn, T0 } from "./rounds";

/** How the service says, inside a good response, that it could not read a fragment. */
const UNREADABLE = [
  { name: "AWS_KINESISVIDEO_ERROR_CODE", value: "FRAGMENT_NOT_FOUND" },
  { name: "AWS_KINESISVIDEO_ERROR_ID", value: "4000" },
];

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

  it("writes MP4 itself where GetClip refuses, in order and on producer time, whatever order it arrives in", async () => {
    const { round, vault, held } = setUp({ fragments: fragments(3), refuse: "InvalidMediaFrameException" });

    const { clips } = await round(T0 + 10 * MINUTE);

    const reader = makeMp4Reader();
    reader.push(vault.objects.get(clips[0]?.key ?? "")?.bytes ?? Buffer.alloc(0));
    const [video] = reader.end().tracks;
    expect(clips[0]?.key).to.match(/\.mp4$/);
    expect(video?.runs).to.deep.equal([{ ptsMs: 0, durationMs: 2000, sampleCount: 3, keyframe: true }]);
    expect(held()).to.deep.equal(numbers(fragments(3)));
  });

  it("keeps as Matroska what fits no MP4", async () => {
    const { round, vault } = setUp({
      fragments: fragments(3),
      refuse: "UnsupportedStreamMediaTypeException",
      codecId: "V_VP9",
    });

    const { clips } = await round(T0 + 10 * MINUTE);

    const events = makeMatroskaReader().push(
      vault.objects.get(clips[0]?.key ?? "")?.bytes ?? Buffer.alloc(0),
    );
    const timecodes = events.flatMap((event) => (event.kind === "cluster" ? [event.timecode] : []));
    expect(clips[0]?.key).to.match(/\.mkv$/);
    expect(timecodes).to.deep.equal([0, 2000, 4000]);
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

  it("stores around a fragment that cannot be read, owes it, and stores it when it can be", async () => {
    const { kept, round, held, vault } = setUp({
      fragments: fragments(30),
      refuse: "InvalidMediaFrameException",
    });
    const [bad = ""] = numbers(fragments(30)).slice(12);
    kept.extraTags = ({ fragmentNumber }) => (fragmentNumber === bad ? UNREADABLE : []);

    await round(T0 + 10 * MINUTE);
    const meanwhile = held();
    await round(T0 + 20 * MINUTE, { retryDeferred: true });
    const stillOwed = stateIn(vault).deferred;
    kept.extraTags = undefined;
    const { clips } = await round(T0 + 30 * MINUTE, { retryDeferred: true });

    expect(meanwhile).to.have.members(numbers(fragments(30)).filter((number) => number !== bad));
    expect(stillOwed).to.have.length(1);
    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([1]);
    expect(held()).to.have.members(numbers(fragments(30)));
    expect(stateIn(vault).deferred).to.deep.equal([]);
  });

  it("names what could not be read until its retention ended", async () => {
    const { kept, round, vault, events } = setUp({
      fragments: fragments(3),
      refuse: "InvalidMediaFrameException",
      extraTags: () => UNREADABLE,
    });
    await round(T0 + 10 * MINUTE);
    kept.fragments = [];

    await round(T0 + 25 * 60 * MINUTE, { retryDeferred: true });

    const gap = changesIn(vault).find(({ kind, cause }) => kind === "gap" && cause === "unreadable");
    expect(gap?.fragments?.map(([number]) => number)).to.deep.equal(numbers(fragments(3)));
    expect(events.map(({ type }) => type)).to.include("Gap Found");
    expect(stateIn(vault).deferred).to.deep.equal([]);
  });

  it("takes GetClip's wrong argument for a refusal: the range itself came from a listing", async () => {
    const { round } = setUp({ fragments: fragments(3), refuse: "InvalidArgumentException" });

    const { clips } = await round(T0 + 10 * MINUTE);

    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([3]);
  });

  it("marks what the camera sent again, and keeps both", async () => {
    const again = fragments(2).map((fragment, index) => ({
      ...fragment,
      fragmentNumber: String(BigInt(fragment.fragmentNumber) + 50n),
      serverMs: fragment.serverMs + 5000 + index,
    }));
    const { round, vault, held } = setUp({ fragments: [...fragments(2), ...again] });

    await round(T0 + 10 * MINUTE);

    const rows = changesIn(vault).flatMap(({ clip }) => clip?.fragments ?? []);
    expect(rows.map((row) => row[5])).to.deep.equal([undefined, undefined, ...numbers(fragments(2))]);
    expect(held()).to.have.members([...numbers(fragments(2)), ...numbers(again)]);
  });

  it("closes a recording three minutes after its last fragment, and says what was compared and when", async () => {
    const { round, vault, events } = setUp({ fragments: fragments(30) });
    const lastMs = T0 + 29 * 2000 + 125;

    const early = await round(lastMs + 3 * MINUTE - 1);
    const late = await round(lastMs + 3 * MINUTE);

    const closed = changesIn(vault).find(({ kind }) => kind === "closed");
    expect([early.isRecording, late.isRecording]).to.deep.equal([true, false]);
    expect(closed).to.deep.include({ kind: "closed", clips: 1, fragments: 30 });
    expect(closed?.coverage).to.deep.equal({
      stretches: [[T0, T0 + MINUTE]],
      totalMs: MINUTE,
      earlierStretches: 0,
    });
    expect(closed?.compared).to.deep.include({ asOfMs: lastMs + 3 * MINUTE });
    expect(events.map(({ type }) => type)).to.deep.equal([
      "Recording Opened",
      "Clip Archived",
      "Recording Closed",
    ]);
  });

  it("amends a closed recording with what turns up late, and opens another for what comes after", async () => {
    const { kept, round, vault } = setUp({ fragments: fragments(30) });
    const [late] = kept.fragments.splice(10, 1) as [Fragment];
    await round(T0 + 5 * MINUTE);

    kept.fragments.push(late);
    await round(T0 + 10 * MINUTE);
    kept.fragments.push(...fragments(30, 600));
    await round(T0 + 40 * MINUTE);

    const marks = changesIn(vault).flatMap(({ kind, recording }) => (kind === "plan" ? [recording] : []));
    expect(marks).to.deep.equal(["opened", "amended", "opened"]);
  });

  it("finds by comparison what turned up in an hour that was finished, and issues the hour's summary anew", async () => {
    const { kept, round, vault, held } = setUp({ fragments: fragments(4 * 60 * 30) });
    const [late] = kept.fragments.splice(700, 1) as [Fragment];
    await round(T0 + 4 * 60 * MINUTE + 10 * MINUTE);
    kept.fragments.push(late);
    const nowMs = T0 + 5 * 60 * MINUTE;

    const usual = await round(nowMs);
    const compared = await round(nowMs, { compareFromMs: T0 - 60 * MINUTE });
    const again = await round(nowMs, { compareFromMs: T0 - 60 * MINUTE });

    expect(usual.clips).to.deep.equal([]);
    expect(compared.clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([1]);
    expect(compared.comparedToMs).to.equal(nowMs);
    expect(again.clips).to.deep.equal([]);
    expect(held()).to.have.length(4 * 60 * 30);
    const hours = entriesIn(vault).flatMap((entry) => entry.hours ?? []);
    expect(hours.filter(({ isReissue }) => isReissue)).to.have.length(1);
  });

  it("takes silence longer than the retention for silence where sweeps saw it, and names a gap where none did", async () => {
    const { round, vault } = setUp({ fragments: [] });
    await round(T0);
    const lateMs = T0 + 48 * 60 * MINUTE;
    const life = { streamName: "gate", createdMs: T0 - MINUTE };
    await writeSweep(vault, "derby/", life, { at: "", coveredToMs: lateMs - 60 * MINUTE }, undefined);

    await round(lateMs);
    const whileSwept = changesIn(vault).map(({ kind }) => kind);
    await round(lateMs + 48 * 60 * MINUTE);

    expect(whileSwept).to.deep.equal(["began"]);
    expect(changesIn(vault).slice(1)).to.deep.equal([
      {
        kind: "gap",
        fromMs: lateMs - 60 * MINUTE,
        // The service's clock may be ahead by seconds.
        toMs: lateMs + 24 * 60 * MINUTE + 10_000,
        cause: "expired",
      },
    ]);
  });

  it("names what expired between its call and its listing", async () => {
    const { kept, round, vault } = setUp({ fragments: fragments(60) });
    const callMs = T0 + 23 * 60 * MINUTE;
    kept.answeredMs = T0 + 24 * 60 * MINUTE + MINUTE;
    kept.fragments = fragments(60).slice(30);

    await round(callMs);

    const gaps = changesIn(vault).filter(({ kind }) => kind === "gap");
    expect(gaps.map(({ fromMs, toMs }) => [fromMs, toMs])).to.deep.equal([[T0 - MINUTE, T0 + MINUTE + 125]]);
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

  it("waits for no one where it replaced a plan itself", async () => {
    const { round, held } = setUp({ refuse: "InvalidMediaFrameException" });

    const { hasBacklog } = await round(T0 + 10 * MINUTE, { patienceMs: MINUTE });

    expect(hasBacklog).to.equal(false);
    expect(held()).to.have.length(90);
  });

  it("leaves a young plan to its author when it is told to be patient, and finishes it when it is not young any more", async () => {
    const { kept, round } = setUp({ fragments: fragments(30), clipFailure: "ServiceUnavailable" });
    const plannedMs = T0 + 2 * MINUTE;
    await round(plannedMs).catch(() => undefined);
    kept.clipFailure = undefined;
    const patient = { patienceMs: MINUTE };

    const young = await round(plannedMs + MINUTE - 1, patient);
    const old = await round(plannedMs + MINUTE, patient);

    expect([young.clips.length, young.hasBacklog]).to.deep.equal([0, true]);
    expect([old.clips.length, old.hasBacklog]).to.deep.equal([1, false]);
  });

  it("keeps an entry small that puts off as many fragments as a clip can have", async () => {
    const { round, vault } = setUp({
      fragments: fragments(200),
      refuse: "InvalidMediaFrameException",
      extraTags: () => UNREADABLE,
    });

    await round(T0 + 60 * MINUTE, { clipMs: 10 * MINUTE });

    const entries = [...vault.objects].filter(([key]) => key.startsWith("derby/ledger/"));
    const splits = changesIn(vault).filter(({ kind }) => kind === "split");
    expect(splits.flatMap(({ deferred = [] }) => deferred)).to.have.length(200);
    expect(Math.max(...entries.map(([, { bytes }]) => bytes.length))).to.be.below(32_768);
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

  it("keeps every entry under 32 KB at 200 fragments a clip, numbers of 48 digits and a resend of each", async () => {
    const short = (index: number, resendOf = index): Fragment => ({
      fragmentNumber: String(91343852333181432392682062628987829494101234567n + BigInt(index)),
      serverMs: T0 + index * 250,
      producerMs: T0 + resendOf * 250,
      durationMs: 250,
      sizeBytes: 100_000,
    });
    const sent = Array.from({ length: 3 * 60 * 240 }, (_, index) =>
      // After each minute the camera sends it again.
      short(index, Math.floor(index / 240) % 2 === 1 ? index - 240 : index),
    );
    const { vault, round } = setUp({ fragments: sent, createdMs: T0 });

    await round(T0 + 3 * 60 * MINUTE, { clipMs: 50_000 });

    const entries = [...vault.objects].filter(([key]) => key.includes("/ledger/"));
    const sizes = entries.map(([, { bytes }]) => bytes.length);
    expect(changesIn(vault).some(({ clip }) => (clip?.fragments.length ?? 0) > 140)).to.equal(true);
    expect(Math.max(...sizes)).to.be.within(20_000, 32_000);
  });

  it("says from when to when footage expired before anyone listed it", async () => {
    const held = fragments(60, 30);
    const { vault, round } = setUp({ createdMs: T0 - 60 * MINUTE, fragments: held });
    const nowMs = T0 + 24 * 60 * MINUTE + MINUTE;

    const { clips } = await round(nowMs);

    const gaps = changesIn(vault).filter(({ kind }) => kind === "gap");
    expect(gaps).to.deep.equal([
      // To the first fragment that is held.
      { kind: "gap", fromMs: T0 - 60 * MINUTE, toMs: T0 + MINUTE + 125, cause: "expired" },
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
    expect(split?.lost?.map(([number]) => number)).to.deep.equal(numbers(fragments(10)));
    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([20]);
  });
});

/** Counts the reads and lists of a vault from now on. */
function countReads(vault: Vault): () => number {
  let count = 0;
  const { get, firstKeys, firstVersions } = vault;
  vault.get = (key, versionId) => {
    count += 1;
    return get(key, versionId);
  };
  vault.firstVersions = (prefix, limit) => {
    count += 1;
    return firstVersions(prefix, limit);
  };
  vault.firstKeys = (prefix, limit) => {
    count += 1;
    return firstKeys(prefix, limit);
  };
  return () => count;
}
