import { expect } from "chai";
import * as fc from "fast-check";
import { BufferSource, EncodedPacketSink, Input, MATROSKA } from "mediabunny";
import type { Track } from "../../media/matroska";
import {
  clusterStart,
  concat,
  ebmlHeader,
  element,
  info,
  segmentStart,
  simpleBlock,
  streamHeader,
  tags,
} from "../../media/matroskaWriter";
import { dataHash, footageBytes, framesOf, ofKind, probe, readAll } from "./support";

const app = { muxingApp: "muxer", writingApp: "writer" };

describe("the Matroska writer", () => {
  it("writes the EBML header, the open Segment and the open Cluster byte for byte", () => {
    const written = concat([ebmlHeader(), segmentStart(), clusterStart(0x1234)]);

    const docType = "4282 0100000000000008 6d6174726f736b61";
    const versions = "4287 0100000000000001 04 4285 0100000000000001 02";
    const expected = `1a45dfa3 0100000000000028 ${docType} ${versions}
      18538067 01ffffffffffffff
      1f43b675 01ffffffffffffff e7 0100000000000002 1234`;
    expect(Buffer.from(written).toString("hex")).to.equal(expected.replaceAll(/\s/g, ""));
  });

  it("writes a SimpleBlock byte for byte, its timecode as two's complement", () => {
    const written = simpleBlock({
      track: 2,
      relativeTimecode: -2,
      keyframe: true,
      frame: Uint8Array.of(0xaa),
    });

    expect(Buffer.from(written).toString("hex")).to.equal("a30100000000000005" + "82fffe80aa");
  });

  it("writes tracks, tags and blocks that read back as they were", () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
    const tag = fc.record({ name: text, value: text });
    const block = fc.record({
      track: fc.integer({ min: 1, max: 126 }),
      relativeTimecode: fc.integer({ min: -32768, max: 32767 }),
      keyframe: fc.boolean(),
      frame: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(
        fc.array(trackArbitrary(text)),
        fc.array(tag),
        fc.array(block),
        fc.maxSafeNat(),
        (trackList, tagList, blocks, timecode) => {
          const bytes = concat([
            streamHeader({ ...app, title: "t", timecodeScaleNs: 500_000, tracks: trackList }),
            clusterStart(timecode),
            ...blocks.map(simpleBlock),
            tags(tagList),
          ]);

          const events = readAll(bytes);

          expect(ofKind(events, "info")[0]).to.include({ ...app, title: "t", timecodeScaleNs: 500_000 });
          expect(ofKind(events, "tracks")[0]!.tracks).to.deep.equal(trackList);
          expect(ofKind(events, "tags")[0]!.tags).to.deep.equal(tagList);
          expect(framesOf(events)).to.deep.equal(
            blocks.map(({ track, keyframe, frame, relativeTimecode }) => ({
              track,
              keyframe,
              bytes: frame,
              timecode: timecode + relativeTimecode,
            })),
          );
        },
      ),
    );
  });

  it("writes real footage anew so that ffprobe and mediabunny find every frame in its place", async () => {
    const events = readAll(footageBytes("talk-h264-aac.mkv"));
    const { tracks } = ofKind(events, "tracks")[0]!;
    const frames = framesOf(events);

    const written = concat([
      streamHeader({ ...app, tracks }),
      ...frames.map(({ track, timecode, keyframe, bytes }) =>
        concat([clusterStart(timecode), simpleBlock({ track, relativeTimecode: 0, keyframe, frame: bytes })]),
      ),
    ]);

    const probed = probe(written);
    expect(probed.streams.map((stream) => stream.codec_name)).to.deep.equal(["h264", "aac"]);
    expect(probed.packets.map((packet) => packet.data_hash)).to.have.members(
      frames.map((frame) => dataHash(frame.bytes)),
    );
    expect(await mediabunnyFrames(written)).to.deep.equal(
      frames.filter(({ track }) => track === 1).map(({ timecode, keyframe }) => ({ timecode, keyframe })),
    );
  });

  it("refuses a block that has no room for its timecode or track", () => {
    const block = { track: 1, relativeTimecode: 0, keyframe: true, frame: new Uint8Array() };

    expect(() => simpleBlock({ ...block, relativeTimecode: 32768 })).to.throw(
      RangeError,
      "Relative timecode 32768 is outside -32768 to 32767: start another Cluster.",
    );
    expect(() => simpleBlock({ ...block, track: 127 })).to.throw(RangeError, "tracks 1 to 126");
  });

  it("has ticks of a millisecond unless told otherwise", () => {
    const bytes = concat([ebmlHeader(), segmentStart(), info(app)]);

    const [read] = ofKind(readAll(bytes), "info");

    expect(read).to.include({ timecodeScaleNs: 1_000_000 });
    expect(element(0xec, new Uint8Array(3)).length).to.equal(12);
  });
});

function trackArbitrary(text: fc.Arbitrary<string>): fc.Arbitrary<Track> {
  return fc.record(
    {
      number: fc.integer({ min: 1, max: 126 }),
      uid: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      type: fc.constantFrom("video" as const, "audio" as const, "other" as const),
      codecId: text,
      codecPrivate: fc.uint8Array(),
      name: text,
      language: text,
      defaultDurationNs: fc.maxSafeNat(),
      video: fc.record({ widthPixels: fc.nat(), heightPixels: fc.nat() }),
      audio: fc.record(
        { samplingHz: fc.double({ noNaN: true }), channels: fc.nat(), bitDepth: fc.nat() },
        { requiredKeys: ["samplingHz", "channels"] },
      ),
    },
    { requiredKeys: ["number", "uid", "type", "codecId"] },
  );
}

/** Of the video track, in file order. */
async function mediabunnyFrames(bytes: Uint8Array) {
  const input = new Input({ source: new BufferSource(bytes), formats: [MATROSKA] });
  const track = await input.getPrimaryVideoTrack();
  const sink = new EncodedPacketSink(track!);
  const found: { timecode: number; keyframe: boolean }[] = [];
  for await (const packet of sink.packets()) {
    found.push({ timecode: Math.round(packet.timestamp * 1000), keyframe: packet.type === "key" });
  }
  return found;
}
