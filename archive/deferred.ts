import { type DeferredRange, type FragmentRow, readEntry } from "./ledger";
import type { Vault } from "./ports";

/** More would let the state of a ledger's newest entry grow. */
const MAX_RANGES = 64;

/**
 * The ranges with the entry `seq`, the newest, which defers these fragments. When there are too many, it becomes part of
 * the last: no range ever spans an entry whose deferred fragments are settled, or these would be tried again.
 */
export function withDeferred(ranges: DeferredRange[], rows: FragmentRow[], seq: number): DeferredRange[] {
  if (rows.length === 0) return ranges;
  const own = { ...timesOf(rows), firstSeq: seq, lastSeq: seq };
  const last = ranges.at(-1);
  if (!last || last.isClosed || ranges.length < MAX_RANGES) return [...ranges, own];
  const fromMs = Math.min(last.fromMs, own.fromMs);
  const toMs = Math.max(last.toMs, own.toMs);
  return [...ranges.slice(0, -1), { fromMs, toMs, firstSeq: last.firstSeq, lastSeq: seq }];
}

/** An entry that names deferred fragments. */
export interface DeferringEntry {
  seq: number;
  rows: FragmentRow[];
}

/** The first entry of a range, from `fromSeq` on, that names deferred fragments; none where it cannot be read. */
export async function readDeferred(
  vault: Vault,
  folder: string,
  range: DeferredRange,
  fromSeq = range.firstSeq,
): Promise<DeferringEntry | undefined> {
  for (let seq = fromSeq; seq <= range.lastSeq; seq += 1) {
    const change = (await readEntry(vault, folder, seq))?.change;
    const rows = change?.kind === "split" || change?.kind === "plan" ? (change.deferred ?? []) : [];
    if (rows.length > 0) return { seq, rows };
  }
  return undefined;
}

/** Every deferred fragment of these ranges. */
export async function readAllDeferred(
  vault: Vault,
  folder: string,
  ranges: DeferredRange[],
): Promise<FragmentRow[]> {
  const rows: FragmentRow[] = [];
  for (const range of ranges) {
    let next = await readDeferred(vault, folder, range);
    while (next) {
      rows.push(...next.rows);
      next = await readDeferred(vault, folder, range, next.seq + 1);
    }
  }
  return rows;
}

/**
 * The ranges without the entry `seq` of `range`, whose deferred fragments are to be settled. What comes before it can
 * grow no more. None where it lies within the range, and there is no room for both parts: it waits for those before it.
 */
export async function takeOut(
  vault: Vault,
  folder: string,
  ranges: DeferredRange[],
  { range, seq }: { range: DeferredRange; seq: number },
): Promise<DeferredRange[] | undefined> {
  const index = ranges.indexOf(range);
  const before = ranges.slice(0, index);
  if (range.firstSeq < seq) before.push({ ...range, lastSeq: seq - 1 });
  const next = await readDeferred(vault, folder, range, seq + 1);
  const behind = next ? [{ ...range, ...timesOf(next.rows), firstSeq: next.seq, toMs: range.toMs }] : [];
  const last = before.pop();
  const closed = last ? [{ ...last, isClosed: true as const }] : [];
  const left = [...before, ...closed, ...behind, ...ranges.slice(index + 1)];
  const room = left.at(-1)?.isClosed ? MAX_RANGES - 1 : MAX_RANGES;
  return left.length > room ? undefined : left;
}

/** From the earliest to the latest server time of some fragments. */
export function timesOf(rows: FragmentRow[]): Pick<DeferredRange, "fromMs" | "toMs"> {
  const times = rows.map(([, serverMs]) => serverMs);
  return { fromMs: Math.min(...times), toMs: Math.max(...times) };
}
