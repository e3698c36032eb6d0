import * as crypto from "node:crypto";
import { makeMp4Reader } from "../media/mp4Reader";
import { checkClip } from "./checkClip";
import type { Fragment } from "./fragment";
import { clipKey, fragmentListHash } from "./keys";
import { fromRow, type PlannedClip, type SplitChange, type StoredChange, textBody, toRow } from "./ledger";
import { matroska, playableRuns } from "./matroskaClip";
import type { FragmentSource, HeldObject, StreamDescription, Vault } from "./ports";

/** Where clips come from and go to, and what they are marked with. */
export interface ClipTarget {
  source: FragmentSource;
  vault: Vault;
  prefix: string;
  stream: StreamDescription;
  tags: Record<string, string>;
  /** Server time before which Kinesis Video Streams holds nothing any more. */
  expiredToMs: number;
}

/** Name of the error of a clip that is not what its plan says. */
const NOT_AS_PLANNED = "ClipNotAsPlanned";

/** Metadata of an object that decides a key without holding a clip. */
const VOID = "void";

/**
 * Finishes a plan exactly as it is written, whoever wrote it and however far someone else has come. Looks at its key
 * first: an object that is there is adopted, a void one has the plan replaced; only then is Kinesis Video Streams asked.
 * @returns the change to record: `stored`, or `split` when the plan cannot be one object, with its key made void
 */
export async function finishPlan(target: ClipTarget, clip: PlannedClip): Promise<StoredChange | SplitChange> {
  const held = await target.vault.get(clip.key);
  if (held) return decided(target, clip, held);

  const fragments = clip.fragments.map(fromRow);
  if (fragments.some(({ serverMs }) => serverMs < target.expiredToMs)) {
    return giveUp(target, clip, "some of it is past its retention");
  }
  if (!clip.range) {
    const runs = await playableRuns(target.source, fragments);
    const [only, ...others] = runs;
    if (only && others.length === 0) return put(target, clip, matroska(only));
    const lists = runs.map((run) => run.fragments);
    return giveUp(target, clip, "the codec data changes within it", lists);
  }
  try {
    const movie = checked(await target.source.clip(clip.range), fragments);
    return await put(target, clip, movie);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return giveUp(target, clip, String(error));
  }
}

/**
 * Errors that say "never as a clip of GetClip", as opposed to "not now". How it names a change of codec data within the
 * range is not documented; a range that came from a listing is no wrong argument for any other reason
 * (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/API_reader_GetClip.html#API_reader_GetClip_Errors).
 */
export function isRefusal(error: unknown): boolean {
  const refusals = [
    NOT_AS_PLANNED,
    "InvalidArgumentException",
    "InvalidCodecPrivateDataException",
    "InvalidMediaFrameException",
    "MissingCodecPrivateDataException",
    "UnsupportedStreamMediaTypeException",
  ];
  const isBrokenMovie = (error as { code?: string }).code === "INVALID_MP4";
  return isBrokenMovie || (error instanceof Error && refusals.includes(error.name));
}

/** What a key that is taken says about its plan. */
async function decided(
  target: ClipTarget,
  clip: PlannedClip,
  held: HeldObject,
): Promise<StoredChange | SplitChange> {
  if (held.metadata.decision === VOID) return split(target, clip, "its key is void");
  if (held.metadata["fragment-list-sha256"] !== fragmentListHash(clip.fragments.map(fromRow))) {
    throw new Error(
      `${clip.key} holds another clip than its plan says; move the object away, and it is made anew`,
    );
  }
  const measured = measure(held.body);
  for await (const _ of measured.body);
  return { kind: "stored", key: clip.key, ...measured.result() };
}

