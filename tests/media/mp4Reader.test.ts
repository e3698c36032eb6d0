import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import * as fc from "fast-check";
import {
  BufferSource,
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  MP4,
  Mp4OutputFormat,
  Output,
} from "mediabunny";
import { createFile, MP4BoxBuffer } from "mp4box";
import type { Track } from "../../media/matroska";
import { type Mp4SampleRun, type Mp4Summary, makeMp4Reader } from "../../media/mp4Reader";
import { mp4Header } from "../../media/mp4Writer";
import { packetsOf } from "../support/ffprobe";
import { boxAt, boxOf, moovLast, partsOf, with32 } from "./mp4Bytes";
import { aLaw, avc, footageBytes, framesOf, mp4File, ofKind, probe, readAll, realFootage } from "./support";

const files = [...realFootage, "clock.mkv", "garden.mkv"];

/** The MP4 that our writer makes of a piece of footage. */
function clipOf(name: string): Uint8Array {
  const events = readAll(footageBytes(name));
  return mp4File(ofKind(events, "tracks")[0]!.tracks, framesOf(events));
}

function summaryOf(file: Uint8Array, chunkBytes = file.length): Mp4Summary {
  const reader = makeMp4Reader();
  for (let at = 0; at < file.length; at += chunkBytes) reader.push(file.subarray(at, at + chunkBytes));
  return reader.end();
}

/** The samples one by one. */
function samplesOf(runs: Mp4SampleRun[]) {
  return runs.flatMap(({ ptsMs, durationMs, sampleCount, keyframe }) =>
    Array.from({ length: sampleCount }, (_, index) => ({
      ptsMs: ptsMs + index * durationMs,
      durationMs,
      keyframe,
    })),
  );
}

