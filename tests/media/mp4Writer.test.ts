import { expect } from "chai";
import * as fc from "fast-check";
import { BufferSource, EncodedPacketSink, Input, type InputTrack, MP4 } from "mediabunny";
import { createFile, MP4BoxBuffer } from "mp4box";
import type { Track } from "../../media/matroska";
import { type Mp4Track, mp4Header, supportedCodec } from "../../media/mp4Writer";
import {
  aLaw,
  avc,
  dataHash,
  type Frame,
  footageBytes,
  framesOf,
  mp4File,
  ofKind,
  type ProbedPacket,
  probe,
  readAll,
  realFootage,
} from "./support";

function readFootage(name: string): { tracks: Track[]; frames: Frame[] } {
  const events = readAll(footageBytes(name));
  return { tracks: ofKind(events, "tracks")[0]!.tracks, frames: framesOf(events) };
}

/** A track of samples of 10 bytes each; the first is a key frame. */
function trackShownAt(track: Track, ...ptsMs: number[]): Mp4Track {
  const samples = ptsMs.map((pts, index) => ({ sizeBytes: 10, ptsMs: pts, keyframe: index === 0 }));
  return { track, samples };
}

/** One track after the other. */
function fileOf(...tracks: Mp4Track[]): Uint8Array {
  const order = tracks.flatMap(({ samples }, track) => samples.map((_, sample) => ({ track, sample })));
  const header = mp4Header({ tracks, order });
  return Buffer.concat([header, new Uint8Array(10 * order.length)]);
}

function inMp4box(bytes: Uint8Array) {
  const file = createFile();
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(bytes).buffer, 0));
  file.flush();
  return file;
}

async function mediabunnyPackets(track: InputTrack) {
  const packets = [];
  for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
  return packets;
}

function placeOf(packet: ProbedPacket) {
  return {
    ptsMs: Number(packet.pts_time) * 1000,
    sizeBytes: Number(packet.size),
    keyframe: packet.flags.startsWith("K"),
    hash: packet.data_hash,
  };
}

function expectSamePlaces(packets: ProbedPacket[], frames: Frame[]): void {
  expect(packets.length).to.equal(frames.length);
  for (const [index, frame] of frames.entries()) {
    const { ptsMs, ...place } = placeOf(packets[index]!);
    const { bytes, keyframe } = frame;
    expect(place).to.deep.equal({ sizeBytes: bytes.length, keyframe, hash: dataHash(bytes) });
    expect(ptsMs).to.be.closeTo(frame.timecode, 0.01);
  }
}

