import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import * as fc from "fast-check";
import type { MatroskaEvent } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import {
  clusterStart,
  concat,
  ebmlHeader,
  element,
  simpleBlock,
  streamHeader,
  tags,
} from "../../media/matroskaWriter";
import {
  bytesOf,
  dataHash,
  footageBytes,
  framesOf,
  header,
  ofKind,
  probe,
  readAll,
  realFootage,
} from "./support";

const frame = Uint8Array.of(9, 8, 7);
const block = simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame });

/** A GetMedia response is one document after another; ffprobe warns of that and goes on. */
const quietly = ["-v", "fatal"];

/** A SimpleBlock of track 1 with these flags; all its bytes after the flags are given. */
function blockBytes(flags: number, ...rest: Uint8Array[]): Uint8Array {
  return element(0xa3, concat([Uint8Array.of(0x81, 0xff, 0xfe, flags), ...rest]));
}

function readBlock(bytes: Uint8Array) {
  return ofKind(readAll(concat([header, clusterStart(100), bytes])), "block")[0]!;
}

function readInChunks(bytes: Uint8Array, nextChunkBytes: () => number): MatroskaEvent[] {
  const reader = makeMatroskaReader();
  const events: MatroskaEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const chunk = bytes.slice(at, at + nextChunkBytes());
    events.push(...reader.push(chunk));
    chunk.fill(0xff);
    at += chunk.length;
  }
  return [...events, ...reader.end()];
}

