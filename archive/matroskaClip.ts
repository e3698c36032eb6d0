import { mkvCluster, mkvHeader } from "../media/mergeFragments";
import { fetchFragments, type PlayableRun, runStartMs } from "./fetchFragments";
import type { Fragment } from "./fragment";
import type { FragmentSource } from "./ports";

export type { PlayableRun } from "./fetchFragments";

/** As `fetchFragments`, all or nothing. @throws FRAGMENT_UNREADABLE that names the unreadable */
export async function playableRuns(source: FragmentSource, fragments: Fragment[]): Promise<PlayableRun[]> {
  const { runs, problems } = await fetchFragments(source, fragments);
  if (problems.length === 0) return runs;
  throw Object.assign(new Error(problems.join(" ")), { name: "FRAGMENT_UNREADABLE" });
}

/** One Matroska file. Cameras may restart their timecodes at every connection, so clusters are put on producer time. */
export async function* matroska(run: PlayableRun): AsyncGenerator<Uint8Array> {
  const { fragments, media } = run;
  const [first] = media;
  const startMs = runStartMs(run);
  if (!first) return;
  yield mkvHeader(first.tracksElement, first.timecodeScaleNs);
  for (const [index, { cluster, timecodeScaleNs }] of media.entries()) {
    const offsetMs = (fragments[index]?.producerMs ?? startMs) - startMs;
    yield mkvCluster(cluster, Math.round((offsetMs * 1_000_000) / timecodeScaleNs));
  }
}
