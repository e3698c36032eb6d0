import { GetMediaForFragmentListCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import { expect } from "chai";
import { concat } from "../../../media/bytes";
import type { MatroskaEvent, Tag } from "../../../media/matroska";
import { makeMatroskaReader } from "../../../media/matroskaReader";
import { tags } from "../../../media/matroskaWriter";
import { footage } from "../../support/footage";
import { makeManualClock } from "../../support/manualClock";
import { putAll } from "./producer";
import { allFragments, createStream, failureOf, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import { audioTrack, block, fragmentOf, headerOf, recordingOf, START_MS, videoTrack } from "./streamBytes";

describe("GetMediaForFragmentList", () => {
  const header = headerOf(videoTrack());
  /** (2^64 + 77) * 2^92: a number as the service makes them, of no fragment. */
  const unknownNumber = String((2n ** 64n + 77n) * 2n ** 92n);
  const { clock, advance } = makeManualClock(START_MS);
  let kinesisVideo: ServedKinesisVideo;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo({ clock });
    await createStream(kinesisVideo);
  });

  afterEach(() => kinesisVideo.close());

  async function mediaOf(...numbers: (string | undefined)[]): Promise<Uint8Array> {
    const Fragments = numbers.map(String);
    const command = new GetMediaForFragmentListCommand({ StreamName: "gate", Fragments });
    const { Payload } = await kinesisVideo.archive.send(command);
    return (await Payload?.transformToByteArray()) ?? new Uint8Array();
  }

  function read(media: Uint8Array): MatroskaEvent[] {
    const reader = makeMatroskaReader();
    return [...reader.push(media), ...reader.end()];
  }

  const tagsIn = (events: MatroskaEvent[]): Tag[][] =>
    events.flatMap((event) => (event.kind === "tags" ? [event.tags] : []));

  it("gives each fragment as a document of its own, the service's tags ahead of the cluster", async () => {
    const weather = tags([{ name: "weather", value: "rain" }]);
    const cluster = fragmentOf({ timecodeMs: START_MS - 1487 });
    await putAll(kinesisVideo.url, [header, cluster, weather]);
    const [fragment] = await allFragments(kinesisVideo);

    const media = await mediaOf(fragment?.FragmentNumber);

    const serviceTags = [
      { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragment?.FragmentNumber },
      { name: "AWS_KINESISVIDEO_SERVER_TIMESTAMP", value: (clock.nowMs() / 1000).toFixed(3) },
      { name: "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", value: ((START_MS - 1487) / 1000).toFixed(3) },
    ];
    const [ours, producers] = tagsIn(read(media));
    const length = header.length + cluster.length + weather.length;
    expect(ours).to.deep.equal(serviceTags);
    expect(producers).to.deep.equal([{ name: "weather", value: "rain" }]);
    expect(Buffer.from(media.subarray(0, header.length)).equals(header)).to.equal(true);
    const sent = media.subarray(media.length - cluster.length - weather.length);
    expect(Buffer.from(sent).equals(concat([cluster, weather]))).to.equal(true);
    expect(media.length).to.be.greaterThan(length);
  });

  it("gives back real footage byte for byte, in the order asked for", async () => {
    const recording = recordingOf(footage("talk-h264-aac.mkv"));
    const body = [recording.header, ...recording.fragments.map(({ bytes }) => bytes)];
    await putAll(kinesisVideo.url, body, { "x-amzn-fragment-timecode-type": "RELATIVE" });
    const numbers = (await allFragments(kinesisVideo)).map(({ FragmentNumber }) => FragmentNumber).reverse();

    const events = read(await mediaOf(...numbers));

    const frames = events.flatMap((event) => (event.kind === "block" ? event.frames : []));
    const sent = recording.fragments
      .reverse()
      .flatMap((fragment) => fragment.frames.map(({ bytes }) => bytes));
    expect(events.filter(({ kind }) => kind === "ebml")).to.have.length(numbers.length);
    expect(Buffer.from(concat(frames)).equals(concat(sent))).to.equal(true);
  });

  it("gives media that no clip can be made of", async () => {
    const onlySound = [headerOf({ ...audioTrack(), number: 1 }), fragmentOf({ timecodeMs: START_MS })];
    await putAll(kinesisVideo.url, onlySound);
    const [fragment] = await allFragments(kinesisVideo);

    const media = await mediaOf(fragment?.FragmentNumber);

    expect(read(media).filter(({ kind }) => kind === "block")).to.have.length(25);
  });

  it("gives a producer's header with a segment of known size as one without, since one fragment follows", async () => {
    const cluster = fragmentOf({ timecodeMs: START_MS });
    const sized = knownSegmentSize(header, cluster.length);
    await putAll(kinesisVideo.url, [sized, cluster]);
    const [fragment] = await allFragments(kinesisVideo);

    const media = await mediaOf(fragment?.FragmentNumber);

    expect(read(media).filter(({ kind }) => kind === "block")).to.have.length(25);
  });

  it("tells in-band of a fragment that it does not hold, and goes on", async () => {
    await putAll(kinesisVideo.url, [header, fragmentOf({ timecodeMs: START_MS })]);
    const [fragment] = await allFragments(kinesisVideo);

    const events = read(await mediaOf(unknownNumber, fragment?.FragmentNumber));

    expect(tagsIn(events)[0]).to.deep.equal([
      { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: unknownNumber },
      { name: "AWS_KINESISVIDEO_ERROR_CODE", value: "FRAGMENT_NOT_FOUND" },
      { name: "AWS_KINESISVIDEO_ERROR_ID", value: "3000" },
    ]);
    expect(events.filter(({ kind }) => kind === "block")).to.have.length(25);
  });

  it("refuses numbers that the service cannot have made, and more than 1000 of them", async () => {
    const invalid = await failureOf(mediaOf("12345"));
    const none = await failureOf(mediaOf());
    const many = await failureOf(mediaOf(...Array(1001).fill(unknownNumber)));

    expect(invalid).to.deep.equal({
      name: "InvalidArgumentException",
      status: 400,
      message: "Fragment numbers are invalid",
    });
    expect([none.name, many.name]).to.deep.equal(["InvalidArgumentException", "InvalidArgumentException"]);
  });

  it("charges a media point per fragment of the 500 per second, and lets 1000 owe a second", async () => {
    await mediaOf(...Array(1000).fill(unknownNumber));

    const atOnce = await failureOf(mediaOf(unknownNumber));
    await advance(1000);
    const whileOwing = await failureOf(mediaOf(unknownNumber));
    await advance(2);
    const afterwards = await mediaOf(unknownNumber);

    expect([atOnce.name, whileOwing.name]).to.deep.equal([
      "ClientLimitExceededException",
      "ClientLimitExceededException",
    ]);
    expect(afterwards.length).to.be.greaterThan(0);
  });

  /** The header with the size of its segment, in the eight bytes where it says that it has none. */
  function knownSegmentSize(unsized: Uint8Array, mediaBytes: number): Uint8Array {
    const segment = read(concat([unsized, block(1, 0).subarray(0, 0)])).find(
      ({ kind }) => kind === "segment",
    );
    const sized = Uint8Array.from(unsized);
    const at = (segment?.offset ?? 0) + 4;
    new DataView(sized.buffer).setBigUint64(at, (1n << 56n) | BigInt(unsized.length - at - 8 + mediaBytes));
    return sized;
  }
});
