import { type Books, closeBooks } from "./books";
import type { Fragment } from "./fragment";
import { entryKey, entrySeq, sha256 } from "./keys";
import type { Vault } from "./ports";

/** A fragment as entries hold it: number, server and producer time, length, bytes. */
export type FragmentRow = [string, number, number, number, number];

/** One object to be. It is finished exactly as written, by whoever comes by. */
export interface PlannedClip {
  key: string;
  fragments: FragmentRow[];
  /** The time range that isolates the fragments; without one they are fetched by number. */
  range?: { fromMs: number; toMs: number };
}

/** The plan's object is there. */
export interface StoredChange {
  kind: "stored";
  key: string;
  sizeBytes: number;
  sha256: string;
}

/** An open plan, whose key is void now, is replaced by others. */
export interface SplitChange {
  kind: "split";
  voidKey: string;
  because: string;
  clips: PlannedClip[];
  /** Fragments of the plan that Kinesis Video Streams no longer holds: they are lost. */
  expired?: FragmentRow[];
}

/** A plan whose object is not known to be there, and the entry that holds it. */
export interface OpenPlan {
  key: string;
  seq: number;
}

/** What an entry records. */
export type Change =
  /** A life's first entry. */
  | { kind: "began" }
  /** An object that is to be, written before any media moves. */
  | { kind: "plan"; clip: PlannedClip }
  | SplitChange
  | StoredChange
  /** Time that no listing covered while Kinesis Video Streams still held it. */
  | { kind: "gap"; fromMs: number; toMs: number; cause: "expired" };

/** What all entries so far amount to: the newest entry's state is all that an archiver has to read. */
export interface LedgerState {
  /** Server time before which everything is accounted for. */
  lowWaterMs: number;
  books: Books;
  openPlans: OpenPlan[];
  totals: { clips: number; fragments: number; bytes: number };
}

/** One entry of a ledger. */
export interface Entry {
  seq: number;
  /** SHA-256 of the entry before: the chain behind the newest entry is its proof. */
  prev: string;
  /** ISO 8601, the time that came in with the call. */
  at: string;
  change: Change;
  /** Keys in the ledger's folder that are no entries; they are stepped over and named once. */
  damaged?: string[];
  state: LedgerState;
}

/** The state that a life's first entry leaves. */
export function emptyState(lowWaterMs: number): LedgerState {
  return { lowWaterMs, books: {}, openPlans: [], totals: { clips: 0, fragments: 0, bytes: 0 } };
}

/** The state with all time before `toMs` accounted for. Low-water never falls. */
export function raiseLowWater(state: LedgerState, toMs: number): LedgerState {
  const lowWaterMs = Math.max(state.lowWaterMs, toMs);
  return { ...state, lowWaterMs, books: closeBooks(state.books, lowWaterMs) };
}

/** The newest entry, or where the first is to go. */
export interface Head {
  folder: string;
  entry?: Entry;
  /** Hash of its bytes. */
  hash: string;
  nextSeq: number;
  damaged: string[];
}

/** Reads the newest entry that can be read. Recording never stops for what cannot: it is stepped over and named. */
export async function readHead(vault: Vault, folder: string): Promise<Head> {
  const damaged: string[] = [];
  let nextSeq = 0;
  for (let limit = 1; ; limit *= 10) {
    const keys = await vault.firstKeys(folder, limit);
    for (const key of keys.slice(damaged.length)) {
      const seq = entrySeq(folder, key);
      if (seq !== undefined) nextSeq = Math.max(nextSeq, seq + 1);
      const read = seq === undefined ? undefined : await readEntry(vault, folder, seq);
      if (read) return { folder, ...read, nextSeq, damaged };
      damaged.push(key);
    }
    if (keys.length < limit) return { folder, hash: "", nextSeq, damaged };
    if (limit === 1000)
      throw new Error(`${folder} begins with 1,000 objects that are no entries; move them away`);
  }
}

/** Reads an entry and the hash of its bytes; nothing where there is none that can be read. */
export async function readEntry(
  vault: Vault,
  folder: string,
  seq: number,
): Promise<{ entry: Entry; hash: string } | undefined> {
  const held = await vault.get(entryKey(folder, seq));
  if (!held) return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of held.body) parts.push(part);
  const text = Buffer.concat(parts).toString("utf8");
  try {
    const entry = JSON.parse(text) as Entry;
    return entry.seq === seq && entry.state && entry.change ? { entry, hash: sha256(text) } : undefined;
  } catch (error) {
    console.error(`ledger entry ${entryKey(folder, seq)} cannot be read and is stepped over: ${error}`);
    return undefined;
  }
}

/**
 * Adds an entry behind `head`, unless someone else did.
 * @returns the new head, or nothing when the race was lost: what was decided on the old head must be decided anew
 */
export async function append(
  vault: Vault,
  head: Head,
  at: string,
  change: Change,
  state: LedgerState,
): Promise<Head | undefined> {
  const entry: Entry = { seq: head.nextSeq, prev: head.hash, at, change, state };
  if (head.damaged.length > 0) entry.damaged = head.damaged;
  const text = JSON.stringify(entry);
  const outcome = await vault.putIfAbsent({
    key: entryKey(head.folder, entry.seq),
    body: textBody(text),
    contentType: "application/json",
    metadata: {},
    tags: {},
  });
  if (outcome === "present") return undefined;
  return { folder: head.folder, entry, hash: sha256(text), nextSeq: entry.seq + 1, damaged: [] };
}

/** A text as the body of an object. */
export async function* textBody(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** The plan under a key, out of the entry that wrote it. */
export function planIn({ change }: Entry, key: string): PlannedClip {
  const clips = change.kind === "plan" ? [change.clip] : change.kind === "split" ? change.clips : [];
  const clip = clips.find((one) => one.key === key);
  if (!clip) throw new Error(`the ledger's state names a plan ${key} that its entry does not hold`);
  return clip;
}

/** A fragment as entries hold it. */
export const toRow = (fragment: Fragment): FragmentRow => [
  fragment.fragmentNumber,
  fragment.serverMs,
  fragment.producerMs,
  fragment.durationMs,
  fragment.sizeBytes,
];

/** A fragment out of an entry. */
export const fromRow = ([
  fragmentNumber,
  serverMs,
  producerMs,
  durationMs,
  sizeBytes,
]: FragmentRow): Fragment => ({
  fragmentNumber,
  serverMs,
  producerMs,
  durationMs,
  sizeBytes,
});
