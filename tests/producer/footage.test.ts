import * as fs from "node:fs";
import { expect } from "chai";
import type { Track } from "../../media/matroska";
import {
  clusterStart,
  concat,
  ebmlHeader,
  segmentStart,
  simpleBlock,
  streamHeader,
} from "../../media/matroskaWriter";
import { openFootage } from "../../producer/footage";
import type { Fragment } from "../../producer/fragments";
import { endOfFragment, headerOf, piecesOf } from "../../producer/stream";
import { dataHash, footageBytes, probe } from "../media/support";
import { footage } from "../support/footage";

const h264: Track = {
  number: 1,
  uid: 1n,
  type: "video",
  codecId: "V_MPEG4/ISO/AVC",
  codecPrivate: Uint8Array.of(1, 100, 0, 30),
};

function matroska(tracks: Track[], ...rest: Uint8Array[]): Uint8Array {
  return concat([streamHeader({ muxingApp: "test", writingApp: "test", tracks }), ...rest]);
}

/** A Cluster of one key frame. */
function picture(timeMs: number): Uint8Array {
  const frame = Uint8Array.of(timeMs & 0xff);
  return concat([
    clusterStart(timeMs),
    simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame }),
  ]);
}

async function* bytes(...chunks: Uint8Array[]) {
  yield* chunks;
}

async function take(fragments: AsyncIterable<Fragment>, limit = Number.POSITIVE_INFINITY) {
  const taken: Fragment[] = [];
  for await (const fragment of fragments) {
    taken.push(fragment);
    if (taken.length === limit) break;
  }
  return taken;
}

async function failureOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("It did not fail.");
}

