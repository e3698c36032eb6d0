import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { elementId, type Tag } from "../../../media/matroska";
import {
  clusterStart,
  element,
  segmentStart,
  simpleBlock,
  tags,
  tracks,
} from "../../../media/matroskaWriter";
import { type Ack, openProducer, putAll } from "./producer";
import { allFragments, createStream, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import { audioTrack, block, fragmentOf, headerOf, START_MS, videoFrame, videoTrack } from "./streamBytes";

describe("PutMedia's errors", () => {
  const header = headerOf(videoTrack());
  const good = fragmentOf({ timecodeMs: START_MS });
  let kinesisVideo: ServedKinesisVideo;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo();
    await createStream(kinesisVideo);
  });

  afterEach(() => kinesisVideo.close());

  /** The error of a body, which the service must have closed the connection after. */
  async function errorOf(...parts: Uint8Array[]): Promise<Ack> {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(...parts);
    const error = await producer.ack("ERROR");
    expect(await producer.rest()).to.deep.equal([]);
    return error;
  }

  async function persistedTimecodes(): Promise<(number | undefined)[]> {
    return (await allFragments(kinesisVideo)).map(({ ProducerTimestamp }) => ProducerTimestamp?.getTime());
  }

  it("4001: a fragment of more than 50 MB, as soon as it is", async () => {
    const cluster = clusterStart(START_MS + 1000);
    const fiveMegabytes = (at: number) => block(1, at * 40, 5_000_000);

    const producer = openProducer(kinesisVideo.url);
    await producer.send(header, good, cluster, ...Array.from({ length: 10 }, (_, at) => fiveMegabytes(at)));

    expect(await producer.ack("ERROR")).to.deep.include({
      ErrorId: 4001,
      ErrorCode: "MAX_FRAGMENT_SIZE_REACHED",
      FragmentTimecode: START_MS + 1000,
    });
    expect(await persistedTimecodes()).to.deep.equal([START_MS]);
  });

  it("4002: a fragment longer than 20 s, and not one of 20 s", async () => {
    const twentySeconds = [clusterStart(START_MS + 1000), block(1, 0), block(1, 20_000)];
    const longer = [clusterStart(START_MS + 30_000), block(1, 0), block(1, 20_001)];

    const error = await errorOf(header, ...twentySeconds, ...longer);

    expect(error).to.deep.include({
      ErrorId: 4002,
      ErrorCode: "MAX_FRAGMENT_DURATION_REACHED",
      FragmentTimecode: START_MS + 30_000,
    });
    expect(await persistedTimecodes()).to.deep.equal([START_MS + 1000]);
  });

  it("4004: a frame that is not after the latest frame of the fragment before", async () => {
    const sameTime = [clusterStart(START_MS + 960), block(1, 0)];

    const error = await errorOf(header, good, ...sameTime);

    expect(error).to.deep.include({
      ErrorId: 4004,
      ErrorCode: "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS",
      FragmentTimecode: START_MS + 960,
    });
    expect(await persistedTimecodes()).to.deep.equal([START_MS]);
  });

  it("4006: bytes that are not Matroska, with what was persisted before kept", async () => {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(header, good, fragmentOf({ timecodeMs: START_MS + 1000 }));
    await producer.ack("PERSISTED");

    await producer.send(new Uint8Array(64));

    expect(await producer.ack("ERROR")).to.include({ ErrorId: 4006, ErrorCode: "INVALID_MKV_DATA" });
    expect((await persistedTimecodes())[0]).to.equal(START_MS);
  });

  it("4006: bad bytes right behind a whole fragment, which is persisted first", async () => {
    const parts = [header, good, tags([{ name: "weather", value: "rain" }]), new Uint8Array(64)];

    const acks = await putAll(kinesisVideo.url, [Buffer.concat(parts)]);

    const types = acks.map(({ EventType }) => EventType);
    expect(types).to.deep.equal(["BUFFERING", "RECEIVED", "PERSISTED", "ERROR"]);
    expect(acks.at(-1)).to.include({ ErrorId: 4006 });
  });

  it("4006: a body that never was Matroska", async () => {
    const error = await errorOf(Buffer.from("GIF89a, or anything else"));

    expect(error).to.deep.equal({ EventType: "ERROR", ErrorId: 4006, ErrorCode: "INVALID_MKV_DATA" });
  });

  it("4006: a body that ends in the middle of an element", async () => {
    const acks = await putAll(kinesisVideo.url, [header, good, block(1, 1000).subarray(0, 40)]);

    expect(acks.at(-1)).to.include({ ErrorId: 4006 });
  });

  it("4006: a second Segment, a second EBML header, Tracks between clusters, a cluster ahead of the Tracks", async () => {
    const bodies = {
      segment: [header, good, segmentStart()],
      ebml: [header, good, header],
      tracks: [header, good, tracks([videoTrack()])],
      noTracks: [element(elementId.ebml, new Uint8Array()), segmentStart(), good],
    };

    const ids: Record<string, number | undefined> = {};
    for (const [name, body] of Object.entries(bodies)) ids[name] = (await errorOf(...body)).ErrorId;

    expect(ids).to.deep.equal({ segment: 4006, ebml: 4006, tracks: 4006, noTracks: 4006 });
  });

  it("4007: a producer timestamp that no calendar has", async () => {
    const error = await errorOf(header, clusterStart(Date.UTC(9999, 11, 31) + 1));

    expect(error).to.include({ ErrorId: 4007, ErrorCode: "INVALID_PRODUCER_TIMESTAMP" });
  });

  it("4009: more than ten tags on a fragment, or one that is too long; the service's own do not count", async () => {
    const many = (count: number): Tag[] =>
      Array.from({ length: count }, (_, at) => ({ name: `tag${at}`, value: "x" }));
    const ten = [...many(10), { name: "AWS_KINESISVIDEO_NOTIFICATION", value: "" }];
    const long = [{ name: "note", value: "x".repeat(257) }];

    const acks = await putAll(kinesisVideo.url, [header, good, tags(ten)]);
    const tooMany = await errorOf(header, good, tags(many(6)), tags(many(5)));
    const tooLong = await errorOf(header, good, tags(long));

    expect(acks.at(-1)).to.include({ EventType: "PERSISTED" });
    expect(tooMany).to.include({ ErrorId: 4009, ErrorCode: "FRAGMENT_METADATA_LIMIT_REACHED" });
    expect(tooLong).to.include({ ErrorId: 4009 });
  });

  it("4010: a frame of a track that the header does not have", async () => {
    const error = await errorOf(header, clusterStart(START_MS), block(3, 0));

    expect(error).to.include({ ErrorId: 4010, ErrorCode: "TRACK_NUMBER_MISMATCH" });
  });

  it("4011: a fragment without a frame of one of the tracks", async () => {
    const twoTracks = headerOf(videoTrack(), audioTrack());
    const sound = simpleBlock({ track: 2, relativeTimecode: 10, keyframe: true, frame: videoFrame() });
    const next = clusterStart(START_MS + 2000);

    const error = await errorOf(twoTracks, good, sound, clusterStart(START_MS + 1000), block(1, 0), next);

    expect(error).to.deep.include({
      ErrorId: 4011,
      ErrorCode: "FRAMES_MISSING_FOR_TRACK",
      FragmentTimecode: START_MS + 1000,
    });
    expect(await persistedTimecodes()).to.deep.equal([START_MS]);
  });

  it("4012: more than three tracks", async () => {
    const four = [1, 2, 3, 4].map((number) => ({ ...videoTrack(), number, uid: number }));

    const error = await errorOf(headerOf(...four), good);

    expect(error).to.include({ ErrorId: 4012, ErrorCode: "MORE_THAN_ALLOWED_TRACKS_FOUND" });
  });

  it("cuts a producer off that goes on sending after its error", async () => {
    const producer = openProducer(kinesisVideo.url);

    await producer.send(header, clusterStart(START_MS), block(3, 0));

    await producer.closed;
    expect(await producer.ack("ERROR")).to.include({ ErrorId: 4010 });
  });

  it("counts an error of a fragment", async () => {
    await errorOf(header, clusterStart(START_MS), block(3, 0));

    const published = kinesisVideo.metrics.map(({ metricName, value }) => `${metricName} ${value}`);
    expect(published).to.include.members(["PutMedia.ErrorAckCount 1", "PutMedia.Success 0"]);
  });
});

describe("PutMedia without a disk to write to", () => {
  it("5001: says that the fragment is not persisted", async () => {
    const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
    const kinesisVideo = await serveKinesisVideo({ dataDir });
    await createStream(kinesisVideo);
    await putAll(kinesisVideo.url, [headerOf(videoTrack()), fragmentOf({ timecodeMs: START_MS })]);
    const [streamFolder = ""] = fs.readdirSync(path.join(dataDir, "kinesisVideo"));
    const mediaFolder = path.join(dataDir, "kinesisVideo", streamFolder, "fragments");
    fs.rmSync(mediaFolder, { recursive: true });
    fs.writeFileSync(mediaFolder, "in the way");

    const acks = await putAll(kinesisVideo.url, [
      headerOf(videoTrack()),
      fragmentOf({ timecodeMs: START_MS }),
    ]);

    expect(acks.map(({ EventType }) => EventType)).to.deep.equal(["BUFFERING", "RECEIVED", "ERROR"]);
    expect(acks.at(-1)).to.deep.include({
      ErrorId: 5001,
      ErrorCode: "ARCHIVAL_ERROR",
      FragmentTimecode: START_MS,
    });
    await kinesisVideo.close();
    fs.rmSync(dataDir, { recursive: true });
  });
});