/** What ffprobe finds in a file that it can seek in, as it must where `moov` is last. */
function packetsInFile(file: Uint8Array) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
  try {
    fs.writeFileSync(path.join(folder, "clip.mp4"), file);
    return packetsOf(path.join(folder, "clip.mp4"));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const frames = (track: Track, ...times: number[]) =>
  times.map((timecode, index) => ({
    track: track.number,
    timecode,
    keyframe: index === 0,
    bytes: new Uint8Array(10),
  }));

describe("the MP4 reader", () => {
  for (const name of files) {
    it(`finds the samples of ${name} where ffprobe finds them`, () => {
      const file = clipOf(name);

      const { tracks, mediaBytes } = summaryOf(file);

      const { streams, packets } = probe(file);
      expect(tracks.map(({ type, codec }) => ({ type, codec }))).to.deep.equal(
        streams.map((stream) => ({ type: stream.codec_type, codec: stream.codec_tag_string })),
      );
      for (const [index, { sampleCount, sizeBytes, runs }] of tracks.entries()) {
        const own = packets.filter((packet) => packet.stream_index === index);
        const samples = samplesOf(runs);
        expect(sampleCount).to.equal(own.length);
        expect(sizeBytes).to.equal(own.reduce((sum, { size }) => sum + Number(size), 0));
        expect(samples.map(({ keyframe }) => keyframe)).to.deep.equal(
          own.map(({ flags }) => flags.startsWith("K")),
        );
        for (const [at, { ptsMs, durationMs }] of samples.entries()) {
          expect(ptsMs).to.be.closeTo(Number(own[at]!.pts_time) * 1000, 0.001);
          expect(durationMs).to.be.closeTo(Number(own[at]!.duration_time) * 1000, 0.001);
        }
      }
      expect(mediaBytes).to.equal(packets.reduce((sum, { size }) => sum + Number(size), 0));
    });
  }

  it("says how long a movie is as mp4box does", () => {
    const file = clipOf("talk-h264-aac.mkv");

    const { durationMs } = summaryOf(file);

    const oracle = createFile();
    oracle.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(file).buffer, 0));
    const { duration, timescale } = oracle.getInfo();
    expect(durationMs).to.be.closeTo((duration / timescale) * 1000, 0.02);
  });

  it("reads the same however the file is cut into chunks", () => {
    const file = mp4File([avc, aLaw], [...frames(avc, 0, 120, 40, 80), ...frames(aLaw, 20, 40, 60)]);
    const expected = [file, moovLast(file)].map((one) => summaryOf(one));

    for (let chunkBytes = 1; chunkBytes <= file.length; chunkBytes += 1) {
      expect([file, moovLast(file)].map((one) => summaryOf(one, chunkBytes))).to.deep.equal(expected);
    }
  });

  it("reads moov behind mdat, boxes to skip between them, and sizes of 64 bits or none", () => {
    const file = clipOf("kvs-clusters-h264.mkv");
    const { ftyp, media, moovFor } = partsOf(file);
    const free = boxOf("free", new Uint8Array(1000));
    const largeHead = Buffer.concat([with32(boxOf("mdat"), 0, 1), Buffer.alloc(8)]);
    largeHead.writeBigUInt64BE(BigInt(16 + media.length), 8);
    const endlessHead = with32(boxOf("mdat"), 0, 0);
    const headBytes = ftyp.length + moovFor(0).length;
    const shapes = {
      moovLast: moovLast(file),
      withFree: Buffer.concat([ftyp, free, boxOf("mdat", media), free, moovFor(ftyp.length + 1016), free]),
      large: Buffer.concat([ftyp, largeHead, media, moovFor(ftyp.length + 16)]),
      endless: Buffer.concat([ftyp, moovFor(headBytes + 8), endlessHead, media]),
    };

    const summaries = Object.values(shapes).map((shape) => summaryOf(shape, 10_000));

    const expected = summaryOf(file);
    for (const summary of summaries) expect(summary).to.deep.equal(expected);
    for (const shape of Object.values(shapes)) expect(packetsInFile(shape)).to.have.length(444);
  });

  for (const fastStart of [false, "in-memory"] as const) {
    it(`reads what mediabunny writes, ${fastStart ? "moov first" : "moov last"}`, async () => {
      const source = clipOf("clock.mkv");
      const input = new Input({ source: new BufferSource(source), formats: [MP4] });
      const target = new BufferTarget();
      const output = new Output({ format: new Mp4OutputFormat({ fastStart }), target });
      const [video, audio] = [(await input.getPrimaryVideoTrack())!, (await input.getPrimaryAudioTrack())!];
      const videoSource = new EncodedVideoPacketSource("avc");
      const audioSource = new EncodedAudioPacketSource("aac");
      output.addVideoTrack(videoSource);
      output.addAudioTrack(audioSource);
      await output.start();
      const videoConfig = { decoderConfig: (await video.getDecoderConfig())! };
      const audioConfig = { decoderConfig: (await audio.getDecoderConfig())! };
      for await (const packet of new EncodedPacketSink(video).packets())
        await videoSource.add(packet, videoConfig);
      for await (const packet of new EncodedPacketSink(audio).packets())
        await audioSource.add(packet, audioConfig);
      await output.finalize();

      const { tracks } = summaryOf(new Uint8Array(target.buffer!), 50_000);

      const expected = summaryOf(source).tracks;
      for (const [index, { runs, ...track }] of tracks.entries()) {
        const { runs: expectedRuns, ...expectedTrack } = expected[index]!;
        expect(track).to.deep.equal(expectedTrack);
        const [found, times] = [runs, expectedRuns].map((some) =>
          samplesOf(some).map(({ ptsMs, keyframe }) => `${Math.round(ptsMs)} ${keyframe}`),
        );
        expect(found).to.deep.equal(times);
      }
    });
  }

  it("gathers samples that follow each other evenly, and parts them at a pause and at a key frame", () => {
    const keyframes = [0, 120, 400];
    const video = [0, 40, 80, 120, 160, 200, 400, 440].map((ptsMs) => ({
      sizeBytes: 1,
      ptsMs,
      keyframe: keyframes.includes(ptsMs),
    }));
    const order = video.map((_, sample) => ({ track: 0, sample }));
    const header = mp4Header({ tracks: [{ track: avc, samples: video }], order });

    const { tracks } = summaryOf(Buffer.concat([header, new Uint8Array(8)]));

    expect(tracks[0]?.runs).to.deep.equal([
      { ptsMs: 0, durationMs: 40, sampleCount: 1, keyframe: true },
      { ptsMs: 40, durationMs: 40, sampleCount: 2, keyframe: false },
      { ptsMs: 120, durationMs: 40, sampleCount: 1, keyframe: true },
      { ptsMs: 160, durationMs: 40, sampleCount: 1, keyframe: false },
      { ptsMs: 200, durationMs: 200, sampleCount: 1, keyframe: false },
      { ptsMs: 400, durationMs: 40, sampleCount: 1, keyframe: true },
      { ptsMs: 440, durationMs: 40, sampleCount: 1, keyframe: false },
    ]);
  });

  it("keeps an hour of A-law, of 8,000 samples a second, in a few numbers", () => {
    const sampleCount = 3600 * 8000;
    const samples = [
      { sizeBytes: sampleCount / 2, ptsMs: 0, keyframe: true },
      { sizeBytes: sampleCount / 2, ptsMs: 0.125, keyframe: true },
    ];
    const order = [0, 1].map((sample) => ({ track: 0, sample }));
    const header = mp4Header({ tracks: [{ track: aLaw, samples }], order });
    const table = "moov/trak/mdia/minf/stbl";
    const [stsz, stts, stsc] = ["stsz", "stts", "stsc"].map(
      (type) => boxAt(header.subarray(0, -8), `${table}/${type}`).offset,
    );
    let byteSamples = with32(header, stsz! + 12, 1);
    byteSamples = with32(byteSamples, stsz! + 16, sampleCount);
    byteSamples = with32(byteSamples, stts! + 16, sampleCount);
    byteSamples = with32(byteSamples, stsc! + 20, sampleCount);

    const { tracks, durationMs } = summaryOf(Buffer.concat([byteSamples, new Uint8Array(sampleCount)]));

    expect(tracks[0]?.runs[0]).to.include({ ptsMs: 0, sampleCount, keyframe: true });
    expect(tracks[0]).to.include({ type: "audio", sampleCount, sizeBytes: sampleCount });
    expect(durationMs).to.be.closeTo((sampleCount * 11) / 90, 0.1);
  });

  describe("with an edit list", () => {
    const late = mp4File([avc, aLaw], [...frames(avc, 0, 40), ...frames(aLaw, 250, 270, 290)]);
    const elst = boxAt(late, "moov/trak/edts/elst").offset;
    const timesOf = (file: Uint8Array) =>
      samplesOf(summaryOf(file).tracks[1]!.runs).map(({ ptsMs }) => ptsMs);

    it("starts a track late", () => {
      expect(timesOf(late)).to.deep.equal([250, 270, 290]);
      expect(summaryOf(late).durationMs).to.equal(310);
    });

    it("leaves out what it hides at the start and at the end", () => {
      const startLater = with32(late, elst + 36 + 12, 20 * 90);
      const endEarlier = with32(late, elst + 36 + 4, 40 * 90);
      const startWithin = with32(late, elst + 36 + 12, 15 * 90);

      expect(timesOf(startLater)).to.deep.equal([250, 270]);
      expect(timesOf(endEarlier)).to.deep.equal([250, 270]);
      expect(timesOf(startWithin)).to.deep.equal([235, 255, 275]);
      expect(summaryOf(startLater).tracks[1]).to.include({ sampleCount: 3, sizeBytes: 30 });
    });

    it("shows nothing of a track without media", () => {
      const nothing = with32(with32(late, elst + 36 + 8, 0xffffffff), elst + 36 + 12, 0xffffffff);

      expect(timesOf(nothing)).to.deep.equal([]);
      expect(summaryOf(nothing).durationMs).to.equal(80);
    });

    it("is refused when it shows stretches, or at another speed", () => {
      const stretches = with32(with32(late, elst + 16 + 8, 0), elst + 16 + 12, 0);
      const slowly = with32(late, elst + 36 + 16, 0x8000);

      for (const file of [stretches, slowly]) {
        expect(() => summaryOf(file)).to.throw("expected an edit list that shows one stretch");
      }
    });
  });

  it("holds no media in memory", () => {
    const sizeBytes = 3_000_000_000;
    const samples = [0, 40].map((ptsMs) => ({ sizeBytes, ptsMs, keyframe: true }));
    const order = [0, 1].map((sample) => ({ track: 0, sample }));
    const reader = makeMp4Reader();
    const chunk = new Uint8Array(50_000_000);
    reader.push(mp4Header({ tracks: [{ track: avc, samples }], order }));
    const before = process.memoryUsage().arrayBuffers;

    for (let pushed = 0; pushed < 2 * sizeBytes; pushed += chunk.length) reader.push(chunk);

    expect(process.memoryUsage().arrayBuffers - before).to.be.below(chunk.length);
    expect(reader.end()).to.include({ mediaBytes: 2 * sizeBytes, durationMs: 80 });
  });

  it("finds every sample's time, whatever the times are", () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 500_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(times, times, (videoTimes, audioTimes) => {
        const sorted = [...audioTimes].sort((a, b) => a - b);
        const file = mp4File([avc, aLaw], [...frames(avc, ...videoTimes), ...frames(aLaw, ...sorted)]);

        const { tracks } = summaryOf(file);

        const found = tracks.map(({ runs }) => samplesOf(runs).map(({ ptsMs }) => Math.round(ptsMs * 90)));
        expect(found).to.deep.equal([videoTimes, sorted].map((some) => some.map((ms) => ms * 90)));
      }),
    );
  });
});
