import type { Fragment } from "../../archive/fragment";
import type { FragmentSource } from "../../archive/ports";
import type { Track } from "../../media/matroska";
import {
  clusterStart,
  concat,
  ebmlHeader,
  segmentStart,
  simpleBlock,
  streamHeader,
  tags,
} from "../../media/matroskaWriter";
import { avc } from "../media/support";

/** What a camera sends ahead of its first Cluster. */
export const header = (...tracks: Track[]) =>
  streamHeader({
    tracks: tracks.length > 0 ? tracks : [avc],
    muxingApp: "camera",
    writingApp: "camera",
  });

/** The service's tag with a fragment's number. */
export const named = (fragmentNumber: string) =>
  tags([{ name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragmentNumber }]);

/** The service's tags of a failure, spelled as in real answers; ahead of them, a document's start. */
export const failed = (fragmentNumber: string, code = "FRAGMENT_NOT_FOUND", id = "3000") =>
  concat([
    ebmlHeader(),
    segmentStart(),
    tags([
      { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragmentNumber },
      { name: "AWS_KINESISVIDEO_ERROR_CODE", value: code },
      { name: "AWS_KINESISVIDEO_ERROR_ID", value: id },
    ]),
  ]);

/** A Cluster of unknown size with a frame of these bytes at each of the times. */
export const cluster = (text: string, timesMs: number[] = [0]) =>
  concat([
    clusterStart(0),
    ...timesMs.map((relativeTimecode) =>
      simpleBlock({
        track: 1,
        relativeTimecode,
        keyframe: relativeTimecode === 0,
        frame: Buffer.from(text),
      }),
    ),
  ]);

/** A source that answers media alone: the body that `answer` makes for the numbers of a call. */
export const mediaSource = (answer: (numbers: string[], call: number) => Uint8Array[]) => {
  const calls: string[][] = [];
  const source: Pick<FragmentSource, "media"> = {
    async media(numbers) {
      calls.push(numbers);
      const parts = answer(numbers, calls.length);
      return (async function* body() {
        yield* parts;
      })();
    },
  };
  return { source: source as FragmentSource, calls };
};

/** Fragments 1, 2, 3 … as they are listed: 100 ms long, one after the other. */
export const listed = (count: number): Fragment[] =>
  Array.from({ length: count }, (_, index) => ({
    fragmentNumber: String(index + 1),
    serverMs: 1_000_000 + index * 100,
    producerMs: 2_000_000 + index * 100,
    durationMs: 100,
    sizeBytes: 1000,
  }));
