import { concat } from "../../media/bytes";
import type { BlockEvent, ClusterEvent, Tag } from "../../media/matroska";
import { FRAGMENT_LIMITS, refusal } from "./fragmentLimits";
import { NOTIFICATION_TAG } from "./notifications";
import type { StreamHeader } from "./streamHeader";

/** Tags that instruct the service are not the producer's metadata. */
const SERVICE_TAG_PREFIX = "AWS_KINESISVIDEO_";

/** A fragment as it came in. Times are in milliseconds of the producer's timecodes. */
export interface AssembledFragment {
  timecodeMs: number;
  /** Start of its latest frame. */
  lastFrameMs: number;
  /** End of its latest frame, as far as the stream states how long frames last. */
  endMs: number;
  frameCount: number;
  /** The producer's own tags, by name. */
  tags: Record<string, string>;
  /** Whether the producer asked for a notification of this fragment. */
  isMarked: boolean;
  header: Uint8Array;
  media: Uint8Array;
}

/** A fragment that is being received. Its functions throw a refusal when a rule of the service is broken. */
export interface OpenFragment {
  offset: number;
  timecodeMs: number;
  add(bytes: Uint8Array): void;
  addBlock(block: BlockEvent): void;
  addTags(tags: Tag[]): void;
  /** The Cluster has ended; tags may still follow. */
  endCluster(): void;
  clusterEnded(): boolean;
  complete(): AssembledFragment;
}

/**
 * Opens the fragment that a Cluster begins.
 * @param previousLatestMs the latest frame of the fragment before, which every frame must follow
 * @param leading elements that came between the fragment before and this one
 */
export function openFragment(
  header: StreamHeader,
  cluster: ClusterEvent,
  previousLatestMs: number,
  leading: Uint8Array[],
): OpenFragment {
  const { ticksPerMs, tracks } = header;
  const parts = [...leading, cluster.bytes];
  const tracksSeen = new Set<number>();
  const startMs = cluster.timecode / ticksPerMs;
  let ended = false;
  let earliestMs = Number.POSITIVE_INFINITY;
  let latestMs = startMs;
  let endMs = startMs;
  let frameCount = 0;
  const ownTags: Tag[] = [];
  let isMarked = false;

  return {
    offset: cluster.offset,
    timecodeMs: Math.floor(startMs),
    add(bytes) {
      parts.push(bytes);
    },
    addBlock(block) {
      const track = tracks.find(({ number }) => number === block.track);
      if (!track) throw refusal("TRACK_NUMBER_MISMATCH", `track ${block.track} is not among the Tracks`);
      const frameMs = startMs + block.relativeTimecode / ticksPerMs;
      if (frameMs <= previousLatestMs) {
        throw refusal(
          "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS",
          `a frame at ${frameMs} ms must come after ${previousLatestMs} ms, where the fragment before ends`,
        );
      }
      const statedTicks = block.durationTicks ?? 0;
      const trackFrameMs = (track.defaultDurationNs ?? 0) / 1e6;
      parts.push(block.bytes);
      tracksSeen.add(block.track);
      frameCount += block.frames.length;
      earliestMs = Math.min(earliestMs, frameMs);
      latestMs = Math.max(latestMs, frameMs);
      endMs = Math.max(endMs, frameMs + (statedTicks / ticksPerMs || trackFrameMs * block.frames.length));
      if (latestMs - earliestMs > FRAGMENT_LIMITS.durationMs) {
        throw refusal("MAX_FRAGMENT_DURATION_REACHED", `frames from ${earliestMs} ms to ${latestMs} ms`);
      }
    },
    addTags(tags) {
      const own = tags.filter(({ name }) => !name.startsWith(SERVICE_TAG_PREFIX));
      const tooLong = own.find(
        ({ name, value }) =>
          Buffer.byteLength(name) > FRAGMENT_LIMITS.tagNameBytes ||
          Buffer.byteLength(value) > FRAGMENT_LIMITS.tagValueBytes,
      );
      if (tooLong) throw refusal("FRAGMENT_METADATA_LIMIT_REACHED", `the tag ${tooLong.name} is too long`);
      ownTags.push(...own);
      if (ownTags.length > FRAGMENT_LIMITS.tags) {
        const count = `${ownTags.length} tags; at most ${FRAGMENT_LIMITS.tags}`;
        throw refusal("FRAGMENT_METADATA_LIMIT_REACHED", count);
      }
      isMarked ||= tags.some(({ name }) => name === NOTIFICATION_TAG);
    },
    endCluster() {
      const missing = tracks.find(({ number }) => !tracksSeen.has(number));
      if (missing) throw refusal("FRAMES_MISSING_FOR_TRACK", `no frame of track ${missing.number}`);
      ended = true;
    },
    clusterEnded: () => ended,
    complete() {
      const media = concat(parts);
      checkFragmentSize(media.length);
      return {
        timecodeMs: Math.floor(startMs),
        lastFrameMs: latestMs,
        endMs,
        frameCount,
        tags: Object.fromEntries(ownTags.map(({ name, value }) => [name, value])),
        isMarked,
        header: header.bytes,
        media,
      };
    },
  };
}

/** @throws a refusal when a fragment is larger than the service takes */
export function checkFragmentSize(sizeBytes: number): void {
  if (sizeBytes <= FRAGMENT_LIMITS.sizeBytes) return;
  throw refusal(
    "MAX_FRAGMENT_SIZE_REACHED",
    `${sizeBytes} bytes; at most ${FRAGMENT_LIMITS.sizeBytes} are allowed`,
  );
}
