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

  return runs.map(({ fragments: run }) => {
    const fromMs = Math.min(...run.map((fragment) => fragment.serverMs));
    const toMs = Math.max(fromMs + 1, ...run.map((fragment) => fragment.serverMs));
    const inRange = listed.filter(({ serverMs }) => serverMs >= fromMs && serverMs <= toMs);
    return { fragments: run, range: inRange.length === run.length ? { fromMs, toMs } : undefined };
  });
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
  const maxFragments = 200;
  // The limit is 100 MB of clip. What a fragment's Matroska weighs bounds what its MP4 weighs, give or take the index.
  const maxBytes = 95_000_000;
  // Durations are rounded, and may leave out the last frame. More than this is a camera that was away or a clock set.
  const maxOverlapMs = 100;
  const maxHoleMs = 2_000;
  const isContinuous = fragments.every((fragment, index) => {
    const previous = fragments[index - 1] ?? run.fragments.at(-1);
    if (!previous) return true;
    const holeMs = fragment.producerMs - (previous.producerMs + previous.durationMs);
    return fragment.producerMs > previous.producerMs && holeMs >= -maxOverlapMs && holeMs <= maxHoleMs;
  });
  const count = run.fragments.length + fragments.length;
  const sizeBytes = fragments.reduce((sum, fragment) => sum + fragment.sizeBytes, run.sizeBytes);
  const rowBytes = fragments.reduce((sum, fragment) => sum + rowLength(fragment), run.rowBytes);
  if (!isContinuous || count > maxFragments || sizeBytes > maxBytes || rowBytes > MAX_ROW_BYTES) return false;
  run.fragments.push(...fragments);
  Object.assign(run, { sizeBytes, rowBytes });
  return true;
}
