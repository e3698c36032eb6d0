import { type Books, closeBooks, type HourSummary } from "./books";
import type { Fragment } from "./fragment";
import { entryKey, entrySeq, sha256 } from "./keys";
import type { FirstVersion, Vault } from "./ports";
import type { Coverage, OpenRecording } from "./recordings";
import { readText, textBody } from "./text";

/** A fragment as entries hold it: number, server and producer time, length, bytes, and the number that it repeats. */
export type FragmentRow = [string, number, number, number, number, string?];

/** One object to be. It is finished exactly as written, by whoever comes by. */
export interface PlannedClip {
  key: string;
  fragments: FragmentRow[];
  /** The time range that isolates the fragments; without one they are fetched by number. */
  range?: { fromMs: number; toMs: number };
}

/** One object is to be, written before any media moves. */
export interface PlanChange {
  kind: "plan";
  clip: PlannedClip;
  /** Its fragments begin a recording, or were found after the one they belong to was closed. */
  recording?: "opened" | "amended";
  /** The entry whose deferred fragments are tried again, and those of them that still cannot be read. */
  retries?: number;
  deferred?: FragmentRow[];
}

/** The plan's object is there. */
export interface StoredChange {
  kind: "stored";
  key: string;
  sizeBytes: number;
  sha256: string;
  /** The SHA-256 that the bucket itself states; of an object of several parts, the hash of their hashes. */
  checksum?: string;
  /** Unknown of an object whose plan cannot be read any more. */
  source: "get-clip" | "fragments" | "unknown";
}

/** An open plan, whose key is void now, is replaced by others. */
export interface SplitChange {
  kind: "split";
  voidKey: string;
  because: string;
  clips: PlannedClip[];
  /** Fragments of the plan that are listed and cannot be read: they are owed until their retention ends. */
  deferred?: FragmentRow[];
  /** Fragments of the plan that Kinesis Video Streams no longer holds. */
  lost?: FragmentRow[];
}

/**
 * Server time of which fragments are missing for good: no listing covered it while Kinesis Video Streams still held it,
 * or these fragments of it could not be read until their retention ended.
 */
export interface GapChange {
  kind: "gap";
  fromMs: number;
  toMs: number;
  cause: "expired" | "unreadable" | "stream-deleted";
  fragments?: FragmentRow[];
}

/** A recording's fragments were listed once more and compared with the ledger: it is complete as of then. */
export interface ClosedChange {
  kind: "closed";
  /** The plan that opened it. */
  openedSeq: number;
  clips: number;
  fragments: number;
  coverage: Coverage;
  /** The server time that was listed and compared, and the instant in it as of which: what came later is not known. */
  compared: { fromMs: number; toMs: number; asOfMs: number };
  /** What cannot be read and is still owed. */
  deferred?: DeferredRange[];
}

/** What an entry records. */
export type Change =
  /** A life's first entry. */
  | { kind: "began" }
  | PlanChange
  | SplitChange
  | StoredChange
  | GapChange
  | ClosedChange
  /** The stream is deleted, and all that was owed of it is named. */
  | { kind: "ended" };

/** A plan whose object is not known to be there, and the entry that holds it. */
export interface OpenPlan {
  key: string;
  seq: number;
}

/** Server time of deferred fragments, and the entries that name them. */
export interface DeferredRange {
  fromMs: number;
  toMs: number;
  firstSeq: number;
  lastSeq: number;
  /** The next entry that deferred fragments is settled: this range cannot grow beyond. */
  isClosed?: true;
}

/** What all entries so far amount to: the newest entry's state is all that an archiver has to read. */
export interface LedgerState {
  /** The life of the stream that this is the ledger of. */
  streamArn: string;
  /** Server time before which everything is accounted for. */
  lowWaterMs: number;
  /** Minutes of the hours that low-water has not passed. */
  books: Books;
  openPlans: OpenPlan[];
  /** At most 64, in the order of their entries. They do not hold low-water back. */
  deferred: DeferredRange[];
  recording?: OpenRecording;
  /** The entry that closed a recording last, and the instant as of which it did. */
  lastClosed?: { seq: number; asOfMs: number };
  /** The entry with the newest hour summaries. */
  lastHourSeq?: number;
  totals: { clips: number; fragments: number; bytes: number };
  /** What was named as damaged, newest last, so that it is named once. */
  damaged?: string[];
  ended?: true;
}

