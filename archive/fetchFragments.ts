import type { Fragment } from "./fragment";
import { type FragmentMedia, readFragmentMedia } from "./fragmentMedia";
import { mayBeOfFragments, outcomeOf } from "./outcomes";
import type { FragmentSource } from "./ports";

/** Consecutive fragments that decode alike, and their media, one for one. */
export interface PlayableRun {
  fragments: Fragment[];
  media: FragmentMedia[];
}

/** Whether others can be read at the moment, such as the fragment of this number; undefined where there is none. */
export type OthersAreRead = (heldNumber: string | undefined) => Promise<boolean | undefined>;

/** What a call brought, and after how many a fragment that fails alone is unreadable. */
interface Answer {
  media: FragmentMedia[];
  problems: string[];
  triesAlone: number;
  /** The error of a fragment that failed alone, of which nobody can tell yet whether all others would. */
  unproven?: unknown;
}

/**
 * Fetches fragments by number, each proven by the number in its own tags, and cuts them where the Tracks change. Which
 * fragment stopped a body is not always told, so those that were not returned are asked for again: together while that
 * brings any, else in halves, and at last alone. One bad fragment never costs another. Holds the media of one plan in
 * memory: at most 95 MB.
 * @param othersAreRead asked whenever a call fails that is not refused: whether it fails for the fragments that it asks
 *   for, since others can be read at that moment, such as the one named, which was read before; undefined where there is
 *   none to tell by. Without it, no call does
 * @returns the runs, and as `unreadable` those that failed alone three times, be it for what the service says of them,
 *   because they are not Matroska, or because they did not come; and those whose calls failed alone eight times, while
 *   others were read each time. `problems` says so in a sentence for each
 * @throws what the source throws, and STREAM_UNREADABLE: errors that are no fragment's own
 */
export async function fetchFragments(
  source: FragmentSource,
  fragments: Fragment[],
  othersAreRead: OthersAreRead = async () => false,
): Promise<{ runs: PlayableRun[]; unreadable: Fragment[]; problems: string[] }> {
  // Each asked fragment costs a point of 500 a second that live viewers share (quota "fragment points, media").
  const batchSize = 100;
  const held = new Map<string, FragmentMedia>();
  const problems: string[] = [];
  const queue: { asked: Fragment[]; tries: number; isUnproven?: true }[] = [];
  for (let from = 0; from < fragments.length; from += batchSize) {
    queue.push({ asked: fragments.slice(from, from + batchSize), tries: 0 });
  }

  for (let next = queue.shift(); next; next = queue.shift()) {
    const { asked, tries } = next;
    const { media, problems: said, triesAlone, unproven } = await read(asked);
    if (unproven !== undefined) {
      // Others of the plan may be read yet, and tell.
      if (queue.every(({ isUnproven }) => isUnproven)) throw unproven;
      queue.push({ asked, tries, isUnproven: true });
      continue;
    }
    const isLastTry = tries + 1 >= triesAlone;
    for (const one of media) {
      if (isLastTry || !one.endsWithBody || reachesEnd(one, asked)) held.set(one.fragmentNumber, one);
    }
    const missing = asked.filter(({ fragmentNumber }) => !held.has(fragmentNumber));
    if (missing.length === 1 && asked.length === 1 && isLastTry) {
      const name = `fragment ${asked[0]?.fragmentNumber}`;
      problems.push(said.join(" ") || `Kinesis Video Streams did not return ${name}.`);
      continue;
    }
    const cut = missing.length < asked.length ? missing.length : Math.ceil(missing.length / 2);
    for (const again of [missing.slice(0, cut), missing.slice(cut)]) {
      if (again.length > 0) queue.push({ asked: again, tries: asked.length === 1 ? tries + 1 : 0 });
    }
  }

  const runs: PlayableRun[] = [];
  for (const fragment of fragments) {
    const media = held.get(fragment.fragmentNumber);
    const run = runs.at(-1);
    const previous = run?.media.at(-1);
    if (!media) continue;
    if (run && previous && decodeAlike(previous, media)) {
      run.fragments.push(fragment);
      run.media.push(media);
    } else {
      runs.push({ fragments: [fragment], media: [media] });
    }
  }
  const unreadable = fragments.filter(({ fragmentNumber }) => !held.has(fragmentNumber));
  return { runs, unreadable, problems };

  /** What one call brings: nothing, where it fails for what it asks for. */
  async function read(asked: Fragment[]): Promise<Answer> {
    try {
      const numbers = asked.map(({ fragmentNumber }) => fragmentNumber);
      return { ...(await readFragmentMedia(await source.media(numbers))), triesAlone: 3 };
    } catch (error) {
      const isRefused = outcomeOf("GetMediaForFragmentList", error) === "fallBack";
      const [heldNumber] = held.keys();
      const isTheirs = isRefused || (mayBeOfFragments(error) && (await othersAreRead(heldNumber)));
      if (isTheirs === false) throw error;
      if (isTheirs === undefined && asked.length === 1)
        return { media: [], problems: [], triesAlone: 8, unproven: error };
      const problem = `Kinesis Video Streams could not read fragment ${asked[0]?.fragmentNumber}: ${error}`;
      // A service that fails at random may fail a fragment, and no other, several times.
      return { media: [], problems: [problem], triesAlone: isRefused ? 3 : 8 };
    }
  }
}

/**
 * When a run begins, on the cameras' clock: with its earliest fragment, or with the earliest frame if a camera dates one
 * ahead of its Cluster. Fragments need not be in the order of their producer timestamps.
 */
export function runStartMs({ fragments, media }: PlayableRun): number {
  const starts = media.map(({ cluster, timecodeScaleNs }, index) => {
    const earliestTick = cluster.reduce(
      (earliest, event) => (event.kind === "block" ? Math.min(earliest, event.relativeTimecode) : earliest),
      0,
    );
    return (fragments[index]?.producerMs ?? 0) + earliestTick * (timecodeScaleNs / 1e6);
  });
  return Math.min(...starts);
}

/** Whether the frames of some track go on for as long as the fragment was listed with, give or take the longest of them. */
function reachesEnd({ fragmentNumber, tracks, cluster, timecodeScaleNs }: FragmentMedia, asked: Fragment[]) {
  const listed = asked.find((fragment) => fragment.fragmentNumber === fragmentNumber);
  const toleranceMs = 1;
  const untilMs = (listed?.durationMs ?? 0) - toleranceMs;
  return tracks.some(({ number }) => {
    const ticks = cluster.flatMap((event) =>
      event.kind === "block" && event.track === number ? [event.relativeTimecode] : [],
    );
    ticks.sort((a, b) => a - b);
    const longest = ticks.reduce((most, tick, index) => Math.max(most, tick - (ticks[index - 1] ?? tick)), 0);
    return ((ticks.at(-1) ?? 0) + longest) * (timecodeScaleNs / 1e6) >= untilMs;
  });
}

const decodeAlike = (a: FragmentMedia, b: FragmentMedia) =>
  a.timecodeScaleNs === b.timecodeScaleNs && Buffer.compare(a.tracksElement, b.tracksElement) === 0;
