import { mkvCluster, mkvHeader } from "../media/mergeFragments";
import type { Fragment } from "./fragment";
import { type FragmentMedia, readFragmentMedia } from "./fragmentMedia";
import type { FragmentSource } from "./ports";

/** Fragments that decode alike, and their media. */
export interface PlayableRun {
  fragments: Fragment[];
  media: FragmentMedia[];
}

/** The fragments' media, cut where the Tracks change. Holds the media of one plan in memory: at most 95 MB. */
export async function playableRuns(source: FragmentSource, fragments: Fragment[]): Promise<PlayableRun[]> {
  // Each asked fragment costs a point of 500 a second that live viewers share (quota "fragment points, media").
  const batchSize = 100;
  const byNumber = new Map<string, FragmentMedia>();
  for (let from = 0; from < fragments.length; from += batchSize) {
    const numbers = fragments.slice(from, from + batchSize).map((fragment) => fragment.fragmentNumber);
    for await (const media of readFragmentMedia(await source.media(numbers))) {
      byNumber.set(media.fragmentNumber, media);
    }
  }
  const runs: PlayableRun[] = [];
  for (const fragment of fragments) {
    const media = byNumber.get(fragment.fragmentNumber);
    if (!media)
      throw new Error(`Kinesis Video Streams returned no media for fragment ${fragment.fragmentNumber}`);
    const run = runs.at(-1);
    const previous = run?.media.at(-1);
    if (run && previous && decodeAlike(previous, media)) {
      run.fragments.push(fragment);
      run.media.push(media);
    } else {
      runs.push({ fragments: [fragment], media: [media] });
    }
  }
  return runs;
}

const decodeAlike = (a: FragmentMedia, b: FragmentMedia) =>
  a.timecodeScaleNs === b.timecodeScaleNs && Buffer.compare(a.tracksElement, b.tracksElement) === 0;

/** One Matroska file. Cameras may restart their timecodes at every connection, so clusters are put on producer time. */
export async function* matroska({ fragments, media }: PlayableRun): AsyncGenerator<Uint8Array> {
  const [first] = media;
  const startMs = fragments[0]?.producerMs ?? 0;
  if (!first) return;
  yield mkvHeader(first.tracksElement, first.timecodeScaleNs);
  for (const [index, { cluster, timecodeScaleNs }] of media.entries()) {
    const offsetMs = (fragments[index]?.producerMs ?? startMs) - startMs;
    yield mkvCluster(cluster, Math.round((offsetMs * 1_000_000) / timecodeScaleNs));
  }
}
