import type { Tag, Track } from "../media/matroska";
import { clusterStart, concat, simpleBlock, streamHeader, tags } from "../media/matroskaWriter";
import type { Fragment } from "./fragments";

/** Footage in one piece: fine enough to look live, coarse enough not to write every packet of sound by itself. */
const PIECE_MS = 200;

/** Some bytes of the stream, and when a live camera would have them. */
export interface Piece {
  dueMs: number;
  bytes: Uint8Array;
}

/** What precedes the first fragment of every connection. */
export function headerOf(tracks: Track[]): Uint8Array {
  return streamHeader({ tracks, title: "lastframe", muxingApp: "lastframe", writingApp: "lastframe" });
}

/**
 * A fragment as a Cluster of unknown size, and the tags that belong to it behind it, where the service looks for
 * them. Due times count like `fragment.startMs`.
 */
export function* piecesOf(
  fragment: Fragment,
  timecodeMs: number,
  fragmentTags: Tag[] = [],
): Generator<Piece, void, undefined> {
  let dueMs = fragment.startMs;
  let parts = [clusterStart(timecodeMs)];
  for (const { track, timeMs, keyframe, bytes } of fragment.frames) {
    if (timeMs >= dueMs + PIECE_MS) {
      yield { dueMs, bytes: concat(parts) };
      parts = [];
      dueMs = timeMs;
    }
    const relativeTimecode = timeMs - fragment.startMs;
    parts.push(simpleBlock({ track: track === "video" ? 1 : 2, relativeTimecode, keyframe, frame: bytes }));
  }
  if (fragmentTags.length > 0) parts.push(tags(fragmentTags));
  yield { dueMs, bytes: concat(parts) };
}

/**
 * Says that the fragment before it is complete, so that the service need not wait for the next Cluster to store it.
 * The producer SDK sends it ahead of a pause and at the end.
 */
export function endOfFragment(): Uint8Array {
  return tags([{ name: "AWS_KINESISVIDEO_END_OF_FRAGMENT", value: "" }]);
}
