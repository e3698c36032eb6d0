import type { MatroskaEvent, Tag } from "../media/matroska";
import { makeMatroskaReader } from "../media/matroskaReader";

/** The media of one fragment, out of a GetMediaForFragmentList body. */
export interface FragmentMedia {
  fragmentNumber: string;
  timecodeScaleNs: number;
  /** The Tracks element as the camera sent it. Two fragments decode alike when these bytes are equal. */
  tracksElement: Uint8Array;
  /** Its Cluster: header, elements and blocks. */
  cluster: MatroskaEvent[];
}

/**
 * Reads such a body: for every fragment an EBML header, a Segment with the camera's Tracks, the service's tags (the
 * fragment number among them) and one Cluster.
 * @throws `FRAGMENT_UNREADABLE` when the service reports a fragment's failure in its tags, which it does inside a
 * response of status 200 (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/API_reader_GetMediaForFragmentList.html)
 */
export async function* readFragmentMedia(body: AsyncIterable<Uint8Array>): AsyncGenerator<FragmentMedia> {
  const reader = makeMatroskaReader();
  let timecodeScaleNs = 1_000_000;
  let tracksElement: Uint8Array | undefined;
  let tags: Tag[] = [];
  let cluster: MatroskaEvent[] = [];

  function* take(events: MatroskaEvent[]): Generator<FragmentMedia> {
    for (const event of events) {
      // Nothing of one fragment may pass for the next one's.
      if (event.kind === "ebml") [timecodeScaleNs, tracksElement, tags] = [1_000_000, undefined, []];
      if (event.kind === "info") timecodeScaleNs = event.timecodeScaleNs;
      if (event.kind === "tracks") tracksElement = event.bytes;
      if (event.kind === "tags") {
        tags.push(...event.tags);
        throwIfFailed(tags);
      }
      if (event.kind === "cluster") cluster = [event];
      if (event.kind === "clusterElement" || event.kind === "block") cluster.push(event);
      if (event.kind === "clusterEnd") {
        cluster.push(event);
        const fragmentNumber = tagValue(tags, "AWS_KINESISVIDEO_FRAGMENT_NUMBER");
        if (!fragmentNumber || !tracksElement) {
          throw new Error(
            `the media at byte ${event.offset} carries no fragment number or no Tracks; it was not stored`,
          );
        }
        tags = [];
        yield { fragmentNumber, timecodeScaleNs, tracksElement, cluster };
      }
    }
  }

  for await (const chunk of body) yield* take(reader.push(chunk));
  yield* take(reader.end());
}

const tagValue = (tags: Tag[], name: string) => tags.find((tag) => tag.name === name)?.value;

/** The API page spells the error tags one way and real responses another; both are read. */
function throwIfFailed(tags: Tag[]): void {
  const code =
    tagValue(tags, "AWS_KINESISVIDEO_ERROR_CODE") ?? tagValue(tags, "AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE");
  const id = tagValue(tags, "AWS_KINESISVIDEO_ERROR_ID");
  if (code === undefined && id === undefined) return;
  const fragmentNumber = tagValue(tags, "AWS_KINESISVIDEO_FRAGMENT_NUMBER") ?? "unknown";
  const message =
    `Kinesis Video Streams could not read fragment ${fragmentNumber}: ${code ?? "error"} ${id ?? ""}`.trim();
  throw Object.assign(new Error(message), { name: "FRAGMENT_UNREADABLE", fragmentNumber });
}
