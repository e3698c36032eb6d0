import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { GetClipCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import { path as ffprobe } from "@ffprobe-installer/ffprobe";
import { expect } from "chai";
import type { Track } from "../../../media/matroska";
import { clusterStart, simpleBlock } from "../../../media/matroskaWriter";
import { footage } from "../../support/footage";
import { makeManualClock } from "../../support/manualClock";
import { openProducer, putAll } from "./producer";
import { createStream, failureOf, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import {
  audioTrack,
  block,
  END_OF_FRAGMENT,
  fragmentOf,
  headerOf,
  type RecordedFragment,
  recordingOf,
  START_MS,
  videoTrack,
} from "./streamBytes";

interface Packet {
  codec_type: string;
  pts_time: string;
  flags: string;
  size: string;
  pos: string;
}

describe("GetClip", () => {
  const header = headerOf(videoTrack());
  let kinesisVideo: ServedKinesisVideo;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo();
    await createStream(kinesisVideo);
  });

  afterEach(() => kinesisVideo.close());

  function getClip(
    startMs: number,
    endMs: number,
    origin: "PRODUCER_TIMESTAMP" | "SERVER_TIMESTAMP" = "PRODUCER_TIMESTAMP",
  ) {
    return kinesisVideo.archive.send(
      new GetClipCommand({
        StreamName: "gate",
        ClipFragmentSelector: {
          FragmentSelectorType: origin,
          TimestampRange: { StartTimestamp: new Date(startMs), EndTimestamp: new Date(endMs) },
        },
      }),
    );
  }

  async function clipOf(startMs: number, endMs: number): Promise<Uint8Array> {
    const { Payload } = await getClip(startMs, endMs);
    return (await Payload?.transformToByteArray()) ?? new Uint8Array();
  }

  /** When each frame of a clip is shown, in milliseconds. */
  async function timesOf(startMs: number, endMs: number): Promise<number[]> {
    const { packets } = probe(await clipOf(startMs, endMs));
    return packets.map(({ pts_time }) => Math.round(Number(pts_time) * 1000));
  }

  for (const name of ["talk-h264-aac.mkv", "kvs-clusters-h264.mkv"]) {
    it(`plays ${name} back frame by frame, byte for byte, to the millisecond`, async () => {
      const recording = recordingOf(footage(name));
      const frames = recording.fragments.flatMap((fragment: RecordedFragment) => fragment.frames);
      const startMs = recording.fragments[0]?.timecodeMs ?? 0;
      const relative = { "x-amzn-fragment-timecode-type": "RELATIVE" };
      const body = [recording.header, ...recording.fragments.map(({ bytes }) => bytes)];
      await putAll(kinesisVideo.url, body, relative);

      const clip = await clipOf(1511852108513 + startMs, 1511852108513 + startMs + 3_600_000);

      for (const [type, number] of [
        ["video", 1],
        ["audio", 2],
      ] as const) {
        const expected = frames.filter(({ track }) => track === number);
        const found = probe(clip).packets.filter(({ codec_type }) => codec_type === type);
        expect(found.map(({ pts_time }) => Math.round(Number(pts_time) * 1000))).to.deep.equal(
          expected.map(({ atMs }) => atMs - startMs),
        );
        expect(found.map(({ flags }) => flags.startsWith("K"))).to.deep.equal(
          expected.map(({ keyframe }) => keyframe),
        );
        for (const [at, { pos, size }] of found.entries()) {
          const bytes = clip.subarray(Number(pos), Number(pos) + Number(size));
          expect(Buffer.compare(bytes, expected[at]?.bytes ?? new Uint8Array())).to.equal(0);
        }
      }
    });
  }

  it("answers a traditional MP4 file: moov and mdat, no fragments", async () => {
    await putAll(kinesisVideo.url, [header, fragmentOf({ timecodeMs: START_MS })]);

    const { ContentType, Payload } = await getClip(START_MS, START_MS + 1);

    const file = Buffer.from((await Payload?.transformToByteArray()) ?? []);
    const boxes: string[] = [];
    for (let at = 0; at < file.length; at += file.readUInt32BE(at))
      boxes.push(file.toString("latin1", at + 4, at + 8));
    expect(ContentType).to.equal("video/mp4");
    expect(boxes).to.deep.equal(["ftyp", "moov", "mdat"]);
  });

  it("takes the fragments that start in the range, both ends included", async () => {
    const seconds = [0, 1, 2, 3].map((second) => fragmentOf({ timecodeMs: START_MS + second * 1000 }));
    await putAll(kinesisVideo.url, [header, ...seconds]);

    const times = await timesOf(START_MS + 1, START_MS + 2000);

    expect(times).to.have.length(50);
    expect([times[0], times[25]]).to.deep.equal([0, 1000]);
  });

  it("keeps fragments where their producer timestamps put them, pauses included", async () => {
    const parts = [
      fragmentOf({ timecodeMs: START_MS, durationMs: 40 }),
      fragmentOf({ timecodeMs: START_MS + 7321, durationMs: 40 }),
    ];
    await putAll(kinesisVideo.url, [header, ...parts]);

    expect(await timesOf(START_MS, START_MS + 10_000)).to.deep.equal([0, 7321]);
  });

  it("is cut after 200 fragments without a word", async () => {
    const many = Array.from({ length: 205 }, (_, at) =>
      fragmentOf({ timecodeMs: START_MS + at * 1000, durationMs: 40 }),
    );
    await putAll(kinesisVideo.url, [header, ...many]);

    const times = await timesOf(START_MS, START_MS + 1_000_000);

    expect(times).to.have.length(200);
  });

  it("is cut ahead of the fragment that would take it over 100 MB", async () => {
    const large = [0, 1, 2].map((at) =>
      fragmentOf({ timecodeMs: START_MS + at * 1000, durationMs: 80, frameBytes: 20_000_000 }),
    );
    await putAll(kinesisVideo.url, [header, ...large]);

    const clip = await clipOf(START_MS, START_MS + 10_000);

    expect(Math.floor(clip.length / 1e6)).to.equal(80);
  });

  it("takes the oldest of fragments that cover the same producer time", async () => {
    const first = [0, 1000].map((atMs) => fragmentOf({ timecodeMs: START_MS + atMs, frameBytes: 100 }));
    const resent = [1000, 2000].map((atMs) => fragmentOf({ timecodeMs: START_MS + atMs, frameBytes: 200 }));
    const clockSetBack = [-500, 500, 3000].map((atMs) =>
      fragmentOf({ timecodeMs: START_MS + atMs, frameBytes: 300 }),
    );
    for (const session of [first, resent, clockSetBack]) await putAll(kinesisVideo.url, [header, ...session]);

    const { packets } = probe(await clipOf(START_MS - 1000, START_MS + 10_000));

    const sizes = [0, 25, 50, 75].map((at) => Number(packets[at]?.size));
    expect(packets).to.have.length(100);
    expect(sizes).to.deep.equal([100, 100, 200, 300]);
  });

  it("fails when the codec private data or the tracks change within the range, and only then", async () => {
    const resized = headerOf(videoTrack(0x28));
    await putAll(kinesisVideo.url, [header, fragmentOf({ timecodeMs: START_MS })]);
    await putAll(kinesisVideo.url, [resized, fragmentOf({ timecodeMs: START_MS + 1000 })]);
    const sound = simpleBlock({ track: 2, relativeTimecode: 0, keyframe: true, frame: new Uint8Array(8) });
    const withSound = [
      headerOf(videoTrack(0x28), audioTrack()),
      fragmentOf({ timecodeMs: START_MS + 2000 }),
      sound,
    ];
    await putAll(kinesisVideo.url, withSound);

    const changed = await failureOf(getClip(START_MS, START_MS + 1000));
    const soundAppears = await failureOf(getClip(START_MS + 1000, START_MS + 2000));

    expect(changed).to.include({ name: "InvalidCodecPrivateDataException", status: 400 });
    expect(soundAppears).to.include({ name: "InvalidCodecPrivateDataException", status: 400 });
    expect(await timesOf(START_MS, START_MS + 999)).to.have.length(25);
  });

  it("names what no clip can be made of", async () => {
    const failureWith = async (atMs: number, tracks: Track[], ...blocks: Uint8Array[]) => {
      await putAll(kinesisVideo.url, [headerOf(...tracks), clusterStart(START_MS + atMs), ...blocks]);
      return (await failureOf(getClip(START_MS + atMs, START_MS + atMs + 1))).name;
    };
    const startCodes = Uint8Array.of(0, 0, 0, 1, 0x65, 1, 2, 3);
    const annexB = simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame: startCodes });
    const silent = { ...audioTrack(), number: 1 };

    const names = {
      otherCodec: await failureWith(0, [{ ...videoTrack(), codecId: "V_VP9" }], block(1, 0)),
      audioOnly: await failureWith(1000, [silent], block(1, 0)),
      noPrivateData: await failureWith(2000, [{ ...videoTrack(), codecPrivate: undefined }], block(1, 0)),
      badPrivateData: await failureWith(
        3000,
        [{ ...videoTrack(), codecPrivate: Uint8Array.of(9) }],
        block(1, 0),
      ),
      badFrame: await failureWith(4000, [videoTrack()], annexB),
    };

    expect(names).to.deep.equal({
      otherCodec: "UnsupportedStreamMediaTypeException",
      audioOnly: "UnsupportedStreamMediaTypeException",
      noPrivateData: "MissingCodecPrivateDataException",
      badPrivateData: "InvalidCodecPrivateDataException",
      badFrame: "InvalidMediaFrameException",
    });
  });

  it("tells an empty range from an absent stream by the message alone", async () => {
    const empty = await failureOf(getClip(START_MS, START_MS + 1000));

    expect(empty).to.deep.equal({
      name: "ResourceNotFoundException",
      status: 404,
      message: "No fragments found in the stream for the clip request.",
    });
  });

  it("refuses a range that ends no later than it starts, or more than a day later", async () => {
    const same = await failureOf(getClip(START_MS, START_MS));
    const longer = await failureOf(getClip(START_MS, START_MS + 86_400_001));

    expect([same.name, longer.name]).to.deep.equal(["InvalidArgumentException", "InvalidArgumentException"]);
  });

  it("refuses a stream without retention", async () => {
    await createStream(kinesisVideo, "door", 0);

    const failure = await failureOf(
      kinesisVideo.archive.send(
        new GetClipCommand({
          StreamName: "door",
          ClipFragmentSelector: {
            FragmentSelectorType: "PRODUCER_TIMESTAMP",
            TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(1000) },
          },
        }),
      ),
    );

    expect(failure).to.include({ name: "NoDataRetentionException", status: 400 });
  });
});