describe("the Matroska reader", () => {
  for (const name of realFootage) {
    it(`finds the frames of ${name} that ffprobe finds`, () => {
      const bytes = footageBytes(name);

      const frames = framesOf(readAll(bytes));

      const expected = probe(bytes, ...quietly).packets.map((packet) => ({
        track: packet.stream_index + 1,
        keyframe: packet.flags.startsWith("K"),
        timecode: Math.round(Number(packet.pts_time) * 1000),
        hash: packet.data_hash,
      }));
      const found = frames.map(({ bytes: data, ...place }) => ({ ...place, hash: dataHash(data) }));
      expect(found.length).to.be.greaterThan(0);
      expect(isDeepStrictEqual(sortedByHash(found), sortedByHash(expected))).to.equal(true);
    });

    it(`leaves out no byte of ${name}: the events' bytes make the stream again`, () => {
      const bytes = footageBytes(name);

      const events = readAll(bytes);

      const parts = events.flatMap((event) => (event.kind === "clusterEnd" ? [] : [event.bytes]));
      expect(Buffer.compare(concat(parts), bytes)).to.equal(0);
    });

    it(`gives the same events for ${name} however it is cut`, () => {
      const bytes = footageBytes(name);
      const expected = readAll(bytes);

      for (const chunkBytes of [61, 4096, 1_000_003]) {
        let pushed = 0;
        const events = readInChunks(bytes, () => {
          pushed += 1;
          return pushed <= 2000 ? 1 : chunkBytes;
        });

        expect(isDeepStrictEqual(events, expected), `${chunkBytes} bytes at a time`).to.equal(true);
      }
    });
  }

  it("gives the same events for any cuts of any made-up stream", () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 90 }));
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 4 }), cuts, fc.boolean(), (clusters, sizes, sized) => {
        const bytes = concat([header, ...clusters.map((cluster, index) => clusterOf(cluster, index, sized))]);

        const events = readInChunks(bytes, () => sizes.next().value);

        expect(events).to.deep.equal(readAll(bytes));
        expect(framesOf(events).map((found) => found.bytes)).to.deep.equal(clusters.flat());
      }),
    );
  });

  it("takes the tags that Kinesis Video puts ahead of each fragment", () => {
    const bytes = footageBytes("kvs-getmedia-h264.mkv");

    const found = ofKind(readAll(bytes), "tags").flatMap((event) => event.tags);

    const numbers = found.filter((tag) => tag.name === "AWS_KINESISVIDEO_FRAGMENT_NUMBER");
    expect(numbers[0]!.value).to.equal("91343852333181432392682062607743920146159169392");
    expect(numbers.length).to.equal(5);
  });

  it("ends strings at their first NUL, since producers pad them", () => {
    const track = { number: 1, uid: 1n, type: "video" as const, codecId: "V_VP9\0\0\0\0" };
    const bytes = concat([
      streamHeader({ muxingApp: "camera\0", writingApp: "app", tracks: [track] }),
      tags([{ name: "A\0", value: "b\0c" }]),
    ]);

    const events = readAll(bytes);

    expect(ofKind(events, "tracks")[0]!.tracks[0]!.codecId).to.equal("V_VP9");
    expect(ofKind(events, "info")[0]!.muxingApp).to.equal("camera");
    expect(ofKind(events, "tags")[0]!.tags).to.deep.equal([{ name: "A", value: "b" }]);
  });

  it("keeps all 64 bits of a TrackUID", () => {
    const uid = 0xfedcba9876543211n;
    const track = { number: 1, uid, type: "audio" as const, codecId: "A_AAC" };

    const events = readAll(streamHeader({ muxingApp: "a", writingApp: "b", tracks: [track] }));

    expect(ofKind(events, "tracks")[0]!.tracks[0]!.uid).to.equal(uid);
  });

  it("reads a sampling rate of four bytes, and falls back on that of Matroska", () => {
    const audioTrack = (audio: string) =>
      element(0xae, concat([bytesOf("d7 81 01  83 81 02  86 81 41"), element(0xe1, bytesOf(audio))]));
    const entries = [audioTrack("b5 84 472c4400  9f 81 02"), audioTrack("")];

    const events = readAll(concat([header, element(0x1654ae6b, concat(entries))]));

    const read = ofKind(events, "tracks")[1]!.tracks.map((track) => track.audio);
    expect(read).to.deep.equal([
      { samplingHz: 44100, channels: 2 },
      { samplingHz: 8000, channels: 1 },
    ]);
  });

  it("reports a Cluster as soon as its Timecode is here, before any block", () => {
    const reader = makeMatroskaReader();
    reader.push(header);

    const events = reader.push(clusterStart(1234));

    expect(events.map((event) => event.kind)).to.deep.equal(["cluster", "clusterElement"]);
    expect(ofKind(events, "cluster")[0]!.timecode).to.equal(1234);
  });

  it("reports the Cluster first when something precedes its Timecode", () => {
    const crc = element(0xbf, Uint8Array.of(1, 2, 3, 4));
    const timecode = element(0xe7, Uint8Array.of(5));
    const bytes = concat([header, element(0x1f43b675, concat([crc, timecode, block]))]);

    const events = readAll(bytes).slice(4);

    expect(events.map((event) => event.kind)).to.deep.equal([
      "cluster",
      "clusterElement",
      "clusterElement",
      "block",
      "clusterEnd",
    ]);
  });

  it("ends a Cluster of unknown size at tags, and one of known size with its last byte", () => {
    const unknown = makeMatroskaReader();
    const known = makeMatroskaReader();
    const sized = element(0x1f43b675, concat([element(0xe7, Uint8Array.of(0)), block]));
    const endOfFragment = tags([{ name: "AWS_KINESISVIDEO_END_OF_FRAGMENT", value: "" }]);

    const unknownEvents = unknown.push(concat([header, clusterStart(0), block, endOfFragment]));
    const knownEvents = known.push(concat([header, sized]));

    expect(unknownEvents.slice(-2).map((event) => event.kind)).to.deep.equal(["clusterEnd", "tags"]);
    expect(knownEvents.at(-1)!.kind).to.equal("clusterEnd");
  });

  it("reads Clusters of unknown size in a Segment of known size, and ends the last with the Segment", () => {
    const cluster = concat([clusterStart(0), block]);
    const bytes = concat([ebmlHeader(), element(0x18538067, concat([cluster, cluster]))]);

    const events = makeMatroskaReader().push(bytes);

    const boundaries = events.filter(({ kind }) => kind === "cluster" || kind === "clusterEnd");
    expect(boundaries.map(({ kind, offset }) => ({ kind, offset }))).to.deep.equal([
      { kind: "cluster", offset: bytes.length - 2 * cluster.length },
      { kind: "clusterEnd", offset: bytes.length - cluster.length },
      { kind: "cluster", offset: bytes.length - cluster.length },
      { kind: "clusterEnd", offset: bytes.length },
    ]);
  });

  it("goes on with a new EBML header after a Segment of unknown size", () => {
    const fragment = concat([header, clusterStart(0), block]);

    const events = readAll(concat([fragment, fragment]));

    expect(ofKind(events, "ebml").map((event) => event.offset)).to.deep.equal([0, fragment.length]);
    expect(ofKind(events, "clusterEnd").length).to.equal(2);
  });

  it("reads a block's signed timecode and its key frame flag", () => {
    const read = readBlock(blockBytes(0x80, frame));

    expect(read).to.include({ track: 1, relativeTimecode: -2, keyframe: true });
    expect(read.frames).to.deep.equal([frame]);
  });

  it("tells from a BlockGroup's references whether it is a key frame, and its duration", () => {
    const inner = element(0xa1, bytesOf("81 0003 00 09"));
    const duration = element(0x9b, Uint8Array.of(40));
    const reference = element(0xfb, Uint8Array.of(0xd8));

    const key = readBlock(element(0xa0, concat([inner, duration])));
    const delta = readBlock(element(0xa0, concat([inner, reference])));

    expect(key).to.include({ keyframe: true, durationTicks: 40, relativeTimecode: 3 });
    expect(delta.keyframe).to.equal(false);
    expect(delta).not.to.have.property("durationTicks");
  });

  // The examples of RFC 9559, section 10: frames of 800, 500 and 1,000 bytes, and three of 800.
  const lacings = [
    { name: "Xiph", flags: 0x02, sizes: "02 ff ff ff 23 ff f5", frames: [800, 500, 1000] },
    { name: "Xiph (at its steps)", flags: 0x02, sizes: "02 fe ff 00", frames: [254, 255, 3] },
    { name: "EBML", flags: 0x06, sizes: "02 43 20 5e d3", frames: [800, 500, 1000] },
    { name: "fixed-size", flags: 0x04, sizes: "02", frames: [800, 800, 800] },
  ];
  for (const lacing of lacings) {
    it(`takes ${lacing.name} lacing apart`, () => {
      const frames = lacing.frames.map((size, index) => new Uint8Array(size).fill(index + 1));

      const read = readBlock(blockBytes(lacing.flags, bytesOf(lacing.sizes), ...frames));

      expect(read.frames).to.deep.equal(frames);
    });
  }
});

function clusterOf(frames: Uint8Array[], timecode: number, isSized: boolean): Uint8Array {
  const blocks = frames.map((bytes, index) =>
    simpleBlock({ track: 1, relativeTimecode: index, keyframe: index === 0, frame: bytes }),
  );
  if (!isSized) return concat([clusterStart(timecode), ...blocks]);
  return element(0x1f43b675, concat([element(0xe7, Uint8Array.of(timecode)), ...blocks]));
}

/** ffprobe interleaves tracks by time, Matroska by arrival. */
function sortedByHash<Item extends { hash: string; timecode: number }>(items: Item[]): Item[] {
  return [...items].sort((a, b) => a.hash.localeCompare(b.hash) || a.timecode - b.timecode);
}
