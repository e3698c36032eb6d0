import type { Track } from "./matroska";

/** One frame, as the header describes it; its bytes are the caller's to write. */
export interface Mp4Sample {
  sizeBytes: number;
  /** When it is shown, in milliseconds (may be fractional) from the start of the movie; not negative. */
  ptsMs: number;
  keyframe: boolean;
}

export interface Mp4Track {
  /** H.264, H.265, AAC or A-law. */
  track: Track;
  /** In decode order. */
  samples: Mp4Sample[];
  /** Default: the track's default duration, else the duration of the sample shown before it. */
  lastSampleDurationMs?: number;
}

export interface Mp4Movie {
  tracks: Mp4Track[];
  /** The samples as they follow each other in the file: indexes of a track and of a sample in it. */
  order: { track: number; sample: number }[];
  createdAtMs?: number;
}

/** Ticks of every track and of the movie: exact for milliseconds, and the custom of video. */
export const ticksPerMs = 90;
