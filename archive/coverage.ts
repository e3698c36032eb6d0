/** A stretch of media time (UTC, by the camera's clock), from its first frame to behind its last. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

/** What a fragment's times say where a clip is cut: a longer hole is a camera that was away. */
const MAX_HOLE_MS = 2_000;

/** Stretches in order, those joined that overlap or have no more than two seconds between them. */
export function mergeStretches(stretches: Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  for (const { fromMs, toMs } of [...stretches].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    if (last && fromMs - last.toMs <= MAX_HOLE_MS) last.toMs = Math.max(last.toMs, toMs);
    else merged.push({ fromMs, toMs });
  }
  return merged;
}

/** The parts of stretches that lie within a range. */
export function cutTo<Kind extends Stretch>(range: Stretch, stretches: Kind[]): Kind[] {
  return stretches
    .map((stretch) => ({
      ...stretch,
      fromMs: Math.max(stretch.fromMs, range.fromMs),
      toMs: Math.min(stretch.toMs, range.toMs),
    }))
    .filter(({ fromMs, toMs }) => fromMs < toMs);
}

/** What of a range no stretch covers, holes of two seconds and less left out. */
export function holesIn(range: Stretch, stretches: Stretch[]): Stretch[] {
  const covered = mergeStretches(cutTo(range, stretches));
  const begins = [range.fromMs, ...covered.map(({ toMs }) => toMs)];
  const ends = [...covered.map(({ fromMs }) => fromMs), range.toMs];
  return begins
    .map((fromMs, index) => ({ fromMs, toMs: ends[index] ?? fromMs }))
    .filter(({ fromMs, toMs }) => toMs - fromMs > MAX_HOLE_MS);
}
