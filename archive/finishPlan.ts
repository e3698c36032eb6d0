import * as crypto from "node:crypto";
import { clipMovie } from "./clipMovie";
import { fetchFragments } from "./fetchFragments";
import type { Fragment } from "./fragment";
import { type Container, clipKey, fragmentListHash } from "./keys";
import { fromRow, type PlannedClip, type SplitChange, type StoredChange, toRow } from "./ledger";
import { matroska } from "./matroskaClip";
import { fitsMovie, movieClip } from "./movieClip";
import { makeOthersAreRead } from "./othersAreRead";
import type { FragmentSource, HeldObject, ServerTimeRange, StreamDescription, Vault } from "./ports";
import { textBody } from "./text";

/** Where clips come from and go to, and what they are marked with. */
export interface ClipTarget {
  source: FragmentSource;
  vault: Vault;
  prefix: string;
  stream: StreamDescription;
  tags: Record<string, string>;
  /** Server time before which Kinesis Video Streams holds nothing any more. */
  expiredToMs: number;
  /** The instant as of which the round looks at the stream. */
  nowMs: number;
  /** Plans that were written by then are overdue: what stands in their way is not waited for any more. */
  overdueToMs: number;
}

type FetchedFragments = Awaited<ReturnType<typeof fetchFragments>>;

/** Why a plan is replaced whose key holds what no archiver put there; that object is left as it is. */
export const FOREIGN = "its key holds an object of somebody else's";

/** Metadata of an object that decides a key without holding a clip. */
const VOID = "void";

/**
 * Finishes a plan exactly as it is written, whoever wrote it and however far someone else has come. Looks at its key
 * first: an object that is there is adopted, a void one has the plan replaced; only then is Kinesis Video Streams asked.
 * @param plannedMs when it was written; one that is overdue is made of what can be had of it, so that others go on
 * @returns the change to record: `stored`, or `split` when the plan cannot be one object, with its key made void
 */
export async function finishPlan(
  target: ClipTarget,
  clip: PlannedClip,
  plannedMs: number,
): Promise<StoredChange | SplitChange> {
  // Listed, since a role that may list only some prefixes is refused a key that is absent.
  const [found] = await target.vault.firstKeys(clip.key, 1);
  const held = found === clip.key ? await target.vault.get(clip.key) : undefined;
  if (held) return decided(target, clip, held);
  const isOverdue = plannedMs <= target.overdueToMs;
  try {
    if (clip.range) return await finishByRange(target, clip, { range: clip.range, isOverdue });
    return await finishByNumber(target, clip, isOverdue);
  } catch (error) {
    const isExpiring = clip.fragments.some(([, serverMs]) => serverMs < target.expiredToMs);
    if (!isExpiring) throw error;
    return giveUp(target, clip, `some of it is past its retention, and ${error}`);
  }
}

/** Takes a plan's clip from GetClip. */
async function finishByRange(
  target: ClipTarget,
  clip: PlannedClip,
  { range, isOverdue }: { range: ServerTimeRange; isOverdue: boolean },
): Promise<StoredChange | SplitChange> {
  const movie = clipMovie(target.source, clip.fragments.map(fromRow), range);
  try {
    return await put(target, clip, await movie.ask());
  } catch (error) {
    const isHopeless = movie.isRefused(error) || (isOverdue && (await movie.hasFailedAlone()));
    if (!isHopeless) throw error;
    return giveUp(target, clip, String(error));
  }
}

/** Makes a plan's clip from the fragments themselves. */
async function finishByNumber(
  target: ClipTarget,
  clip: PlannedClip,
  isOverdue: boolean,
): Promise<StoredChange | SplitChange> {
  const fragments = clip.fragments.map(fromRow);
  const othersAreRead = isOverdue ? makeOthersAreRead(target, fragments) : undefined;
  const fetched = await fetchFragments(target.source, fragments, othersAreRead);
  const { runs, unreadable } = fetched;
  const [run] = runs;
  const isMovie = clip.key.endsWith(".mp4");
  if (unreadable.length > 0) return giveUp(target, clip, inShort(fetched.problems), fetched);
  if (!run || runs.length > 1) return giveUp(target, clip, "the codec data changes within it", fetched);
  if (isMovie && !fitsMovie(run)) return giveUp(target, clip, "it does not fit into MP4", fetched);
  return put(target, clip, isMovie ? movieClip(run) : matroska(run));
}

/** A sentence for each of 200 fragments would outgrow the entry that is to hold them. */
const inShort = ([first = "", ...others]: string[]) =>
  others.length > 0 ? `${first} And ${others.length} more.` : first;

