import { Readable } from "node:stream";
import { awsError } from "../core/errors";
import type { Archive } from "./archivedMedia";
import { makeClipMovie } from "./clipMovie";
import { selectClip } from "./clipSelection";
import { type FragmentSelector, type FragmentSelectorInput, readSelector } from "./fragmentSelector";
import { invalidArgument } from "./input";
import type { StreamReference } from "./streams";

const MAX_RANGE_MS = 24 * 3_600_000;

/** Input of GetClip. */
export interface GetClipInput extends StreamReference {
  ClipFragmentSelector?: FragmentSelectorInput;
}

/**
 * GetClip (archived media API): the fragments that start in a range as one MP4 file, silently cut at 200 fragments or
 * 100 MB. Costs a metadata and a media point for every fragment in the clip.
 */
export async function getClip(archive: Archive, input: GetClipInput): Promise<object> {
  const nowMs = archive.nowMs();
  const selector = readSelector(input.ClipFragmentSelector, "ClipFragmentSelector");
  checkRange(selector, nowMs);

  const fragments = selectClip(archive.store.fragments(), selector);
  if (fragments.length === 0) {
    throw awsError(
      "ResourceNotFoundException",
      404,
      "No fragments found in the stream for the clip request.",
    );
  }
  const keyError = await archive.askKey();
  if (keyError === "KMS_KEY_ACCESS_DENIED") {
    throw awsError("NotAuthorizedException", 401, "The caller may not use the KMS key of the stream.");
  }
  if (keyError) throw invalidArgument(`The KMS key of the stream cannot be used: ${keyError}.`);
  archive.spend("metadata", fragments.length);
  archive.spend("media", fragments.length);
  const movie = await makeClipMovie(archive.store, fragments, nowMs);
  archive.metric("OutgoingBytes", movie.length, "Bytes");
  return { ContentType: "video/mp4", Payload: Readable.from([movie]) };
}

/** API page of ClipTimestampRange. */
function checkRange({ origin, startMs, endMs }: FragmentSelector, nowMs: number): void {
  if (endMs <= startMs) throw invalidArgument("EndTimestamp must be later than StartTimestamp.");
  if (endMs - startMs > MAX_RANGE_MS) {
    throw invalidArgument("EndTimestamp must be within 24 hours of StartTimestamp.");
  }
  if (origin === "SERVER_TIMESTAMP" && endMs > nowMs) {
    throw invalidArgument("EndTimestamp must be in the past for SERVER_TIMESTAMP.");
  }
}
