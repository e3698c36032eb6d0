import type { MatroskaError, MatroskaEvent, Tag, Track } from "../media/matroska";
import { makeMatroskaReader } from "../media/matroskaReader";

/** The media of one fragment, out of a GetMediaForFragmentList body. */
export interface FragmentMedia {
  fragmentNumber: string;
  timecodeScaleNs: number;
  tracks: Track[];
  /** The Tracks element as the camera sent it. Two fragments decode alike when these bytes are equal. */
  tracksElement: Uint8Array;
  /** Its Cluster: header, elements and blocks. */
  cluster: MatroskaEvent[];
  /** Its Cluster has no size and ended with the body: nothing in the bytes says whether frames are missing. */
  endsWithBody?: true;
}

/** Name of the error of a stream of which nothing can be read now: no fragment is to blame. */
export const STREAM_UNREADABLE = "StreamUnreadable";

/**
 * Reads such a body: for every fragment an EBML header, a Segment with the camera's Tracks, the service's tags (the
 * fragment number among them) and one Cluster. A fragment counts as read once what follows says nothing against it.
 * @returns the fragments that could be read, and a sentence for everything that could not: what the service said of a
 *   fragment in its tags, inside a response of status 200, or where the bytes stop being Matroska, which ends the reading
 *   (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/API_reader_GetMediaForFragmentList.html)
 * @throws STREAM_UNREADABLE when the service's error is the whole stream's, and whatever the body throws
 */
export async function readFragmentMedia(
  body: AsyncIterable<Uint8Array>,
): Promise<{ media: FragmentMedia[]; problems: string[] }> {
  const reader = makeMatroskaReader();
  const media: FragmentMedia[] = [];
  const problems: string[] = [];
  let isDamaged = false;
  let timecodeScaleNs = 1_000_000;
  let found: Pick<FragmentMedia, "tracks" | "tracksElement"> | undefined;
  let tags: Tag[] = [];
  let cluster: MatroskaEvent[] = [];
  /** The fragment that was read last, until something other than its own trailing tags follows. */
  let last: FragmentMedia | undefined;

  function take(read: () => MatroskaEvent[]): void {
    try {
      for (const event of read()) takeEvent(event);
    } catch (error) {
      const { code, events, message } = error as MatroskaError;
      if (code !== "INVALID_MATROSKA") throw error;
      for (const event of events) takeEvent(event);
      problems.push(message);
      isDamaged = true;
    }
  }

  function takeEvent(event: MatroskaEvent): void {
    if (event.kind === "ebml") {
      // Nothing of one fragment may pass for the next one's.
      [timecodeScaleNs, found, tags] = [1_000_000, undefined, []];
      keepLast();
    }
    if (event.kind === "info") timecodeScaleNs = event.timecodeScaleNs;
    if (event.kind === "tracks") found = { tracks: event.tracks, tracksElement: event.bytes };
    if (event.kind === "tags") {
      tags = tags.concat(event.tags);
      takeError();
    }
    if (event.kind === "cluster") cluster = [];
    if (["cluster", "clusterElement", "block", "clusterEnd"].includes(event.kind)) cluster.push(event);
    if (event.kind === "clusterEnd") takeFragment(event.offset);
  }

  function takeFragment(offset: number): void {
    const fragmentNumber = tagged("FRAGMENT_NUMBER");
    if (fragmentNumber && found) {
      keepLast();
      last = { fragmentNumber, timecodeScaleNs, ...found, cluster };
    } else {
      // Whose media this is, nobody said: the fragment before it may go on here.
      last = undefined;
      problems.push(`The media that ends at byte ${offset} carries no fragment number or no Tracks.`);
    }
    tags = [];
  }

  /** The API page spells the error tags one way and real responses another; both are read. */
  function takeError(): void {
    const said = ["ERROR_CODE", "EXCEPTION_ERROR_CODE", "ERROR_ID", "EXCEPTION_MESSAGE"].map(tagged);
    if (said.every((value) => value === undefined)) return;
    const fragmentNumber = tagged("FRAGMENT_NUMBER") ?? last?.fragmentNumber ?? "unknown";
    const answer = said.filter(Boolean).join(" ");
    const message = `Kinesis Video Streams could not read fragment ${fragmentNumber}: ${answer}`;
    // 3002: the response could not be written; 4500 to 4507: the stream's KMS key; 5000 and up: inside of the service.
    const ofWholeStream = /\b(3002|45\d\d|5\d\d\d)\b|KMS|ACCESS|THROTTL|LIMIT|INTERNAL|UNAVAILABLE|STREAM_/i;
    if (said.slice(0, 3).some((value) => ofWholeStream.test(value ?? ""))) {
      throw Object.assign(new Error(message), { name: STREAM_UNREADABLE });
    }
    if (last?.fragmentNumber === fragmentNumber) last = undefined;
    tags = [];
    problems.push(message);
  }

  /** The last of a name: the service writes its tags behind the camera's. */
  function tagged(name: string): string | undefined {
    return tags.filter((tag) => tag.name === `AWS_KINESISVIDEO_${name}`).at(-1)?.value;
  }

  function keepLast(): void {
    if (last) media.push(last);
    last = undefined;
  }

  for await (const chunk of body) {
    take(() => reader.push(chunk));
    if (isDamaged) break;
  }
  const endsWithBody = !isDamaged && last === undefined;
  if (!isDamaged) take(() => reader.end());
  if (last && endsWithBody) last.endsWithBody = true;
  keepLast();
  return { media, problems };
}
