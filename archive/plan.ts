import type { Fragment } from "./fragment";

/** One object to be: a run of fragments, in order of ingestion, that plays as one stretch of video. */
export interface ClipPlan {
  fragments: Fragment[];
  /**
   * Server time to ask GetClip for, both ends inclusive, End after Start: it holds these fragments and no others.
   * Where no range does, they are fetched by number.
   */
  range?: { fromMs: number; toMs: number };
}

/** What of a stream is to be cut into clips, and when it is. */
export interface PlanRequest {
  /** Fragments that are not accounted for, in order of ingestion. */
  fragments: Fragment[];
  /** All fragments of that time, these among them: the range of a clip must not touch others. */
  listed: Fragment[];
  /** Length of a cell of the grid. */
  clipMs: number;
  nowMs: number;
  /** Whether cells count as over before their end, as of a camera that sends no more. */
  cutsNow?: boolean;
}

/**
 * Cuts fragments into clips on a grid of server time (cell = ⌊serverMs / clipMs⌋), so that every archiver, whenever it
 * runs, wants the same cuts. A cell is due `settleMs` after its end. Within a cell a clip is a run that GetClip returns
 * whole: it stops without a word at 200 fragments or 100 MB, and drops the newer of two takes that overlap in producer
 * time (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/API_reader_GetClip.html).
 */
export function planClips({ fragments, listed, clipMs, nowMs, cutsNow }: PlanRequest): ClipPlan[] {
  // The longest fragment the service takes (20 s) and a margin for listing it.
  const settleMs = 30_000;
  const cellOf = (fragment: Fragment) => Math.floor(fragment.serverMs / clipMs);
  const isDue = (fragment: Fragment) => cutsNow || nowMs >= (cellOf(fragment) + 1) * clipMs + settleMs;

  const due = fragments.filter(isDue);
  const runs: Run[] = [];
  for (const instant of byInstant(due)) {
    const run = runs.at(-1);
    const [last, first] = [run?.fragments.at(-1), instant[0]];
    const isOneCell = last && first && cellOf(last) === cellOf(first);
    if (run && isOneCell && join(run, instant)) continue;
    const alone = emptyRun();
    if (join(alone, instant)) runs.push(alone);
    else for (const fragment of instant) runs.push(runOfOne(fragment));
  }

  return runs.map(({ fragments: run, sizeBytes }) => {
    const fromMs = Math.min(...run.map((fragment) => fragment.serverMs));
    const toMs = Math.max(fromMs + 1, ...run.map((fragment) => fragment.serverMs));
    const inRange = listed.filter(({ serverMs }) => serverMs >= fromMs && serverMs <= toMs);
    const isAlone = inRange.length === run.length && !mayStandFor(run, sizeBytes, listed);
    return { fragments: run, range: isAlone ? { fromMs, toMs } : undefined };
  });
}

/**
 * Whether a movie of these times may be one of other fragments. GetClip may know some that are not listed yet. Among those
 * of the run they show, as there are more pictures than planned, but for two cases:
 *
 * - they are an older take of the same times, as when a camera's clock is set back: GetClip has that in their stead. For
 *   it to be there, more server time passed than producer time, by a fragment's length;
 * - one came in a burst in the very millisecond of the first, just before it, and GetClip stops short of the last.
 */
function mayStandFor(run: Fragment[], sizeBytes: number, listed: Fragment[]): boolean {
  const hasTimeForTake = run.some((fragment, index) => {
    const previous = run[index - 1] ?? fragment;
    const passedMs = fragment.serverMs - previous.serverMs - (fragment.producerMs - previous.producerMs);
    return passedMs >= fragment.durationMs;
  });
  if (hasTimeForTake) return true;

  const [first, second] = run;
  if (!first || !second) return false;
  const maxFragmentBytes = 50_000_000;
  const stopsShort = run.length === MAX_FRAGMENTS || sizeBytes + maxFragmentBytes > MAX_CLIP_BYTES;
  const isInBurst = second.serverMs - first.serverMs < first.durationMs / 2;
  const before = listed[listed.indexOf(first) - 1];
  return stopsShort && isInBurst && !(before && isContinuous(before, first));
}

/** Fragments of one server millisecond belong together: no time range can tell them apart. */
function byInstant(fragments: Fragment[]): Fragment[][] {
  const instants: Fragment[][] = [];
  for (const fragment of fragments) {
    const instant = instants.at(-1);
    if (instant?.[0]?.serverMs === fragment.serverMs) instant.push(fragment);
    else instants.push([fragment]);
  }
  return instants;
}

/** What GetClip returns at most, without saying that there is more. */
const MAX_FRAGMENTS = 200;
const MAX_CLIP_BYTES = 100_000_000;

/** What a fragment's Matroska weighs bounds what its MP4 weighs, give or take the index. */
const MAX_RUN_BYTES = 95_000_000;

/** What a plan's fragments may take of its entry, which is to stay under 32 KB with the state that it leaves. */
const MAX_ROW_BYTES = 22_000;

/** An upper bound of the length of a fragment in an entry: two times of 13 digits, length, bytes, and punctuation. */
const rowLength = ({ fragmentNumber, repeats = "" }: Fragment) => fragmentNumber.length + repeats.length + 54;

/** Fragments that GetClip would return whole, as one continuous stretch. */
interface Run {
  fragments: Fragment[];
  sizeBytes: number;
  /** What they take of their plan's entry. */
  rowBytes: number;
}

const emptyRun = (): Run => ({ fragments: [], sizeBytes: 0, rowBytes: 0 });

const runOfOne = (fragment: Fragment): Run => ({
  fragments: [fragment],
  sizeBytes: fragment.sizeBytes,
  rowBytes: rowLength(fragment),
});

/** Adds fragments to a run, if GetClip would still return it whole. */
function join(run: Run, fragments: Fragment[]): boolean {
  const goesOn = fragments.every((fragment, index) => {
    const previous = fragments[index - 1] ?? run.fragments.at(-1);
    return !previous || isContinuous(previous, fragment);
  });
  const count = run.fragments.length + fragments.length;
  const sizeBytes = fragments.reduce((sum, fragment) => sum + fragment.sizeBytes, run.sizeBytes);
  const rowBytes = fragments.reduce((sum, fragment) => sum + rowLength(fragment), run.rowBytes);
  if (!goesOn || count > MAX_FRAGMENTS || sizeBytes > MAX_RUN_BYTES || rowBytes > MAX_ROW_BYTES) return false;
  run.fragments.push(...fragments);
  Object.assign(run, { sizeBytes, rowBytes });
  return true;
}

/** Whether one fragment goes on where another ended, in producer time. */
function isContinuous(previous: Fragment, { producerMs }: Fragment): boolean {
  // Durations are rounded, and may leave out the last frame. More than this is a camera that was away or a clock set.
  const maxOverlapMs = 100;
  const maxHoleMs = 2_000;
  const holeMs = producerMs - (previous.producerMs + previous.durationMs);
  return producerMs > previous.producerMs && holeMs >= -maxOverlapMs && holeMs <= maxHoleMs;
}
