import type { Mp4Movie } from "./mp4";

/** Samples of one track that stand side by side in the file. */
export interface Mp4Chunk {
  track: number;
  sampleCount: number;
  /** From the first byte of the media data. */
  offsetBytes: number;
}

/**
 * Gathers the samples into chunks as the movie orders them. Throws a RangeError when the order is not all
 * samples of each track in turn, since the file would then show one frame's bytes as another's.
 */
export function chunksOf(movie: Mp4Movie): { chunks: Mp4Chunk[]; sizeBytes: number } {
  const chunks: Mp4Chunk[] = [];
  const next = movie.tracks.map(() => 0);
  let sizeBytes = 0;
  for (const { track, sample } of movie.order) {
    const found = movie.tracks[track]?.samples[sample];
    if (!found || sample !== next[track]) {
      throw new RangeError(
        `Sample ${sample} of track index ${track} is out of turn: expected ${next[track]}.`,
      );
    }
    next[track] = sample + 1;
    const last = chunks.at(-1);
    if (last?.track === track) last.sampleCount += 1;
    else chunks.push({ track, sampleCount: 1, offsetBytes: sizeBytes });
    sizeBytes += found.sizeBytes;
  }
  const missing = movie.tracks.findIndex((track, index) => track.samples.length !== next[index]);
  if (missing >= 0) {
    throw new RangeError(`The order has ${next[missing]} of the samples of track index ${missing}, not all.`);
  }
  return { chunks, sizeBytes };
}
