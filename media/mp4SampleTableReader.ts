import type { Mp4Box, Mp4BoxReader } from "./mp4BoxReader";
import { type FileRange, invalidMp4, type Mp4SampleRun } from "./mp4Summary";

/** The part of a track's media that is shown, in ticks, and when its first tick is, in milliseconds of the movie. */
export interface Mp4Edit {
  startMs: number;
  mediaStart: number;
  mediaEnd: number;
}

/** Samples that stand side by side in the file. `entryOffset` is where the sample table says so. */
export interface Mp4ChunkPlace extends FileRange {
  entryOffset: number;
}

/**
 * Reads `stbl`: for each sample its time, size and place, and whether it is a sync sample. A table of one common size can
 * state any number of samples in few bytes, so no more are visited than `mediaBytes` can hold.
 */
export function makeSampleTableReader(boxes: Mp4BoxReader, mediaBytes: number) {
  const { child, optionalChild, needBytes, entryCount, u32, i32, u64 } = boxes;

  function sampleTable(stbl: Mp4Box, edit: Mp4Edit & { ticksPerMs: number }) {
    const { sampleCount, sizeOf } = sampleSizes(child(stbl, "stsz"));
    const chunks = chunkPlaces(stbl, sampleCount, sizeOf);
    const sizeBytes = chunks.reduce((sum, { start, end }) => sum + end - start, 0);
    return { sampleCount, sizeBytes, chunks, runs: sampleRuns(stbl, sampleCount, edit) };
  }

  /** One size for all, or a table. */
  function sampleSizes(stsz: Mp4Box): { sampleCount: number; sizeOf: (sample: number) => number } {
    needBytes(stsz, 12);
    const commonBytes = u32(stsz.start + 4);
    if (commonBytes === 0) {
      const sampleCount = entryCount(stsz, stsz.start + 8, 4);
      return { sampleCount, sizeOf: (sample) => u32(stsz.start + 12 + 4 * sample) };
    }
    const sampleCount = u32(stsz.start + 8);
    if (sampleCount * commonBytes > mediaBytes) {
      const found = `found ${sampleCount} samples of ${commonBytes} bytes`;
      throw invalidMp4(`expected at most ${mediaBytes} bytes of samples, ${found}`, stsz.offset);
    }
    return { sampleCount, sizeOf: () => commonBytes };
  }

  /** `stsc` says in runs how many samples the chunks hold, `stco` or `co64` where each chunk begins. */
  function chunkPlaces(
    stbl: Mp4Box,
    sampleCount: number,
    sizeOf: (sample: number) => number,
  ): Mp4ChunkPlace[] {
    const stsc = child(stbl, "stsc");
    const runCount = entryCount(stsc, stsc.start + 4, 12);
    const offsets = optionalChild(stbl, "co64") ?? child(stbl, "stco");
    const offsetBytes = offsets.type === "co64" ? 8 : 4;
    const chunkCount = entryCount(offsets, offsets.start + 4, offsetBytes);

    const chunks: Mp4ChunkPlace[] = [];
    let sample = 0;
    for (let run = 0; run < runCount; run += 1) {
      const at = stsc.start + 8 + 12 * run;
      const samplesPerChunk = u32(at + 4);
      const firstOfNext = run + 1 < runCount ? u32(at + 12) : chunkCount + 1;
      if (u32(at) !== chunks.length + 1 || firstOfNext <= u32(at) || firstOfNext > chunkCount + 1) {
        throw invalidMp4(
          `expected a run that begins with chunk ${chunks.length + 1} of ${chunkCount} in stsc`,
          at,
        );
      }
      if (samplesPerChunk * (firstOfNext - u32(at)) > sampleCount - sample) {
        throw invalidMp4(`expected chunks of ${sampleCount} samples together in stsc, found more`, at);
      }
      while (chunks.length + 1 < firstOfNext) {
        const entryOffset = offsets.start + 8 + offsetBytes * chunks.length;
        const start = offsetBytes === 8 ? u64(entryOffset) : u32(entryOffset);
        let end = start;
        for (const last = sample + samplesPerChunk; sample < last; sample += 1) end += sizeOf(sample);
        chunks.push({ start, end, entryOffset });
      }
    }
    if (sample < sampleCount || chunks.length < chunkCount) {
      const found = `found ${sample} in ${chunks.length}`;
      throw invalidMp4(
        `expected ${sampleCount} samples in ${chunkCount} chunks in stsc, ${found}`,
        stsc.offset,
      );
    }
    return chunks;
  }

  /** When each sample is shown: `stts` says for how long it is decoded, `ctts` how much later it is shown. */
  function sampleRuns(
    stbl: Mp4Box,
    sampleCount: number,
    { ticksPerMs, startMs, mediaStart, mediaEnd }: Mp4Edit & { ticksPerMs: number },
  ): Mp4SampleRun[] {
    const duration = perSample(child(stbl, "stts"), sampleCount);
    const delay = perSample(optionalChild(stbl, "ctts"), sampleCount);
    const isSync = syncSamples(optionalChild(stbl, "stss"), sampleCount);
    const runs: Mp4SampleRun[] = [];
    let decodedAt = 0;
    let run: Mp4SampleRun | undefined;
    /** When a sample must be shown, and how long, to go on with the run. */
    let next = { shownAt: 0, ticks: 0 };
    for (let sample = 0; sample < sampleCount; sample += 1) {
      const ticks = duration();
      const shownAt = decodedAt + delay();
      const keyframe = isSync();
      decodedAt += ticks;
      const isShown = shownAt < mediaEnd && (shownAt >= mediaStart || shownAt + ticks > mediaStart);
      if (!isShown) continue;
      if (run?.keyframe === keyframe && next.shownAt === shownAt && next.ticks === ticks) {
        run.sampleCount += 1;
      } else {
        const ptsMs = startMs + (shownAt - mediaStart) / ticksPerMs;
        run = { ptsMs, durationMs: ticks / ticksPerMs, sampleCount: 1, keyframe };
        runs.push(run);
      }
      next = { shownAt: shownAt + ticks, ticks };
    }
    return runs;
  }

  /** The values of a table of counts and values, one sample after the other; zeros without a table. */
  function perSample(table: Mp4Box | undefined, sampleCount: number): () => number {
    if (!table) return () => 0;
    const count = entryCount(table, table.start + 4, 8);
    const first = table.start + 8;
    let covered = 0;
    for (let entry = 0; entry < count; entry += 1) covered += u32(first + 8 * entry);
    if (covered !== sampleCount) {
      throw invalidMp4(
        `expected ${table.type} to speak of ${sampleCount} samples, found ${covered}`,
        table.offset,
      );
    }
    let entry = -1;
    let left = 0;
    let value = 0;
    return () => {
      while (left === 0) {
        entry += 1;
        left = u32(first + 8 * entry);
        // Delays may be negative, whatever version the table says it is.
        value = i32(first + 8 * entry + 4);
      }
      left -= 1;
      return value;
    };
  }

  /** Whether each sample is a sync sample, one after the other; all are without a table. */
  function syncSamples(stss: Mp4Box | undefined, sampleCount: number): () => boolean {
    if (!stss) return () => true;
    const count = entryCount(stss, stss.start + 4, 4);
    const numberAt = (entry: number) => u32(stss.start + 8 + 4 * entry);
    for (let entry = 0; entry < count; entry += 1) {
      const previous = entry === 0 ? 0 : numberAt(entry - 1);
      if (numberAt(entry) <= previous || numberAt(entry) > sampleCount) {
        const at = stss.start + 8 + 4 * entry;
        throw invalidMp4(
          `expected the number of a later one of ${sampleCount} samples, found ${numberAt(entry)}`,
          at,
        );
      }
    }
    let sample = 0;
    let entry = 0;
    return () => {
      sample += 1;
      const isSync = entry < count && numberAt(entry) === sample;
      if (isSync) entry += 1;
      return isSync;
    };
  }

  return sampleTable;
}