/** What a key that is taken says about its plan. */
async function decided(
  target: ClipTarget,
  clip: PlannedClip,
  held: HeldObject,
): Promise<StoredChange | SplitChange> {
  if (held.metadata.decision === VOID) return split(target, clip, "its key is void");
  if (!isClipOf(held, clip)) return split(target, clip, FOREIGN);
  return { ...(await adopted(clip.key, held)), source: sourceOf(clip) };
}

const isClipOf = ({ metadata }: HeldObject, { fragments }: PlannedClip) =>
  metadata["fragment-list-sha256"] === fragmentListHash(fragments.map(fromRow));

/** What is recorded of an object that was there already. */
async function adopted(key: string, held: HeldObject): Promise<Omit<StoredChange, "source">> {
  const measured = measure(held.body);
  for await (const _ of measured.body);
  return { kind: "stored", key, ...measured.result(), checksum: held.checksum };
}

/**
 * Ends an open plan whose entry cannot be read any more. An object under its key is what was planned, and adopted; where
 * there is none, the key is made void, so that nobody who still holds the plan can store it.
 */
export async function endLostPlan(target: ClipTarget, key: string): Promise<StoredChange | SplitChange> {
  const because = "the entry that planned it cannot be read";
  const held = await putVoid(target, key, because);
  const isClip = held && held.metadata["fragment-list-sha256"] !== undefined;
  if (!isClip) return { kind: "split", voidKey: key, because, clips: [] };
  return { ...(await adopted(key, held)), source: "unknown" };
}

async function put(
  target: ClipTarget,
  clip: PlannedClip,
  body: AsyncIterable<Uint8Array>,
): Promise<StoredChange | SplitChange> {
  const { vault, stream, tags } = target;
  const { key } = clip;
  const contentType = key.endsWith(".mp4") ? "video/mp4" : "video/x-matroska";
  const metadata = clipMetadata(stream, clip.fragments.map(fromRow));
  const measured = measure(body);
  const { outcome, checksum } = await vault.putIfAbsent({
    key,
    body: measured.body,
    contentType,
    metadata,
    tags,
  });
  if (outcome === "present") return decided(target, clip, await presentAt(vault, key));
  return { kind: "stored", key, ...measured.result(), checksum, source: sourceOf(clip) };
}

const sourceOf = ({ range }: PlannedClip) => (range ? "get-clip" : "fragments");

/** Decides a key for good before its plan is replaced: whoever still works on the plan finds it taken. */
async function giveUp(
  target: ClipTarget,
  clip: PlannedClip,
  because: string,
  fetched?: FetchedFragments,
): Promise<StoredChange | SplitChange> {
  console.warn(`${clip.key} cannot be stored as planned, its fragments are kept otherwise: ${because}`);
  const held = await putVoid(target, clip.key, because);
  if (held && isClipOf(held, clip)) return decided(target, clip, held);
  return split(target, clip, because, fetched);
}

/** Makes a key void, unless something lies there already: that is answered then. */
async function putVoid(
  { vault, tags }: ClipTarget,
  key: string,
  because: string,
): Promise<HeldObject | undefined> {
  const metadata = { decision: VOID };
  const body = textBody(`void: ${because}\n`);
  const { outcome } = await vault.putIfAbsent({ key, body, contentType: "text/plain", metadata, tags });
  return outcome === "present" ? presentAt(vault, key) : undefined;
}

/**
 * The plans that take a void plan's place: as its fragments were fetched, or all that can still be had of it, to be
 * fetched. What cannot be read is owed for as long as it is held.
 */
function split(
  { prefix, stream, expiredToMs }: ClipTarget,
  clip: PlannedClip,
  because: string,
  fetched?: FetchedFragments,
): SplitChange {
  const isHeld = ({ serverMs }: Fragment) => serverMs >= expiredToMs;
  const replacement = (list: Fragment[], extension: Container): PlannedClip => ({
    key: clipKey(prefix, stream.streamName, list, { extension, replaces: clip.key }),
    fragments: list.map(toRow),
  });
  const missing = fetched ? fetched.unreadable : clip.fragments.map(fromRow);
  const held = missing.filter(isHeld);
  const lost = missing.filter((fragment) => !isHeld(fragment)).map(toRow);
  const deferred = fetched ? held.map(toRow) : [];
  const clips = (fetched?.runs ?? []).map((run) =>
    replacement(run.fragments, fitsMovie(run) ? "mp4" : "mkv"),
  );
  if (!fetched && held.length > 0) clips.push(replacement(held, "mp4"));
  return {
    kind: "split",
    voidKey: clip.key,
    because,
    clips,
    ...(deferred.length > 0 ? { deferred } : {}),
    ...(lost.length > 0 ? { lost } : {}),
  };
}

async function presentAt(vault: Vault, key: string): Promise<HeldObject> {
  const held = await vault.get(key);
  if (!held) throw new Error(`${key} is being written by someone else, or was deleted; the next try tells`);
  return held;
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
