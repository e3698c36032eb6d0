import { readDeferred, takeOut, timesOf } from "./deferred";
import { givenUp, retried } from "./entries";
import { fetchFragments } from "./fetchFragments";
import type { ClipTarget } from "./finishPlan";
import { clipKey } from "./keys";
import { fromRow, type Head, type LedgerState, type NewEntry, toRow } from "./ledger";
import { fitsMovie } from "./movieClip";
import { makeOthersAreRead } from "./othersAreRead";

/** What became of trying deferred fragments again. */
export interface Retry {
  /** The entry whose deferred fragments were tried. */
  triedSeq: number;
  /** What is to be written; nothing where they still cannot be read. */
  entry?: NewEntry;
}

/**
 * Tries deferred fragments again, those of one entry: the first after `afterSeq` and before `beforeSeq`. What can be read
 * is planned anew, and what retention ended is given up; nothing where there is no such entry.
 */
export async function retryDeferred(
  target: ClipTarget,
  { folder, nextSeq }: Head,
  state: LedgerState,
  { afterSeq, beforeSeq }: { afterSeq: number; beforeSeq: number },
): Promise<Retry | undefined> {
  const { source, vault, prefix, stream, expiredToMs } = target;
  const range = state.deferred.find(({ lastSeq }) => lastSeq > afterSeq && lastSeq < beforeSeq);
  if (!range) return undefined;
  const found = await readDeferred(vault, folder, range, Math.max(range.firstSeq, afterSeq + 1));
  if (!found) {
    const retry = { triedSeq: range.lastSeq };
    if (range.firstSeq <= afterSeq) return retry;
    // Of a range whose entries cannot be read any more, only the time is known.
    const ranges = state.deferred.filter((other) => other !== range);
    return { ...retry, entry: givenUp(state, range, { ranges, cause: "unreadable" }) };
  }
  const { seq, rows } = found;
  const ranges = await takeOut(vault, folder, state.deferred, { range, seq });
  if (!ranges) return { triedSeq: seq };
  const held = rows.map(fromRow).filter(({ serverMs }) => serverMs >= expiredToMs);
  if (held.length === 0) {
    return {
      triedSeq: seq,
      entry: givenUp(state, timesOf(rows), { rows, ranges, cause: "unreadable" }),
    };
  }
  const [run] = (await fetchFragments(source, held, makeOthersAreRead(target, held))).runs;
  if (!run) return { triedSeq: seq };
  const extension = fitsMovie(run) ? "mp4" : "mkv";
  const replaces = `deferred by ${seq}`;
  const key = clipKey(prefix, stream.streamName, run.fragments, { extension, replaces });
  const clip = { key, fragments: run.fragments.map(toRow) };
  const readable = new Set(run.fragments.map(({ fragmentNumber }) => fragmentNumber));
  const rest = rows.filter(([fragmentNumber]) => !readable.has(fragmentNumber));
  return { triedSeq: seq, entry: retried(state, nextSeq, clip, { retries: seq, rest, ranges }) };
}
