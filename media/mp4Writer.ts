import type { Track } from "./matroska";

export interface Mp4Sample {
  sizeBytes: number;
  /** When it is shown, in milliseconds (may be fractional) from the start of the movie. */
  ptsMs: number;
  keyframe: boolean;
}

export interface Mp4Track {
  track: Track;
  /** In decode order. */
  samples: Mp4Sample[];
  lastSampleDurationMs?: number;
}

export interface Mp4Movie {
  tracks: Mp4Track[];
  /** The samples as they follow each other in the file; `track` and `sample` are indexes. */
  order: { track: number; sample: number }[];
  createdAtMs?: number;
}

export function mp4Header(_movie: Mp4Movie): Uint8Array {
  throw new Error("not written yet");
}

export function supportedCodec(_track: Track): boolean {
  throw new Error("not written yet");
}
