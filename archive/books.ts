import type { Fragment } from "./fragment";
import { sha256 } from "./keys";

/**
 * What of one UTC minute of server time is accounted for: count, hash, first and last entry. Numbers are too long to
 * keep: their count and a hash (16 hexadecimal digits, the exclusive or of the numbers' own hashes, so that it grows
 * with each number in any order) tell whether a listing holds just these, and the entries from the first to the last
 * hold them in full.
 */
export type MinuteBook = [count: number, hash: string, firstSeq: number, lastSeq: number];

/** Minutes that hold accounted fragments, by number of the minute. */
export type Books = Record<string, MinuteBook>;

/** A finished hour's books: what a later listing of the whole hour is compared with. */
export interface HourSummary {
  /** Number of the hour since the epoch. */
  hour: number;
  minutes: Books;
  /** The entry with the summaries before this one. */
  previousSeq?: number;
  /** A fragment of a summarised hour turned up: this takes the place of its earlier summary. */
  isReissue?: true;
}

/** A minute of server time is what books go by. */
export const MINUTE_MS = 60_000;

/** An hour of server time is what summaries and comparisons go by. */
export const HOUR_MS = 3_600_000;

/** The minute, as `Books` name it, of a server time. */
export const minuteOf = (serverMs: number): string => String(Math.floor(serverMs / MINUTE_MS));

/** The number of the hour of a server time. */
export const hourOf = (serverMs: number): number => Math.floor(serverMs / HOUR_MS);

const hashOf = (fragmentNumber: string) => BigInt(`0x${sha256(fragmentNumber).slice(0, 16)}`);

const hex = (value: bigint) => value.toString(16).padStart(16, "0");

/** The books with these fragments accounted for by the entry `seq`. */
export function account(books: Books, fragments: Fragment[], seq: number): Books {
  const next = { ...books };
  for (const { fragmentNumber, serverMs } of fragments) {
    const minute = minuteOf(serverMs);
    const [count, hash, firstSeq] = next[minute] ?? [0, "0", seq];
    next[minute] = [count + 1, hex(BigInt(`0x${hash}`) ^ hashOf(fragmentNumber)), firstSeq, seq];
  }
  return next;
}

/** Takes the hours that ended by `lowWaterMs` out of the books. */
export function closeBooks(books: Books, lowWaterMs: number): { open: Books; closed: HourSummary[] } {
  const open: Books = {};
  const closed: Record<string, Books> = {};
  for (const [minute, book] of Object.entries(books)) {
    const hour = hourOf(Number(minute) * MINUTE_MS);
    if (hour >= hourOf(lowWaterMs)) {
      open[minute] = book;
      continue;
    }
    closed[hour] ??= {};
    closed[hour][minute] = book;
  }
  return { open, closed: Object.entries(closed).map(([hour, minutes]) => ({ hour: Number(hour), minutes })) };
}

/** Whether a minute's listing holds exactly what is accounted for. */
export function isAccounted([count, hash]: MinuteBook, listed: Fragment[]): boolean {
  if (listed.length !== count) return false;
  return hex(listed.reduce((sum, { fragmentNumber }) => sum ^ hashOf(fragmentNumber), 0n)) === hash;
}
