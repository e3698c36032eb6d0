import { type Mp4Track, ticksPerMs } from "./mp4";

/** Most that the 32 bits of a sample's time hold, one of them its sign: 6.6 hours. */
const largestTicks = 0x7fffffff;

/** When the samples of a track are decoded and shown, in ticks. */
export interface Mp4Timing {
  /** From the start of the movie to the first sample that is shown. */
  startTicks: number;
  /** From each sample's decoding to the next one's, in decode order. */
  durations: number[];
  /** From each sample's decoding to its showing; negative where it is shown first. */
  compositionOffsets: number[];
  /** Of the whole track, its last sample included. */
  durationTicks: number;
}

/**
 * Matroska says when a frame is shown, MP4 also when it is decoded. The n-th frame is given the n-th time of
 * showing, in order, as its time of decoding. With B-frames some are then shown ahead of it (a negative offset,
 * `ctts` version 1), and the track still starts at its first picture without an edit list.
 */
export function sampleTiming(mp4Track: Mp4Track): Mp4Timing {
  const { samples, track, lastSampleDurationMs } = mp4Track;
  const shownAt = samples.map((sample) => Math.round(sample.ptsMs * ticksPerMs));
  const decodedAt = [...shownAt].sort((a, b) => a - b);
  const startTicks = decodedAt[0] ?? 0;
  const endTicks = decodedAt.at(-1) ?? 0;
  if (startTicks < 0) {
    throw new RangeError(`Track ${track.number} starts ${-startTicks / ticksPerMs} ms ahead of the movie.`);
  }
  const defaultMs = track.defaultDurationNs === undefined ? undefined : track.defaultDurationNs / 1e6;
  const lastMs = lastSampleDurationMs ?? defaultMs;
  const lastTicks =
    lastMs === undefined ? endTicks - (decodedAt.at(-2) ?? endTicks) : Math.round(lastMs * ticksPerMs);
  const durations = decodedAt.map((ticks, index) => (decodedAt[index + 1] ?? ticks + lastTicks) - ticks);
  const compositionOffsets = shownAt.map((ticks, index) => ticks - decodedAt[index]!);
  if ([...durations, ...compositionOffsets].some((ticks) => Math.abs(ticks) > largestTicks)) {
    throw new RangeError(`Track ${track.number} has a sample that is hours away from the next one.`);
  }
  return {
    startTicks,
    durations,
    compositionOffsets,
    durationTicks: endTicks - startTicks + (samples.length > 0 ? lastTicks : 0),
  };
}
