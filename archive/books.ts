import * as crypto from "node:crypto";
import type { Fragment } from "./fragment";

/**
 * What of one UTC minute of server time is accounted for. Numbers are too long to keep: their count and a hash tell
 * whether a listing holds just these, and the entries from `firstSeq` to `lastSeq` hold them in full.
 */
export interface MinuteBook {
  count: number;
  /** The exclusive or of the numbers' hashes, 32 hexadecimal digits, so that it grows with each number in any order. */
  hash: string;
  firstSeq: number;
  lastSeq: number;
}

/** The minutes above low-water that hold accounted fragments, by number of the minute. */
export type Books = Record<string, MinuteBook>;

const MINUTE_MS = 60_000;

/** The minute, as `Books` name it, of a server time. */
export const minuteOf = (serverMs: number): string => String(Math.floor(serverMs / MINUTE_MS));

const hashOf = (fragmentNumber: string) =>
  BigInt(`0x${crypto.createHash("sha256").update(fragmentNumber).digest("hex").slice(0, 32)}`);

const hex = (value: bigint) => value.toString(16).padStart(32, "0");

/** The books with these fragments accounted for by the entry `seq`. */
export function account(books: Books, fragments: Fragment[], seq: number): Books {
  const next = { ...books };
  for (const { fragmentNumber, serverMs } of fragments) {
    const minute = minuteOf(serverMs);
    const { count = 0, hash = "0", firstSeq = seq } = next[minute] ?? {};
    next[minute] = {
      count: count + 1,
      hash: hex(BigInt(`0x${hash}`) ^ hashOf(fragmentNumber)),
      firstSeq,
      lastSeq: seq,
    };
  }
  return next;
}

/** The books without the minutes that ended by `lowWaterMs`. */
export function closeBooks(books: Books, lowWaterMs: number): Books {
  const open = Object.entries(books).filter(([minute]) => (Number(minute) + 1) * MINUTE_MS > lowWaterMs);
  return Object.fromEntries(open);
}

/** Whether a minute's listing holds exactly what is accounted for. */
export function isAccounted(book: MinuteBook, listed: Fragment[]): boolean {
  const hash = listed.reduce((sum, { fragmentNumber }) => sum ^ hashOf(fragmentNumber), 0n);
  return listed.length === book.count && hex(hash) === book.hash;
}
