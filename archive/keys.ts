import * as crypto from "node:crypto";
import type { Fragment } from "./fragment";
import type { StreamDescription } from "./ports";

/** The folder of a stream's clips, Hive-style, so that people and Athena can both read it. */
export function clipFolder(prefix: string, streamName: string): string {
  return `${prefix}clips/stream=${streamName}/`;
}

/** SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  return crypto.hash("sha256", text);
}

/** SHA-256 of a list of fragments, in hexadecimal: the same list makes the same object, whoever makes it. */
export function fragmentListHash(fragments: Pick<Fragment, "fragmentNumber">[]): string {
  return sha256(fragments.map((fragment) => `${fragment.fragmentNumber}\n`).join(""));
}

/** What a clip's bytes are: it ends the key. */
export type Container = "mp4" | "mkv";

/**
 * The key of a clip: `clips/stream=gate/date=2026-11-22/hour=14/20261122T140300.125Z-3f9a1c2e.mp4`, the UTC time of its
 * first frame and eight digits of the hash of its list, and of the void key that it replaces, if any.
 */
export function clipKey(
  prefix: string,
  streamName: string,
  fragments: Fragment[],
  { extension, replaces = "" }: { extension: Container; replaces?: string },
): string {
  const start = new Date(fragments[0]?.producerMs ?? 0).toISOString();
  const [date = "", time = ""] = start.split("T");
  const compact = start.replace(/[-:]/g, "");
  const hash = sha256(fragmentListHash(fragments) + replaces).slice(0, 8);
  return `${clipFolder(prefix, streamName)}date=${date}/hour=${time.slice(0, 2)}/${compact}-${hash}.${extension}`;
}

/** What of a stream's description tells its lives apart. */
export type StreamLife = Pick<StreamDescription, "streamName" | "createdMs">;

/** The folder of the ledger of one life of a stream: a stream made anew under an old name has another. */
export function ledgerFolder(prefix: string, { streamName, createdMs }: StreamLife): string {
  return `${prefix}ledger/${streamName}/${createdMs}/`;
}

/** The object that says how far sweeps found everything accounted for, of one life of a stream. */
export function sweepKey(prefix: string, { streamName, createdMs }: StreamLife): string {
  return `${prefix}sweeps/${streamName}/${createdMs}.json`;
}

const LAST_SEQ = 999_999_999_999;

/** The key of a ledger's entry. Keys count down, so the newest entry is the first key of a listing. */
export function entryKey(folder: string, seq: number): string {
  return `${folder}${String(LAST_SEQ - seq).padStart(12, "0")}.json`;
}

/** The number of the entry under a key, or nothing where the key is no entry's. */
export function entrySeq(folder: string, key: string): number | undefined {
  const digits = key.startsWith(folder) && /^(\d{12})\.json$/.exec(key.slice(folder.length))?.[1];
  return digits ? LAST_SEQ - Number(digits) : undefined;
}
