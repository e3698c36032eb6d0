import { account, type Books, type HourSummary, isAccounted, minuteOf } from "./books";
import type { Fragment } from "./fragment";
import { fromRow, readEntry } from "./ledger";
import type { Vault } from "./ports";

/** Tells which fragments an entry planned, by number. */
export type PlannedNumbers = (seq: number) => Promise<readonly string[]>;

/**
 * Reads which fragments entries planned, and each entry once: it never changes, and where late fragments touched many
 * minutes, the entries of all of these overlap.
 */
export function makePlannedNumbers(vault: Vault, folder: string): PlannedNumbers {
  const read = new Map<number, readonly string[]>();
  return async (seq) => {
    const known = read.get(seq);
    if (known) return known;
    const change = (await readEntry(vault, folder, seq))?.change;
    const numbers =
      change?.kind === "plan" ? change.clip.fragments.map(([fragmentNumber]) => fragmentNumber) : [];
    read.set(seq, numbers);
    return numbers;
  };
}

/**
 * The listed fragments that no entry accounts for. A minute whose listing equals its book is settled by that; one that
 * differs (a late fragment, a cut within the minute) by reading the numbers back from its entries.
 */
export async function unaccounted(
  plannedNumbers: PlannedNumbers,
  listed: Fragment[],
  books: Books,
): Promise<Fragment[]> {
  const byMinute = Map.groupBy(listed, ({ serverMs }) => minuteOf(serverMs));
  const owed: Fragment[] = [];
  for (const [minute, fragments] of byMinute) {
    const book = books[minute];
    if (book && isAccounted(book, fragments)) continue;
    const known = new Set<string>();
    const [, , firstSeq, lastSeq] = book ?? [0, "", 0, -1];
    for (let seq = firstSeq; seq <= lastSeq; seq += 1) {
      for (const fragmentNumber of await plannedNumbers(seq)) known.add(fragmentNumber);
    }
    owed.push(...fragments.filter(({ fragmentNumber }) => !known.has(fragmentNumber)));
  }
  return owed;
}

/** The books without what an entry accounted for that cannot be read any more. */
export async function booksWithout(
  vault: Vault,
  folder: string,
  books: Books,
  lostSeq: number,
): Promise<Books> {
  let next = books;
  for (const [minute, [, , firstSeq, lastSeq]] of Object.entries(books)) {
    if (lostSeq < firstSeq || lostSeq > lastSeq) continue;
    const { [minute]: _, ...others } = next;
    next = others;
    for (let seq = firstSeq; seq <= lastSeq; seq += 1) {
      const change = (await readEntry(vault, folder, seq))?.change;
      const planned = change?.kind === "plan" ? change.clip.fragments.map(fromRow) : [];
      next = account(
        next,
        planned.filter(({ serverMs }) => minuteOf(serverMs) === minute),
        seq,
      );
    }
  }
  return next;
}

/** Hour summaries, and whether none is known to be missing. */
export interface Hours {
  summaries: Map<number, HourSummary>;
  isWhole: boolean;
}

/**
 * The summaries of finished hours from `fromHour` on, each as it was issued last, read from the newest back. Behind an
 * entry that was damaged since, the search goes on entry by entry; its own hours stay unknown.
 */
export async function readHours(
  vault: Vault,
  folder: string,
  lastHourSeq: number | undefined,
  fromHour: number,
): Promise<Hours> {
  const summaries = new Map<number, HourSummary>();
  let isWhole = true;
  for (let seq = lastHourSeq ?? -1; seq >= 0; ) {
    const entry = await readEntry(vault, folder, seq);
    const hours = entry?.hours ?? [];
    if (!entry) isWhole = false;
    for (const summary of hours) {
      if (!summaries.has(summary.hour)) summaries.set(summary.hour, summary);
    }
    if (hours.some(({ hour, isReissue }) => hour < fromHour && !isReissue)) break;
    const [first] = hours;
    seq = first ? (first.previousSeq ?? -1) : seq - 1;
  }
  return { summaries, isWhole };
}
