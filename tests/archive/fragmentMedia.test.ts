import { expect } from "chai";
import { readFragmentMedia } from "../../archive/fragmentMedia";
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

const track: Track = {
  number: 1,
  uid: 1,
  type: "video",
  codecId: "V_MPEG4/ISO/AVC",
  codecPrivate: Uint8Array.of(1),
  video: { widthPixels: 64, heightPixels: 36 },
};
const header = () => streamHeader({ tracks: [track], muxingApp: "camera", writingApp: "camera" });
const named = (fragmentNumber: string) =>
  tags([{ name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragmentNumber }]);
const cluster = (text: string) =>
  concat([
    clusterStart(0),
    simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame: Buffer.from(text) }),
  ]);

/** Reads a body that arrives in one piece; answers the fragments' numbers, or the error's message. */
async function read(...parts: Uint8Array[]): Promise<string[] | string> {
  const numbers: string[] = [];
  async function* body() {
    yield concat(parts);
  }
  try {
    for await (const { fragmentNumber } of readFragmentMedia(body())) numbers.push(fragmentNumber);
  } catch (error) {
    return (error as Error).message;
  }
  return numbers;
}

describe("the media of fragments", () => {
  it("is told apart by the number that the service writes before each Cluster", async () => {
    const one = [header(), named("1"), cluster("one")];
    const two = [header(), named("2"), cluster("two")];

    const numbers = await read(...one, ...two);

    expect(numbers).to.deep.equal(["1", "2"]);
  });

  it("is not taken for another fragment's where a Cluster has no number of its own", async () => {
    const failure = await read(header(), named("1"), cluster("one"), cluster("whose?"));

    expect(failure).to.contain("carries no fragment number");
  });

  it("is not decoded by another fragment's Tracks where it has none", async () => {
    const withoutTracks = concat([ebmlHeader(), segmentStart()]);

    const failure = await read(
      header(),
      named("1"),
      cluster("one"),
      withoutTracks,
      named("2"),
      cluster("two"),
    );

    expect(failure).to.contain("no Tracks");
  });

  it("fails where the service reports a failure after the bytes that it could read", async () => {
    const error = tags([{ name: "AWS_KINESISVIDEO_ERROR_ID", value: "5000" }]);

    const failure = await read(header(), named("1"), cluster("half"), error);

    expect(failure).to.contain("5000");
  });
});