describe("Footage", () => {
  const files = ["talk-h264-aac.mkv", "kvs-clusters-h264.mkv", "clock.mkv", "garden.mkv"];
  for (const name of files) {
    it(`of ${name} goes out as a stream in which ffprobe finds every coded frame of the file, in order`, async () => {
      const { tracks, fragments } = await openFootage(() => fs.createReadStream(footage(name)));

      const taken = await take(fragments);
      const pieces = taken.flatMap((fragment) => [...piecesOf(fragment, fragment.startMs)]);
      const stream = concat([headerOf(tracks), ...pieces.map((piece) => piece.bytes), endOfFragment()]);

      const inFile = probe(footageBytes(name), "-v", "fatal").packets;
      const sent = probe(stream).packets;
      for (const track of [0, 1]) {
        const frames = (packets: typeof sent) =>
          packets
            .filter((packet) => packet.stream_index === track)
            .map((packet) => `${packet.pts_time} ${packet.data_hash} ${packet.flags[0]}`);
        expect(frames(sent)).to.deep.equal(frames(inFile));
      }
      for (const { frames } of taken) expect(frames.some((frame) => frame.keyframe)).to.equal(true);
    });
  }

  it("that is unwrapped from a GetMedia response keeps its frames", async () => {
    const name = "kvs-getmedia-h264.mkv";
    const { fragments } = await openFootage(() => fs.createReadStream(footage(name)));

    const taken = await take(fragments);

    const hashes = taken.flatMap((fragment) => fragment.frames.map((frame) => dataHash(frame.bytes)));
    const inFile = probe(footageBytes(name), "-v", "fatal").packets;
    expect(hashes).to.deep.equal(inFile.map((packet) => packet.data_hash));
  });

  it("that loops goes on without a gap or an overlap", async () => {
    const once = await openFootage(() => fs.createReadStream(footage("garden.mkv")));
    const round = await take(once.fragments);
    const looped = await openFootage(() => fs.createReadStream(footage("garden.mkv")), { loop: true });

    const taken = await take(looped.fragments, 2 * round.length);

    const ends = taken.map(({ startMs, durationMs }) => startMs + durationMs);
    expect(taken.slice(1).map(({ startMs }) => startMs)).to.deep.equal(ends.slice(0, -1));
    expect(
      taken.slice(round.length).map(({ frames }) => frames.map(({ bytes }) => dataHash(bytes))),
    ).to.deep.equal(round.map(({ frames }) => frames.map(({ bytes }) => dataHash(bytes))));
  });

  it("that starts late starts at 0 all the same, whatever its ticks are", async () => {
    const header = streamHeader({
      muxingApp: "test",
      writingApp: "test",
      tracks: [h264],
      timecodeScaleNs: 100_000,
    });
    const clusters = [0, 20_000, 40_000].map((ticks) => picture(7_000_000 + ticks));

    const { fragments } = await openFootage(() => bytes(header, ...clusters));

    const taken = await take(fragments);
    expect(taken.map(({ startMs }) => startMs)).to.deep.equal([0, 2000, 4000]);
  });

  it("that is cut off in mid-element is sent as far as it goes, with a note", async () => {
    const whole = footageBytes("clock.mkv");
    const notes: string[] = [];

    const { fragments } = await openFootage(() => bytes(whole.subarray(0, 300_000)), {
      onNote: (note) => notes.push(note),
    });

    const taken = await take(fragments);
    expect(taken.length).to.be.greaterThan(3);
    expect(notes).to.have.length(1);
    expect(notes[0]).to.match(/ends in the middle of .* What came before is sent\./);
  });

  it("with garbage in it is sent up to there before the error", async () => {
    const taken: Fragment[] = [];
    const file = matroska([h264], picture(0), picture(2000), new Uint8Array(20));
    const { fragments } = await openFootage(() => bytes(file));

    const message = await failureOf(async () => {
      for await (const fragment of fragments) taken.push(fragment);
    });

    expect(message).to.match(/Invalid Matroska at byte/);
    expect(taken.map(({ startMs }) => startMs)).to.deep.equal([0, 2000]);
  });

  it("sends the video as track 1 and the sound as track 2, and names what it leaves out", async () => {
    const aac: Track = {
      number: 3,
      uid: 3n,
      type: "audio",
      codecId: "A_AAC",
      codecPrivate: Uint8Array.of(17, 144),
    };
    const subtitles: Track = { number: 2, uid: 2n, type: "other", codecId: "S_TEXT/UTF8" };
    const file = matroska([aac, subtitles, { ...h264, number: 7 }]);

    const { tracks, leftOut } = await openFootage(() => bytes(file));

    expect(tracks.map(({ number, codecId }) => [number, codecId])).to.deep.equal([
      [1, "V_MPEG4/ISO/AVC"],
      [2, "A_AAC"],
    ]);
    expect(leftOut.map(({ codecId }) => codecId)).to.deep.equal(["S_TEXT/UTF8"]);
  });

  const unfit: { name: string; file: Uint8Array; message: RegExp }[] = [
    { name: "is text", file: new TextEncoder().encode("# Notes\n"), message: /expected an EBML header/ },
    { name: "is empty", file: new Uint8Array(), message: /no Tracks/ },
    {
      name: "has other video",
      file: matroska([{ ...h264, codecId: "V_VP9" }]),
      message: /has V_VP9, but H\.264 video is needed: convert it/,
    },
    {
      name: "has other sound",
      file: matroska([h264, { number: 2, uid: 2n, type: "audio", codecId: "A_OPUS" }]),
      message: /has A_OPUS sound, but AAC is needed: convert it/,
    },
    {
      name: "lacks the codec's set-up data",
      file: matroska([{ ...h264, codecPrivate: undefined }]),
      message: /video track has no codec set-up data/,
    },
    {
      name: "has media ahead of its tracks",
      file: concat([ebmlHeader(), segmentStart(), picture(0)]),
      message: /no Tracks/,
    },
  ];
  for (const { name, file, message } of unfit) {
    it(`is refused in one line when it ${name}`, async () => {
      const open = () => bytes(file);

      const said = await failureOf(() => openFootage(open));

      expect(said).to.match(message);
    });
  }

  it("without a key frame is refused, looped or not", async () => {
    const { fragments } = await openFootage(() => bytes(matroska([h264])), { loop: true });

    const message = await failureOf(() => take(fragments));

    expect(message).to.match(/no video key frame/);
  });

  it("whose codec changes on the way is sent up to there", async () => {
    const other = matroska([{ ...h264, codecPrivate: Uint8Array.of(1, 77, 0, 30) }], picture(4000));
    const { fragments } = await openFootage(() => bytes(matroska([h264], picture(0), picture(2000)), other));
    const taken: Fragment[] = [];

    const message = await failureOf(async () => {
      for await (const fragment of fragments) taken.push(fragment);
    });

    expect(message).to.match(/video track changes/);
    expect(taken).to.have.length(2);
  });
});
