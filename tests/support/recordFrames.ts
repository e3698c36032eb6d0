import { createHash } from "node:crypto";
import type { Footage } from "../../producer/footage";

/** Footage that remembers its frames as it is read. */
export interface RecordedFootage {
  footage: Footage;
  /** The frames of these fragments: kind, time on the camera's clock, MD5 of the coded bytes. */
  of(persisted: { producerTimestampMs: number }[]): string[];
}

/** Remembers every frame that a camera reads, by its fragment's start. */
export function recordFrames(footage: Footage): RecordedFootage {
  const byStartMs = new Map<number, { kind: string; timeMs: number; hash: string }[]>();

  async function* fragments(): Footage["fragments"] {
    for await (const fragment of footage.fragments) {
      const frames = fragment.frames.map(({ track, timeMs, bytes }) => ({
        kind: track,
        timeMs,
        hash: `MD5:${createHash("md5").update(bytes).digest("hex")}`,
      }));
      byStartMs.set(fragment.startMs, frames);
      yield fragment;
    }
  }

  return {
    footage: { ...footage, fragments: fragments() },
    of(persisted) {
      // Footage starts at 0, when the camera was switched on.
      const switchedOnMs = Math.min(...persisted.map(({ producerTimestampMs }) => producerTimestampMs));
      return persisted.flatMap(({ producerTimestampMs }) =>
        (byStartMs.get(producerTimestampMs - switchedOnMs) ?? []).map(
          ({ kind, timeMs, hash }) => `${kind} ${switchedOnMs + timeMs} ${hash}`,
        ),
      );
    },
  };
}
