import { mkvCluster, mkvHeader } from "../media/mergeFragments";
import { clipMetadata } from "./clipRecord";
import type { Fragment } from "./fragment";
import { type FragmentMedia, readFragmentMedia } from "./fragmentMedia";
import { clipKey } from "./keys";
import type { ClipPlan } from "./plan";
import type { FragmentSource, StreamDescription, Vault } from "./ports";

/** An object that is in the archive, by this call or by an earlier one. */
export interface StoredClip {
  key: string;
  sizeBytes: number;
  durationMs: number;
  fragmentCount: number;
  /** False when the same clip was there already. */
  isNew: boolean;
}

/** Where clips go and what they are marked with. */
export interface ClipTarget {
  source: FragmentSource;
  vault: Vault;
  prefix: string;
  stream: StreamDescription;
  tags: Record<string, string>;
}

/**
 * Stores what a plan names: as the MP4 that GetClip makes, or, where it refuses or no time range isolates the
 * fragments, as Matroska made of the fragments themselves; then a change of codec data begins another object.
 */
export async function storeClip(target: ClipTarget, plan: ClipPlan): Promise<StoredClip[]> {
  if (plan.isolated) {
    try {
      const body = await target.source.clip(plan);
      return [await put(target, plan.fragments, body, "mp4")];
    } catch (error) {
      if (!isRefusal(error)) throw error;
      console.warn(
        `GetClip refused ${plan.fragments.length} fragments of ${target.stream.streamName}, keeping them as Matroska: ${error}`,
      );
    }
  }
  const stored: StoredClip[] = [];
  for (const { fragments, media } of await playableRuns(target.source, plan.fragments)) {
    stored.push(await put(target, fragments, matroska(fragments, media), "mkv"));
  }
  return stored;
}

/**
 * Errors of GetClip that say "never as a clip", as opposed to "not now". How it names a change of codec data within the
 * range is not documented; a range that came from a listing is no wrong argument for any other reason
 * (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/API_reader_GetClip.html#API_reader_GetClip_Errors).
 */
export function isRefusal(error: unknown): boolean {
  const refusals = [
    "InvalidArgumentException",
    "InvalidCodecPrivateDataException",
    "InvalidMediaFrameException",
    "MissingCodecPrivateDataException",
    "UnsupportedStreamMediaTypeException",
  ];
  return error instanceof Error && refusals.includes(error.name);
}

async function put(
  { vault, prefix, stream, tags }: ClipTarget,
  fragments: Fragment[],
  body: AsyncIterable<Uint8Array>,
  extension: "mp4" | "mkv",
): Promise<StoredClip> {
  const key = clipKey(prefix, stream.streamName, fragments, extension);
  const metadata = clipMetadata(stream, fragments);
  const contentType = extension === "mp4" ? "video/mp4" : "video/x-matroska";
  const { outcome, sizeBytes } = await vault.putIfAbsent({ key, body, contentType, metadata, tags });
  return {
    key,
    sizeBytes,
    durationMs: Number(metadata["duration-ms"]),
    fragmentCount: fragments.length,
    isNew: outcome === "stored",
  };
}

/** The fragments' media, cut where the Tracks change. Holds the media of one plan in memory: at most 95 MB. */
async function playableRuns(
  source: FragmentSource,
  fragments: Fragment[],
): Promise<{ fragments: Fragment[]; media: FragmentMedia[] }[]> {
  // Each asked fragment costs a point of 500 a second that live viewers share (quota "fragment points, media").
  const batchSize = 100;
  const byNumber = new Map<string, FragmentMedia>();
  for (let from = 0; from < fragments.length; from += batchSize) {
    const numbers = fragments.slice(from, from + batchSize).map((fragment) => fragment.fragmentNumber);
    for await (const media of readFragmentMedia(await source.media(numbers)))
      byNumber.set(media.fragmentNumber, media);
  }
  const runs: { fragments: Fragment[]; media: FragmentMedia[] }[] = [];
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
async function* matroska(fragments: Fragment[], media: FragmentMedia[]): AsyncGenerator<Uint8Array> {
  const [first] = media;
  const startMs = fragments[0]?.producerMs ?? 0;
  if (!first) return;
  yield mkvHeader(first.tracksElement, first.timecodeScaleNs);
  for (const [index, { cluster, timecodeScaleNs }] of media.entries()) {
    const offsetMs = (fragments[index]?.producerMs ?? startMs) - startMs;
    yield mkvCluster(cluster, Math.round((offsetMs * 1_000_000) / timecodeScaleNs));
  }
}