async function put(
  target: ClipTarget,
  clip: PlannedClip,
  body: AsyncIterable<Uint8Array>,
): Promise<StoredChange | SplitChange> {
  const { vault, stream, tags } = target;
  const contentType = clip.range ? "video/mp4" : "video/x-matroska";
  const metadata = clipMetadata(stream, clip.fragments.map(fromRow));
  const measured = measure(body);
  const outcome = await vault.putIfAbsent({
    key: clip.key,
    body: measured.body,
    contentType,
    metadata,
    tags,
  });
  if (outcome === "stored") return { kind: "stored", key: clip.key, ...measured.result() };
  return decided(target, clip, await presentAt(vault, clip.key));
}

/** Decides a key for good before its plan is replaced: whoever still works on the plan finds it taken. */
async function giveUp(
  target: ClipTarget,
  clip: PlannedClip,
  because: string,
  lists?: Fragment[][],
): Promise<StoredChange | SplitChange> {
  console.warn(`${clip.key} cannot be stored as planned, its fragments are kept otherwise: ${because}`);
  const { vault, tags } = target;
  const metadata = { decision: VOID };
  const body = textBody(`void: ${because}\n`);
  const outcome = await vault.putIfAbsent({ key: clip.key, body, contentType: "text/plain", metadata, tags });
  if (outcome === "present") {
    const held = await presentAt(vault, clip.key);
    if (held.metadata.decision !== VOID) return decided(target, clip, held);
  }
  return split(target, clip, because, lists);
}

/** The plans that take a void plan's place: what can still be had of it, in the given lists, fetched by number. */
function split(
  { prefix, stream, expiredToMs }: ClipTarget,
  clip: PlannedClip,
  because: string,
  lists: Fragment[][] = [clip.fragments.map(fromRow)],
): SplitChange {
  const isExpired = ({ serverMs }: Fragment) => serverMs < expiredToMs;
  const clips = lists
    .map((list) => list.filter((fragment) => !isExpired(fragment)))
    .filter((list) => list.length > 0)
    .map((list) => ({
      key: clipKey(prefix, stream.streamName, list, { extension: "mkv", replaces: clip.key }),
      fragments: list.map(toRow),
    }));
  const expired = lists.flat().filter(isExpired).map(toRow);
  return { kind: "split", voidKey: clip.key, because, clips, ...(expired.length > 0 ? { expired } : {}) };
}

async function presentAt(vault: Vault, key: string): Promise<HeldObject> {
  const held = await vault.get(key);
  if (!held) throw new Error(`${key} was there and is gone: someone deletes objects of this archive`);
  return held;
}

/** Passes a movie on and holds it against its plan: before it ends, so that one that differs is never stored. */
async function* checked(movie: AsyncIterable<Uint8Array>, fragments: Fragment[]): AsyncGenerator<Uint8Array> {
  const reader = makeMp4Reader();
  for await (const chunk of movie) {
    reader.push(chunk);
    yield chunk;
  }
  const difference = checkClip(fragments, reader.end());
  if (difference) throw Object.assign(new Error(difference), { name: NOT_AS_PLANNED });
}

/** Counts and hashes a body while it passes. */
function measure(body: AsyncIterable<Uint8Array>) {
  const hash = crypto.createHash("sha256");
  let sizeBytes = 0;
  async function* pass() {
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      hash.update(chunk);
      yield chunk;
    }
  }
  return { body: pass(), result: () => ({ sizeBytes, sha256: hash.digest("hex") }) };
}

/** The metadata of a clip object: which fragments of which life of the stream it holds, and how long it plays. */
function clipMetadata(stream: StreamDescription, fragments: Fragment[]): Record<string, string> {
  const [first, last] = [fragments[0], fragments.at(-1)];
  if (!first || !last) throw new Error(`a clip of ${stream.streamName} was planned without fragments`);
  return {
    "first-fragment": first.fragmentNumber,
    "last-fragment": last.fragmentNumber,
    "fragment-count": String(fragments.length),
    "fragment-list-sha256": fragmentListHash(fragments),
    "start-ms": String(first.producerMs),
    "duration-ms": String(last.producerMs + last.durationMs - first.producerMs),
  };
}
