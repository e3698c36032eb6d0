import type { Mp4SampleRun, Mp4Summary, Mp4TrackSummary } from "../media/mp4Reader";
import type { ClipPlan } from "./plan";

/**
 * Whether a movie that GetClip returned is the clip that was planned: undefined if so, else a sentence that says what
 * differs. GetClip gives no sign when it stops early or leaves a fragment out, so the movie is held against the listing:
 *
 * - where a fragment's producer timestamp puts it, a sample of some track begins (± 1 ms: timestamps are rounded), and a
 *   video key frame follows before the next fragment;
 * - the movie ends where the last fragment ends, within the last frame: FragmentLengthInMilliseconds may leave that out;
 * - no fragment stands between two planned ones or behind the last;
 * - it has no more bytes of media than the fragments have, whose sizes include their container.
 *
 * What it cannot see: frames that are missing inside a fragment; and, as long as it weighs no more than the containers of
 * the fragments together, another take whose samples happen to begin where planned fragments do, or a fragment of one frame
 * where a planned one ends.
 * @param fragments in the order of their producer timestamps
 */
export function checkClip(fragments: ClipPlan["fragments"], movie: Mp4Summary): string | undefined {
  const toleranceMs = 1;
  const startMs = fragments[0]?.producerMs ?? 0;
  const runs = movie.tracks.flatMap((track) => track.runs);
  const pictures = movie.tracks.flatMap((track) => (track.type === "video" ? track.runs : []));
  const keyFrames = pictures.filter(({ keyframe }) => keyframe);

  /** Each fragment in time of the movie. `untilMs` is where the next one begins. */
  const places = fragments.map((fragment, index) => {
    const fromMs = fragment.producerMs - startMs;
    const next = fragments[index + 1];
    const untilMs = next ? next.producerMs - startMs : Number.POSITIVE_INFINITY;
    const name = `fragment ${index + 1} of ${fragments.length} (${fragment.fragmentNumber})`;
    return { name, fromMs, endMs: fromMs + fragment.durationMs, untilMs };
  });

  return misplacedFragment() ?? wrongEnd() ?? strayFrame() ?? surplusOfBytes();

  function misplacedFragment(): string | undefined {
    for (const { name, fromMs, untilMs } of places) {
      const sampleMs = firstFrom(runs, fromMs - toleranceMs);
      if (sampleMs > fromMs + toleranceMs) {
        return `expected ${name} to begin at ${fromMs} ms, found the next sample at ${inMs(sampleMs)}`;
      }
      const keyMs = firstFrom(keyFrames, fromMs - toleranceMs);
      if (keyMs >= untilMs - toleranceMs) {
        return `expected a video key frame of ${name}, which begins at ${fromMs} ms, found the next one at ${inMs(keyMs)}`;
      }
    }
  }

  function wrongEnd(): string | undefined {
    const last = places.at(-1);
    const frameMs = Math.max(0, ...movie.tracks.map(lastFrameMs));
    if (!last || Math.abs(movie.durationMs - last.endMs) <= frameMs + toleranceMs) return undefined;
    const found = `found its end at ${inMs(movie.durationMs)}`;
    return `expected the movie to end with ${last.name} at ${last.endMs} ms, give or take a frame of ${inMs(frameMs)}, ${found}`;
  }

  /**
   * A fragment that was not planned shows itself by its key frame. Only the last frame of a planned one may begin where
   * that seems to end, since its length may leave it out.
   */
  function strayFrame(): string | undefined {
    for (const { name, endMs, untilMs } of places) {
      const keyMs = firstFrom(keyFrames, endMs - toleranceMs);
      const strayMs = keyMs <= endMs + toleranceMs ? firstFrom(pictures, keyMs + toleranceMs) : keyMs;
      if (strayMs < untilMs - toleranceMs) {
        return `expected no picture between the end of ${name} at ${endMs} ms and the next, found one at ${inMs(strayMs)}`;
      }
    }
  }

  function surplusOfBytes(): string | undefined {
    const sizeBytes = fragments.reduce((sum, fragment) => sum + fragment.sizeBytes, 0);
    if (movie.mediaBytes <= sizeBytes) return undefined;
    return `expected at most the ${sizeBytes} bytes of ${fragments.length} fragments, found ${movie.mediaBytes} bytes of media`;
  }

  /** When the first sample at or after a time is shown; Infinity if there is none. */
  function firstFrom(some: Mp4SampleRun[], fromMs: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { ptsMs, durationMs, sampleCount } of some) {
      // Most runs end here: what is looked up outside of this function, as Math is, costs time in a serialized closure.
      if (ptsMs >= first || ptsMs + sampleCount * durationMs < fromMs) continue;
      const before = ptsMs >= fromMs ? 0 : Math.ceil((fromMs - ptsMs) / durationMs);
      if (before < sampleCount) first = Math.min(first, ptsMs + before * durationMs);
    }
    return first;
  }

  /** How long the sample lasts that ends last; 0 in a track that shows nothing. */
  function lastFrameMs(track: Mp4TrackSummary): number {
    let last = { endMs: Number.NEGATIVE_INFINITY, frameMs: 0 };
    for (const { ptsMs, durationMs, sampleCount } of track.runs) {
      const endMs = ptsMs + sampleCount * durationMs;
      if (endMs >= last.endMs) last = { endMs, frameMs: durationMs };
    }
    return last.frameMs;
  }

  function inMs(timeMs: number): string {
    return timeMs === Number.POSITIVE_INFINITY ? "no time" : `${Math.round(timeMs)} ms`;
  }
}
