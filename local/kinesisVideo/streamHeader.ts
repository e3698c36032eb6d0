import { concat } from "../../media/bytes";
import type { MatroskaEvent, Track } from "../../media/matroska";
import { segmentStart } from "../../media/matroskaWriter";
import { FRAGMENT_LIMITS, refusal } from "./fragmentLimits";

/** Everything ahead of the first Cluster of a PutMedia body. */
export interface StreamHeader {
  /** Verbatim, but with a Segment of unknown size, because it will stand ahead of single fragments. */
  bytes: Uint8Array;
  tracks: Track[];
  ticksPerMs: number;
}

type HeaderEvent = Extract<MatroskaEvent, { bytes: Uint8Array }>;

/** Collects the elements ahead of the first Cluster. */
export function makeHeaderCollector() {
  const parts: Uint8Array[] = [];
  const seen = new Set<string>();
  let tracks: Track[] | undefined;
  let ticksPerMs = 1;

  return {
    /** @throws a refusal for a second EBML header, Segment, Info or Tracks, or too many tracks */
    add(event: HeaderEvent): void {
      if (["ebml", "segment", "info", "tracks"].includes(event.kind)) {
        if (seen.has(event.kind)) throw oneTooMany(event);
        seen.add(event.kind);
      }
      if (event.kind === "info") ticksPerMs = 1_000_000 / event.timecodeScaleNs;
      if (event.kind === "tracks") tracks = event.tracks;
      if (tracks && tracks.length > FRAGMENT_LIMITS.tracks) {
        throw refusal(
          "MORE_THAN_ALLOWED_TRACKS_FOUND",
          `${tracks.length} tracks; at most ${FRAGMENT_LIMITS.tracks} are allowed`,
        );
      }
      parts.push(event.kind === "segment" ? segmentStart() : event.bytes);
    },
    /** @throws a refusal when the first Cluster, at `offset`, comes ahead of the Tracks */
    complete(offset: number): StreamHeader {
      if (!tracks)
        throw refusal("INVALID_MKV_DATA", `the Cluster at byte ${offset} comes ahead of the Tracks`);
      return { bytes: concat(parts), tracks, ticksPerMs };
    },
  };
}

/** The refusal of a second stream in a body: a PutMedia request carries one Segment. */
export function oneTooMany(event: HeaderEvent) {
  return refusal("INVALID_MKV_DATA", `the ${event.kind} element at byte ${event.offset} is one too many`);
}