describe("the MP4 writer", () => {
  for (const name of realFootage) {
    it(`puts each frame of ${name} where ffprobe finds it, at its time`, () => {
      const { tracks, frames } = readFootage(name);

      const probed = probe(mp4File(tracks, frames));

      for (const [index, track] of tracks.entries()) {
        const own = probed.packets.filter((packet) => packet.stream_index === index);
        const expected = frames.filter((frame) => frame.track === track.number);
        expectSamePlaces(own, expected);
      }
    });

    it(`puts each frame of ${name} where mediabunny finds it, at its time`, async () => {
      const { tracks, frames } = readFootage(name);

      const file = mp4File(tracks, frames);

      const input = new Input({ source: new BufferSource(file), formats: [MP4] });
      for (const [index, track] of (await input.getTracks()).entries()) {
        const own = frames.filter((frame) => frame.track === tracks[index]!.number);
        const packets = await mediabunnyPackets(track);
        expect(packets.map((packet) => Math.round(packet.timestamp * 1000))).to.deep.equal(
          own.map((frame) => frame.timecode),
        );
        expect(packets.map((packet) => dataHash(packet.data))).to.deep.equal(
          own.map((frame) => dataHash(frame.bytes)),
        );
      }
    });
  }

  it("describes codecs, sizes, language and durations as mp4box reads them", () => {
    const { tracks, frames } = readFootage("talk-h264-aac.mkv");

    const info = inMp4box(mp4File(tracks, frames)).getInfo();

    const [video, audio] = info.tracks;
    const counts = tracks.map(({ number }) => frames.filter((frame) => frame.track === number).length);
    expect(info).to.include({ isFragmented: false, timescale: 90_000, hasMoov: true });
    expect(video).to.include({
      codec: "avc1.42c028",
      nb_samples: counts[0],
      track_width: 640,
      track_height: 330,
    });
    expect(audio).to.include({ codec: "mp4a.40.2", nb_samples: counts[1], language: "eng" });
    expect(audio!.audio).to.include({ sample_rate: 48_000, channel_count: 2 });
    expect(info.duration).to.equal(Math.max(video!.duration, audio!.duration));
    expect(info.brands).to.include("iso4");
    expect(info.tracks.map((track) => track.movie_duration)).to.deep.equal(
      info.tracks.map((track) => track.duration),
    );
  });

  it("shows B-frames at their own times and decodes each frame before the next", () => {
    const { tracks, frames } = readFootage("kvs-getmedia-h264.mkv");
    const shownAt = (index: number) =>
      40 * (index % 4 === 1 ? index + 2 : index % 4 === 0 ? index : index - 1);
    const reordered = frames.map((frame, index) => ({ ...frame, timecode: shownAt(index) }));

    const packets = probe(mp4File(tracks, reordered)).packets;

    expectSamePlaces(packets, reordered);
    expect(reordered.slice(0, 5).map((frame) => frame.timecode)).to.deep.equal([0, 120, 40, 80, 160]);
    const decodedAt = packets.map((packet) => Number(packet.dts_time));
    expect(decodedAt).to.deep.equal([...decodedAt].sort((a, b) => a - b));
    for (const packet of packets) expect(Number(packet.dts_time)).to.be.at.most(Number(packet.pts_time));
  });

  it("shows every frame to the millisecond in whatever order they are decoded", () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 5_000_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(times, (ptsMs) => {
        const file = inMp4box(fileOf(trackShownAt(avc, ...ptsMs)));

        const samples = file.getTrackSamplesInfo(1);
        const startMs = Math.min(...ptsMs);
        expect(samples.map(({ cts }) => cts / 90 + startMs)).to.deep.equal(ptsMs);
        const sorted = [...ptsMs].sort((a, b) => a - b);
        expect(samples.map(({ dts }) => dts / 90 + startMs)).to.deep.equal(sorted);
      }),
    );
  });

  it("says in the version of the offsets that they may be negative", () => {
    const file = inMp4box(fileOf(trackShownAt(avc, 0, 80, 40), trackShownAt(aLaw, 0, 20)));

    const offsets = file.getBoxes("ctts", false);
    expect(offsets.map((box) => (box as unknown as { version: number }).version)).to.deep.equal([1]);
  });

  it("keeps fractions of a millisecond to a ninetieth", () => {
    const file = inMp4box(fileOf(trackShownAt(avc, 0, 33.3333, 66.6667)));

    expect(file.getTrackSamplesInfo(1).map(({ cts }) => cts)).to.deep.equal([0, 3000, 6000]);
  });

  it("starts a track late that starts late", () => {
    const { tracks, frames } = readFootage("talk-h264-aac.mkv");
    const late = frames.map((frame) =>
      frame.track === 2 ? { ...frame, timecode: frame.timecode + 250 } : frame,
    );

    const probed = probe(mp4File(tracks, late));

    expect(probed.streams.map((stream) => stream.start_time)).to.deep.equal(["0.000000", "0.250000"]);
    for (const [index, { number }] of tracks.entries()) {
      const own = probed.packets.filter((packet) => packet.stream_index === index);
      expectSamePlaces(
        own,
        late.filter((frame) => frame.track === number),
      );
    }
  });

  it("lets the last frame last as told, else by default, else as the one before", () => {
    const told = { ...trackShownAt(avc, 0, 40, 90), lastSampleDurationMs: 25.5 };
    const byDefault = trackShownAt({ ...avc, defaultDurationNs: 33_333_333 }, 0, 40, 90);
    const asBefore = trackShownAt(avc, 0, 40, 90);

    const durations = [told, byDefault, asBefore].map((track) => inMp4box(fileOf(track)).getInfo().duration);

    expect(durations).to.deep.equal([(90 + 25.5) * 90, 90 * 90 + 3000, (90 + 50) * 90]);
  });

  it("leaves a track empty that has no frames", () => {
    const silent = { track: aLaw, samples: [], lastSampleDurationMs: 20 };

    const info = inMp4box(fileOf(trackShownAt(avc, 0, 40), silent)).getInfo();

    const counts = info.tracks.map((track) => ({ samples: track.nb_samples, duration: track.duration }));
    expect(counts).to.deep.equal([
      { samples: 2, duration: 80 * 90 },
      { samples: 0, duration: 0 },
    ]);
  });

  it("writes A-law that ffprobe reads as such", () => {
    const frames = [0, 20, 40, 61].map((timecode) => ({
      track: 2,
      timecode,
      keyframe: true,
      bytes: new Uint8Array(160).fill(timecode + 1),
    }));

    const probed = probe(mp4File([aLaw], frames));

    expect(probed.streams[0]).to.include({ codec_name: "pcm_alaw", sample_rate: "8000", channels: 1 });
    expectSamePlaces(probed.packets, frames);
  });

  it("writes H.265 with its set-up data, as hvc1 only if that holds the parameter sets", () => {
    const level93 = "010160000000b000000000005df000fcfdf8f800000f";
    const withSets = new Uint8Array(Buffer.from(level93 + "01" + "a00001000440010c01", "hex"));
    const without = new Uint8Array(Buffer.from(level93 + "00", "hex"));

    const [complete, inBand] = [withSets, without].map((codecPrivate) => {
      const file = fileOf(trackShownAt({ ...avc, codecId: "V_MPEGH/ISO/HEVC", codecPrivate }, 0));
      return inMp4box(file).getInfo().tracks[0]!.codec;
    });

    expect(complete).to.equal("hvc1.1.6.L93.b0");
    expect(inBand).to.equal("hev1.1.6.L93.b0");
  });

  it("marks sync samples of video only where not all are", () => {
    const file = inMp4box(fileOf(trackShownAt(avc, 0, 40, 80), trackShownAt(aLaw, 0, 20)));

    const sync = [1, 2].map((id) => file.getTrackSamplesInfo(id).map((sample) => sample.is_sync));
    expect(sync).to.deep.equal([
      [true, false, false],
      [true, true],
    ]);
  });

  it("gathers neighbours of a track into chunks and finds each sample's bytes", () => {
    const tracks = [trackShownAt(avc, 0, 40, 80), trackShownAt(aLaw, 0, 20)];
    const order = [
      { track: 0, sample: 0 },
      { track: 0, sample: 1 },
      { track: 1, sample: 0 },
      { track: 0, sample: 2 },
      { track: 1, sample: 1 },
    ];

    const header = mp4Header({ tracks, order });

    const file = inMp4box(Buffer.concat([header, new Uint8Array(50)]));
    const placed = [1, 2].map((id) =>
      file.getTrackSamplesInfo(id).map(({ offset }) => offset - header.length),
    );
    expect(placed).to.deep.equal([
      [0, 10, 30],
      [20, 40],
    ]);
    expect(file.getTrackSamplesInfo(1).map((sample) => sample.chunk_index)).to.deep.equal([1, 1, 2]);
  });

  it("counts with 64 bits where the file is too large for 32", () => {
    const sizeBytes = 3_000_000_000;
    const samples = [0, 40].map((ptsMs) => ({ sizeBytes, ptsMs, keyframe: true }));
    const order = [0, 1].map((sample) => ({ track: 0, sample }));

    const header = mp4Header({ tracks: [{ track: avc, samples }], order });

    const mdatSize = new DataView(header.buffer, header.byteOffset + header.length - 16);
    expect(mdatSize.getUint32(0)).to.equal(1);
    expect(Number(mdatSize.getBigUint64(8))).to.equal(2 * sizeBytes + 16);
    const offsets = inMp4box(header)
      .getTrackSamplesInfo(1)
      .map((sample) => sample.offset);
    expect(offsets).to.deep.equal([header.length, header.length + sizeBytes]);
  });

  it("says when it was made", () => {
    const createdAtMs = Date.UTC(2026, 10, 22, 14, 3);
    const track = trackShownAt(avc, 0);

    const header = mp4Header({ tracks: [track], order: [{ track: 0, sample: 0 }], createdAtMs });

    expect(probe(Buffer.concat([header, new Uint8Array(10)]), "-v", "fatal").format.tags).to.include({
      creation_time: "2026-11-22T14:03:00.000000Z",
    });
  });

  const refused = [
    { name: "another codec", track: { ...avc, codecId: "V_VP9" }, code: "UNSUPPORTED_CODEC" },
    {
      name: "mu-law",
      track: { ...aLaw, codecPrivate: Uint8Array.of(7, ...aLaw.codecPrivate!.subarray(1)) },
      code: "UNSUPPORTED_CODEC",
    },
    {
      name: "H.264 without set-up",
      track: { ...avc, codecPrivate: undefined },
      code: "MISSING_CODEC_PRIVATE",
    },
    {
      name: "AAC with an empty set-up",
      track: { ...aLaw, codecId: "A_AAC", codecPrivate: new Uint8Array() },
      code: "MISSING_CODEC_PRIVATE",
    },
    {
      name: "H.264 set up with start codes",
      track: { ...avc, codecPrivate: Uint8Array.of(0, 0, 0, 1, 0x67, 0x4d, 0x40) },
      code: "INVALID_CODEC_PRIVATE",
    },
    {
      name: "H.264 without parameter sets",
      track: { ...avc, codecPrivate: Uint8Array.of(1, 0x4d, 0x40, 0x1e, 0xff, 0xe0, 0) },
      code: "INVALID_CODEC_PRIVATE",
    },
    {
      name: "H.265 that breaks off",
      track: { ...avc, codecId: "V_MPEGH/ISO/HEVC", codecPrivate: Uint8Array.of(1, 1) },
      code: "INVALID_CODEC_PRIVATE",
    },
    {
      name: "AAC of one byte",
      track: { ...aLaw, codecId: "A_AAC", codecPrivate: Uint8Array.of(0x11) },
      code: "INVALID_CODEC_PRIVATE",
    },
    {
      name: "AAC of no object type",
      track: { ...aLaw, codecId: "A_AAC", codecPrivate: Uint8Array.of(0x01, 0x90) },
      code: "INVALID_CODEC_PRIVATE",
    },
    {
      name: "ACM of one byte",
      track: { ...aLaw, codecPrivate: Uint8Array.of(6) },
      code: "INVALID_CODEC_PRIVATE",
    },
  ];
  for (const { name, track, code } of refused) {
    it(`refuses ${name} by the name of the track and its codec`, () => {
      const write = () => fileOf(trackShownAt(track, 0));

      expect(write).to.throw(Error, `Track ${track.number} (${track.codecId}): `).with.property("code", code);
      expect(supportedCodec(track)).to.equal(code !== "UNSUPPORTED_CODEC");
    });
  }

  it("refuses an order that is not all samples of each track in turn", () => {
    const tracks = [trackShownAt(avc, 0, 40)];
    const [first, second] = [0, 1].map((sample) => ({ track: 0, sample }));

    expect(() => mp4Header({ tracks, order: [second!, first!] })).to.throw(RangeError, "expected 0");
    expect(() => mp4Header({ tracks, order: [first!] })).to.throw(RangeError, "has 1 of the samples");
    expect(() => mp4Header({ tracks, order: [{ track: 1, sample: 0 }] })).to.throw(
      RangeError,
      "track index 1",
    );
  });

  it("refuses a track that starts before the movie", () => {
    expect(() => fileOf(trackShownAt(avc, -20, 20))).to.throw(RangeError, "Track 1 starts 20 ms ahead");
  });

  it("takes both spellings of H.264", () => {
    expect(supportedCodec({ ...avc, codecId: "V_MPEG/ISO/AVC" })).to.equal(true);
    expect(supportedCodec(avc)).to.equal(true);
  });
});
