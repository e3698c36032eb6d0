import type { Mp4SampleRun, Mp4Summary } from "../media/mp4Reader";
import type { ClipPlan } from "./plan";

/** Times are rounded. */
const TOLERANCE_MS = 1;

/**
 * Whether a movie is what `movieClip` writes of these fragments: undefined if so, else a sentence that says what differs.
 * It holds what cameras sent as they sent it: sound alone, fragments without a key frame, frames dated ahead of their
 * Cluster, a first frame behind it. So less can be asked of it than of a clip of GetClip:
 *
 * - of each fragment some sample begins before the next one's place. The movie begins with the earliest fragment, or with
 *   the earliest frame, if one is dated ahead; where the fragment is then, only the first samples of the tracks tell;
 * - it has no more bytes of media than the fragments have, whose sizes include their container.
 */
export function checkMovieClip(fragments: ClipPlan["fragments"], movie: Mp4Summary): string | undefined {
  const sizeBytes = fragments.reduce((sum, fragment) => sum + fragment.sizeBytes, 0);
  if (movie.mediaBytes > sizeBytes)
    return `expected at most the ${sizeBytes} bytes of ${fragments.length} fragments, found ${movie.mediaBytes} bytes of media`;

  const runs = movie.tracks.flatMap((track) => track.runs);
  const firstMs = movie.tracks.map(({ runs: own }) =>
    own.reduce((least, { ptsMs }) => Math.min(least, ptsMs), Number.POSITIVE_INFINITY),
  );
  // Behind the movie's begin it stands only where a frame that is dated ahead of it makes that begin.
  const beginsWithFrame = firstMs.some((ms) => ms <= TOLERANCE_MS);
  const problems = [0, ...(beginsWithFrame ? firstMs : [])].map((leadMs) =>
    missingFragment(fragments, runs, leadMs),
  );
  return problems.includes(undefined) ? undefined : problems[0];
}

/** Says which fragment no sample is of, when the earliest one stands `leadMs` behind the movie's begin. */
function missingFragment(
  fragments: ClipPlan["fragments"],
  runs: Mp4SampleRun[],
  leadMs: number,
): string | undefined {
  const inOrder = [...fragments].sort((a, b) => a.producerMs - b.producerMs);
  const startMs = (inOrder[0]?.producerMs ?? 0) - leadMs;
  for (const [index, { fragmentNumber, producerMs, durationMs }] of inOrder.entries()) {
    const beginsMs = producerMs - startMs;
    const nextMs = (inOrder[index + 1]?.producerMs ?? Number.POSITIVE_INFINITY) - startMs;
    const fromMs = beginsMs - TOLERANCE_MS;
    const untilMs =
      Math.max(beginsMs, Math.min(beginsMs + durationMs, nextMs - 2 * TOLERANCE_MS)) + TOLERANCE_MS;
    if (!hasSampleWithin(runs, fromMs, untilMs))
      return `expected fragment ${index + 1} of ${fragments.length} (${fragmentNumber}) at ${beginsMs} ms, found no sample from there to ${untilMs} ms`;
  }
  return undefined;
}

function hasSampleWithin(runs: Mp4SampleRun[], fromMs: number, untilMs: number): boolean {
  return runs.some(({ ptsMs, durationMs, sampleCount }) => {
    const before = ptsMs >= fromMs ? 0 : Math.ceil((fromMs - ptsMs) / durationMs);
    return before < sampleCount && ptsMs + before * durationMs <= untilMs;
  });
}
