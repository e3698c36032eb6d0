import { concat } from "./bytes";
import { elementId, type MatroskaEvent } from "./matroska";
import { ebmlHeader, element, info, segmentStart, unsigned } from "./matroskaWriter";

/**
 * The head of one Matroska file that holds several fragments. GetMediaForFragmentList delivers each fragment
 * as a document of its own, and those one after the other are not a file that players accept.
 *
 * @param tracksElement the producer's Tracks, verbatim (`bytes` of the `tracks` event); the same in all fragments
 */
export function mkvHeader(tracksElement: Uint8Array, timecodeScaleNs: number): Uint8Array {
  const about = info({ timecodeScaleNs, muxingApp: "lastframe", writingApp: "lastframe" });
  return concat([ebmlHeader(), segmentStart(), about, tracksElement]);
}

/**
 * A fragment as a Cluster of such a file: its blocks verbatim under another Timecode. What described the place
 * or the bytes of the old Cluster (Position, PrevSize, CRC-32, padding) is left out.
 *
 * @param fragment the events of one fragment; those beside the Cluster are passed over
 * @param timecodeTicks where the fragment starts in the file, in ticks of the file's TimecodeScale
 */
export function mkvCluster(fragment: MatroskaEvent[], timecodeTicks: number): Uint8Array {
  const { timecode, position, prevSize, crc32, void: padding, cluster } = elementId;
  const outdated: number[] = [timecode, position, prevSize, crc32, padding];
  const kept = fragment.flatMap((event) => {
    const isKept =
      event.kind === "block" || (event.kind === "clusterElement" && !outdated.includes(event.id));
    return isKept ? [event.bytes] : [];
  });
  return element(cluster, concat([unsigned(timecode, timecodeTicks), ...kept]));
}
