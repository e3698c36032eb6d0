import * as fs from "node:fs";
import { fetchFragments, type PlayableRun } from "../../archive/fetchFragments";
import type { Fragment } from "../../archive/fragment";
import type { MatroskaEvent } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { concat, ebmlHeader, segmentStart } from "../../media/matroskaWriter";
import { mkvCluster } from "../../media/mergeFragments";
import { footage } from "../support/footage";
import { mediaSource, named } from "./fragmentDocuments";

/** A fragment as it is listed, and its document in a body of GetMediaForFragmentList. */
export interface FootageFragment {
  fragment: Fragment;
  document: Uint8Array;
}

const filmedAtMs = Date.UTC(2026, 10, 22, 14, 3);

/**
 * The Clusters of a file as fragments that a camera filmed. Their timecodes are those of the file, or begin again at zero
 * in every fragment, as with a camera that connects anew each time.
 */
export function footageFragments(name: string, { restarts = false } = {}): FootageFragment[] {
  const reader = makeMatroskaReader();
  const events = [...reader.push(new Uint8Array(fs.readFileSync(footage(name)))), ...reader.end()];
  const head: Uint8Array[] = [ebmlHeader(), segmentStart()];
  const clusters: { timecode: number; events: MatroskaEvent[] }[] = [];
  for (const event of events) {
    if (clusters.length === 0 && (event.kind === "info" || event.kind === "tracks")) head.push(event.bytes);
    if (event.kind === "cluster") clusters.push({ timecode: event.timecode, events: [] });
    clusters.at(-1)?.events.push(event);
  }
  return clusters.map(({ timecode, events: own }, index) => {
    const fragmentNumber = String(index + 1);
    const document = concat([...head, named(fragmentNumber), mkvCluster(own, restarts ? 0 : timecode)]);
    // As the service may state it: without the last frame.
    const durationMs = Math.max(...own.map((event) => (event.kind === "block" ? event.relativeTimecode : 0)));
    const producerMs = filmedAtMs + timecode;
    const times = { serverMs: producerMs + 500, producerMs, durationMs };
    return { fragment: { fragmentNumber, ...times, sizeBytes: document.length }, document };
  });
}

/** The runs that these fragments are fetched as. */
export async function runsOf(given: FootageFragment[]): Promise<PlayableRun[]> {
  const documents = new Map(given.map(({ fragment, document }) => [fragment.fragmentNumber, document]));
  const { source } = mediaSource((numbers) => numbers.map((number) => documents.get(number)!));
  const { runs } = await fetchFragments(
    source,
    given.map(({ fragment }) => fragment),
  );
  return runs;
}
