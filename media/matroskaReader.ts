import type { MatroskaEvent } from "./matroska";

export interface MatroskaReaderOptions {
  /** The largest element that is held in memory; a larger one is an error. Default 64 MiB. */
  maxElementBytes?: number;
}

export interface MatroskaReader {
  push(chunk: Uint8Array): MatroskaEvent[];
  end(): MatroskaEvent[];
}

export function makeMatroskaReader(_options: MatroskaReaderOptions = {}): MatroskaReader {
  throw new Error("not written yet");
}
