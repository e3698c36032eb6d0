import { Readable } from "node:stream";
import { ebmlHeader, segmentStart, tags } from "../../media/matroskaWriter";
import type { Archive } from "./archivedMedia";
import { sequenceOf } from "./fragmentNumber";
import type { FragmentRecord } from "./fragmentStore";
import { invalidArgument } from "./input";
import { KEY_ERRORS } from "./streamKey";
import type { StreamReference } from "./streams";

/** Most fragments of one request (quota page). */
const MAX_FRAGMENTS = 1000;

const NOT_FOUND = { code: "FRAGMENT_NOT_FOUND", id: 3000 };

/** Input of GetMediaForFragmentList. */
export interface GetMediaForFragmentListInput extends StreamReference {
  Fragments?: unknown;
}

/**
 * GetMediaForFragmentList (archived media API): the fragments as they were sent, each as a Matroska document of its own
 * with the service's tags ahead of the Cluster. A fragment that is not held, or cannot be decrypted, is told in-band. Costs a media point for
 * every fragment asked for.
 */
export async function getMediaForFragmentList(
  archive: Archive,
  input: GetMediaForFragmentListInput,
): Promise<object> {
  const numbers = readNumbers(input.Fragments);
  archive.spend("media", numbers.length);
  const held = new Map(archive.store.fragments().map((fragment) => [fragment.fragmentNumber, fragment]));

  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const number of numbers) {
      const fragment = held.get(number);
      const parts = (fragment && (await readChunk(archive, fragment))) ?? errorChunk(number, NOT_FOUND);
      for (const part of parts) {
        archive.metric("OutgoingBytes", part.length, "Bytes");
        yield part;
      }
    }
  }
  return { ContentType: "video/webm", Payload: Readable.from(chunks(), { objectMode: false }) };
}

function readNumbers(given: unknown): string[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_FRAGMENTS) {
    throw invalidArgument(`Fragments must list 1 to ${MAX_FRAGMENTS} fragment numbers.`);
  }
  if (!given.every((number) => typeof number === "string" && sequenceOf(number) !== undefined)) {
    throw invalidArgument("Fragment numbers are invalid");
  }
  return given as string[];
}

/** A fragment's document, or nothing when it expired since it was listed. */
async function readChunk(archive: Archive, fragment: FragmentRecord): Promise<Uint8Array[] | undefined> {
  const { store } = archive;
  const seconds = (timestampMs: number) => (timestampMs / 1000).toFixed(3);
  const keyError = await archive.askKey();
  if (keyError) return errorChunk(fragment.fragmentNumber, { code: keyError, id: KEY_ERRORS[keyError] });
  try {
    const [header, media] = await Promise.all([store.header(fragment), store.media(fragment)]);
    const serviceTags = tags([
      { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragment.fragmentNumber },
      { name: "AWS_KINESISVIDEO_SERVER_TIMESTAMP", value: seconds(fragment.serverTimestampMs) },
      { name: "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", value: seconds(fragment.producerTimestampMs) },
    ]);
    return [header, serviceTags, media];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The names of the error tags are those of real answers; the API page has others (…_EXCEPTION_ERROR_CODE). */
function errorChunk(fragmentNumber: string, error: { code: string; id: number }): Uint8Array[] {
  const errorTags = tags([
    { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragmentNumber },
    { name: "AWS_KINESISVIDEO_ERROR_CODE", value: error.code },
    { name: "AWS_KINESISVIDEO_ERROR_ID", value: String(error.id) },
  ]);
  return [ebmlHeader(), segmentStart(), errorTags];
}