/** One entry of a ledger. */
export interface Entry {
  version: 1;
  seq: number;
  /** SHA-256 of the entry before: the chain behind the newest entry is its proof. */
  prev: string;
  /** ISO 8601, the time that came in with the call. */
  at: string;
  change: Change;
  /** Hours whose books are finished with this entry. */
  hours?: HourSummary[];
  /** Keys that hold something else than the archive put there: left as they are, stepped over and named once. */
  damaged?: string[];
  state: LedgerState;
}

/** The state that a life's first entry leaves. */
export function emptyState(streamArn: string, lowWaterMs: number): LedgerState {
  const totals = { clips: 0, fragments: 0, bytes: 0 };
  return { streamArn, lowWaterMs, books: {}, openPlans: [], deferred: [], totals };
}

/** The newest entry, or where the first is to go. */
export interface Head {
  folder: string;
  entry?: Entry;
  /** Hash of its bytes. */
  hash: string;
  nextSeq: number;
  /** Keys that were stepped over and that no entry names yet. */
  damaged: string[];
}

/**
 * Reads the newest entry that can be read and that chains to one behind it. Recording never stops for what does not: it is
 * stepped over and named.
 */
export async function readHead(vault: Vault, folder: string): Promise<Head> {
  const nth = newestFirst(vault, folder);
  const damaged: string[] = [];
  const taken: (number | undefined)[] = [];
  for (let index = 0; ; index += 1) {
    const held = await nth(index);
    if (!held) return { folder, hash: "", nextSeq: firstFree(0), damaged };
    const { key, seq, text = "", isWrittenOver } = held;
    const entry = seq === undefined ? undefined : parseEntry(key, seq, text);
    if (!entry || !(await chains(nth, index, entry))) {
      damaged.push(key);
      taken.push(seq);
      continue;
    }
    refuseNewer(key, entry);
    if (isWrittenOver) damaged.push(key);
    const named = entry.state.damaged ?? [];
    const nextSeq = firstFree(entry.seq + 1);
    const unnamed = damaged.filter((one) => !named.includes(one));
    return { folder, entry, hash: sha256(text), nextSeq, damaged: unnamed };
  }

  /** Not the one above all of them: someone's object may have the highest number that there is. */
  function firstFree(fromSeq: number): number {
    let seq = fromSeq;
    while (taken.includes(seq)) seq += 1;
    return seq;
  }
}

/** What lies under a ledger's key. */
interface HeldText {
  key: string;
  /** The number of the entry that belongs there. */
  seq?: number;
  text?: string;
  isWrittenOver: boolean;
}

/** A way to the nth of what a ledger holds, newest entries first, of which no more is read than is asked for. */
function newestFirst(vault: Vault, folder: string): (index: number) => Promise<HeldText | undefined> {
  let versions: FirstVersion[] = [];
  let limit = 0;
  const found: HeldText[] = [];
  return async (index) => {
    const known = found[index];
    if (known) return known;
    while (index >= versions.length && versions.length === limit) {
      if (limit > 1000)
        throw new Error(`${folder} begins with 1,000 objects that are no entries; move them away`);
      limit = limit === 0 ? 2 : limit * 10;
      versions = await vault.firstVersions(folder, limit);
    }
    const version = versions[index];
    if (!version) return undefined;
    const { key, versionId } = version;
    const seq = entrySeq(folder, key);
    const text = seq === undefined ? undefined : await readVersion(vault, version);
    const held = { key, seq, text, isWrittenOver: versionId !== undefined };
    found[index] = held;
    return held;
  };
}

/** How far behind an entry the one may lie that it chains to: all between were forged. */
const MOST_FORGED_IN_A_ROW = 100;

/** Whether an entry chains to one behind it. Of one that is gone for good, or cannot be read any more, nobody can tell. */
async function chains(
  nth: ReturnType<typeof newestFirst>,
  index: number,
  { seq, prev }: Entry,
): Promise<boolean> {
  let lowest = seq;
  for (let below = index + 1; below <= index + MOST_FORGED_IN_A_ROW; below += 1) {
    const held = await nth(below);
    if (!held) return lowest > 0 || lowest === seq;
    const { key, text = "" } = held;
    if (held.seq === undefined) continue;
    if (held.seq < lowest - 1 || sha256(text) === prev || !parseEntry(key, held.seq, text)) return true;
    lowest = held.seq;
  }
  return false;
}

/**
 * Reads an entry; nothing where there is none that can be read. An entry is the first version of its key: what was
 * written over it, or deleted it, is passed by where the bucket keeps versions.
 */
export async function readEntry(vault: Vault, folder: string, seq: number): Promise<Entry | undefined> {
  const key = entryKey(folder, seq);
  const [version] = await vault.firstVersions(key, 1);
  const text = version?.key === key ? await readVersion(vault, version) : undefined;
  const entry = text === undefined ? undefined : parseEntry(key, seq, text);
  if (entry) refuseNewer(key, entry);
  return entry;
}