describe("GetClip by server timestamp", () => {
  it("goes by the time of ingestion, and refuses an end that is still to come", async () => {
    const { clock, advance } = makeManualClock();
    const kinesisVideo = await serveKinesisVideo({ clock });
    await createStream(kinesisVideo);
    const startMs = clock.nowMs();
    const producer = openProducer(kinesisVideo.url);
    await producer.send(headerOf(videoTrack()));
    for (const second of [0, 1, 2]) {
      await producer.send(fragmentOf({ timecodeMs: second * 1000 }), END_OF_FRAGMENT);
      await producer.ack("PERSISTED");
      await advance(10_000);
    }
    const clip = (startMs: number, endMs: number) =>
      kinesisVideo.archive.send(
        new GetClipCommand({
          StreamName: "gate",
          ClipFragmentSelector: {
            FragmentSelectorType: "SERVER_TIMESTAMP",
            TimestampRange: { StartTimestamp: new Date(startMs), EndTimestamp: new Date(endMs) },
          },
        }),
      );

    const { Payload } = await clip(startMs + 10_000, startMs + 20_000);
    const future = await failureOf(clip(startMs, clock.nowMs() + 1));

    const { packets } = probe((await Payload?.transformToByteArray()) ?? new Uint8Array());
    expect(packets).to.have.length(50);
    expect(future).to.include({ name: "InvalidArgumentException", status: 400 });
    producer.cutOff();
    await kinesisVideo.close();
  });
});

/** What ffprobe finds in a file, without decoding it. */
function probe(file: Uint8Array): { packets: Packet[] } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
  const clip = path.join(folder, "clip.mp4");
  fs.writeFileSync(clip, file);
  const options = ["-v", "quiet", "-of", "json", "-show_packets"];
  const output = execFileSync(ffprobe, [...options, clip], { maxBuffer: 64 * 1024 * 1024 });
  fs.rmSync(folder, { recursive: true });
  return JSON.parse(output.toString("utf8")) as { packets: Packet[] };
}
