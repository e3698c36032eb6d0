import type { Mp4Track } from "./mp4";
import type { Mp4Boxes } from "./mp4Boxes";
import type { Mp4Timing } from "./mp4Timing";

/** Where a track's chunks are in the file. */
export interface ChunkPlaces {
  sampleCounts: number[];
  offsets: number[];
  /** Offsets are written with 64 bits. */
  isLarge: boolean;
}

/** Writes `stbl`: for each sample of a track its time, size and place, and whether it is a sync sample. */
export function makeSampleTableWriter({ box, fullBox, u32, u32Table, u64Table }: Mp4Boxes) {
  function sampleTable(
    { track, samples }: Mp4Track,
    timing: Mp4Timing,
    sampleEntry: Uint8Array,
    chunks: ChunkPlaces,
  ): Uint8Array {
    const sizes = samples.map((sample) => sample.sizeBytes);
    const isReordered = timing.compositionOffsets.some((offset) => offset !== 0);
    const hasDeltas = track.type === "video" && samples.some((sample) => !sample.keyframe);
    return box(
      "stbl",
      fullBox("stsd", 0, 0, u32(1), sampleEntry),
      runs("stts", 0, timing.durations),
      ...(isReordered ? [runs("ctts", 1, timing.compositionOffsets)] : []),
      ...(hasDeltas ? [syncSamples()] : []),
      samplesToChunks(chunks.sampleCounts),
      fullBox("stsz", 0, 0, u32(0, sizes.length), u32Table(sizes)),
      chunkOffsets(chunks),
    );

    function syncSamples(): Uint8Array {
      const numbers = samples.flatMap((sample, index) => (sample.keyframe ? [index + 1] : []));
      return fullBox("stss", 0, 0, u32(numbers.length), u32Table(numbers));
    }
  }

  /** A table of values, one for each sample, as pairs of count and value. */
  function runs(type: string, version: number, values: number[]): Uint8Array {
    const starts = runStarts(values);
    const pairs = starts.flatMap((start, run) => [
      (starts[run + 1] ?? values.length) - start,
      values[start] ?? 0,
    ]);
    return fullBox(type, version, 0, u32(starts.length), u32Table(pairs));
  }

  /** Runs of chunks with as many samples each: first chunk from 1, samples, sample description. */
  function samplesToChunks(sampleCounts: number[]): Uint8Array {
    const starts = runStarts(sampleCounts);
    const entries = starts.flatMap((start) => [start + 1, sampleCounts[start] ?? 0, 1]);
    return fullBox("stsc", 0, 0, u32(starts.length), u32Table(entries));
  }

  function runStarts(values: number[]): number[] {
    return values.flatMap((value, index) => (value === values[index - 1] ? [] : [index]));
  }

  function chunkOffsets({ offsets, isLarge }: ChunkPlaces): Uint8Array {
    const count = u32(offsets.length);
    if (isLarge) return fullBox("co64", 0, 0, count, u64Table(offsets));
    return fullBox("stco", 0, 0, count, u32Table(offsets));
  }

  return sampleTable;
}