async function readVersion(vault: Vault, { key, versionId }: FirstVersion): Promise<string | undefined> {
  const held = await vault.get(key, versionId);
  return held && (await readText(held.body));
}

/** The entry of a number in a text, in a form that this code can go on from or that is newer than it. */
function parseEntry(key: string, seq: number, text: string): Entry | undefined {
  try {
    const entry = JSON.parse(text) as Partial<Entry> | null;
    if (entry?.seq === seq && typeof entry.prev === "string" && isOfVersion(entry)) return entry as Entry;
    console.error(`${key} holds something else than its entry and is stepped over`);
  } catch (error) {
    console.error(`${key} cannot be read and is stepped over: ${error}`);
  }
  return undefined;
}

const isOfVersion = ({ version, change, state }: Partial<Entry>) =>
  version === 1 ? typeof change?.kind === "string" && isState(state) : Number(version) > 1;

function isState(state: Partial<LedgerState> | undefined): boolean {
  const { streamArn, lowWaterMs, books, openPlans, deferred, totals } = state ?? {};
  return (
    typeof streamArn === "string" &&
    Number.isFinite(lowWaterMs) &&
    typeof books === "object" &&
    Array.isArray(openPlans) &&
    Array.isArray(deferred) &&
    Number.isFinite(totals?.clips)
  );
}

function refuseNewer(key: string, { version }: Entry): void {
  if (version !== 1) throw new Error(`${key} was written by a newer version; deploy this stack anew`);
}

/** What an entry is to hold beside its place in the chain. */
export interface NewEntry {
  change: Change;
  state: LedgerState;
  /** An earlier hour whose summary is issued anew. */
  reissued?: HourSummary;
  /** Keys whose objects are not what was put there, found by the way. */
  damaged?: string[];
}

/**
 * Adds an entry behind `head`, unless someone else did. The hours that low-water has passed leave the state for the
 * entry itself.
 * @returns the new head, or nothing when the race was lost: what was decided on the old head must be decided anew
 */
export async function append(
  vault: Vault,
  head: Head,
  at: string,
  { change, state, reissued, damaged: found = [] }: NewEntry,
): Promise<Head | undefined> {
  const seq = head.nextSeq;
  const { open, closed } = closeBooks(state.books, state.lowWaterMs);
  const { lastHourSeq } = state;
  const hours = [...closed, ...(reissued ? [reissued] : [])];
  const left: LedgerState = { ...state, books: open };
  const entry: Entry = { version: 1, seq, prev: head.hash, at, change, state: left };
  if (hours.length > 0) {
    entry.hours = hours.map((summary) => ({ ...summary, previousSeq: lastHourSeq }));
    left.lastHourSeq = seq;
  }
  const named = state.damaged ?? [];
  const damaged = [...head.damaged, ...found.filter((key) => !named.includes(key))];
  if (damaged.length > 0) {
    entry.damaged = damaged;
    left.damaged = [...named, ...damaged].slice(-100);
  }
  const text = JSON.stringify(entry);
  const { outcome } = await vault.putIfAbsent({
    key: entryKey(head.folder, seq),
    body: textBody(text),
    contentType: "application/json",
    metadata: {},
    tags: {},
  });
  if (outcome === "present") return undefined;
  return { folder: head.folder, entry, hash: sha256(text), nextSeq: seq + 1, damaged: [] };
}

/** The plan under a key, out of the entry that wrote it. */
export function planIn({ change }: Entry, key: string): PlannedClip {
  const clips = change.kind === "plan" ? [change.clip] : change.kind === "split" ? change.clips : [];
  const clip = clips.find((one) => one.key === key);
  if (!clip) throw new Error(`the ledger's state names a plan ${key} that its entry does not hold`);
  return clip;
}

/** A fragment as entries hold it. */
export const toRow = (fragment: Fragment): FragmentRow => {
  const { fragmentNumber, serverMs, producerMs, durationMs, sizeBytes, repeats } = fragment;
  return repeats
    ? [fragmentNumber, serverMs, producerMs, durationMs, sizeBytes, repeats]
    : [fragmentNumber, serverMs, producerMs, durationMs, sizeBytes];
};

/** A fragment out of an entry. */
export const fromRow = (row: FragmentRow): Fragment => {
  const [fragmentNumber, serverMs, producerMs, durationMs, sizeBytes, repeats] = row;
  return { fragmentNumber, serverMs, producerMs, durationMs, sizeBytes, ...(repeats ? { repeats } : {}) };
};
