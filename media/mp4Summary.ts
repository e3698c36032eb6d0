/** What a traditional MP4 file holds. Times are in milliseconds of the movie, with edit lists applied. */
export interface Mp4Summary {
  /** In the order of the file. */
  tracks: Mp4TrackSummary[];
  /** Payload of all `mdat` boxes. */
  mediaBytes: number;
  /** When the last sample that is shown ends; 0 when none is. */
  durationMs: number;
}

/** One track of a movie. */
export interface Mp4TrackSummary {
  type: "video" | "audio" | "other";
  /** The type of its sample entry, for example `avc1` or `mp4a`. */
  codec: string;
  sampleCount: number;
  /** Of all its samples together. */
  sizeBytes: number;
  /** In decode order. Samples that the edit list hides are left out. */
  runs: Mp4SampleRun[];
}

/**
 * Neighbouring samples that are shown one after the other without a pause, all equally long: one picture of a video
 * with B-frames, a second of one without, an hour of A-law that has 8,000 samples a second.
 */
export interface Mp4SampleRun {
  /** When the first is shown. */
  ptsMs: number;
  /** How long each lasts. */
  durationMs: number;
  sampleCount: number;
  /** Each can be decoded without another one. */
  keyframe: boolean;
}

/** What is thrown at bytes that are not a whole traditional MP4 file. */
export interface Mp4Error extends Error {
  code: "INVALID_MP4";
  /** Where the bytes stop making sense, from the start of the file. */
  offset: number;
}

/** A part of the file, in offsets from its start to behind its last byte. */
export interface FileRange {
  start: number;
  end: number;
}

/** The error of bytes that stop making sense at `offset`. */
export function invalidMp4(problem: string, offset: number): Mp4Error {
  const error = new Error(`Invalid MP4 at byte ${offset}: ${problem}.`);
  return Object.assign(error, { code: "INVALID_MP4" as const, offset });
}
