import type { Fragment } from "./fragment";

/** Stretches of media time that clips hold, as `[fromMs, toMs]`; bounded, so the oldest may be counted only. */
export interface Coverage {
  stretches: [fromMs: number, toMs: number][];
  /** All of them together, those that are counted only included. */
  totalMs: number;
  earlierStretches: number;
}

/** A stretch of activity on one stream, from the first fragment after silence to the drained end. */
export interface OpenRecording {
  /** The plan that opened it. */
  seq: number;
  /** Server time of its first and of its newest fragment. */
  fromServerMs: number;
  toServerMs: number;
  clips: number;
  fragments: number;
  coverage: Coverage;
}

/** A recording that a plan opens. */
export function openRecording(seq: number, serverMs: number): OpenRecording {
  const coverage = { stretches: [], totalMs: 0, earlierStretches: 0 };
  return { seq, fromServerMs: serverMs, toServerMs: serverMs, clips: 0, fragments: 0, coverage };
}

/** The recording with a clip of these fragments, in order, stored. */
export function withClip(recording: OpenRecording, fragments: Fragment[]): OpenRecording {
  const [first, last] = [fragments[0], fragments.at(-1)];
  if (!first || !last || first.serverMs < recording.fromServerMs) return recording;
  return {
    ...recording,
    clips: recording.clips + 1,
    fragments: recording.fragments + fragments.length,
    coverage: cover(recording.coverage, first.producerMs, last.producerMs + last.durationMs),
  };
}

/** Joins a stretch to the newest, when it goes on where that ended, or begins another. */
function cover({ stretches, totalMs, earlierStretches }: Coverage, fromMs: number, toMs: number): Coverage {
  const maxStretches = 64;
  // As far as a clip itself may reach over a hole.
  const maxHoleMs = 2_000;
  const newest = stretches.at(-1);
  const joins = newest && fromMs >= newest[0] && fromMs <= newest[1] + maxHoleMs;
  const next = joins
    ? [...stretches.slice(0, -1), [newest[0], Math.max(newest[1], toMs)] as [number, number]]
    : [...stretches, [fromMs, toMs] as [number, number]];
  const addedMs = joins ? Math.max(0, toMs - newest[1]) : toMs - fromMs;
  return {
    stretches: next.slice(-maxStretches),
    totalMs: totalMs + addedMs,
    earlierStretches: earlierStretches + Math.max(0, next.length - maxStretches),
  };
}
