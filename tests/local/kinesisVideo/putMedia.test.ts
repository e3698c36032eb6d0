import { DeleteStreamCommand } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { tags } from "../../../media/matroskaWriter";
import { makeManualClock } from "../../support/manualClock";
import { openProducer, putAll } from "./producer";
import { allFragments, createStream, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import { block, END_OF_FRAGMENT, fragmentOf, headerOf, START_MS, videoTrack } from "./streamBytes";

describe("PutMedia", () => {
  const header = headerOf(videoTrack());
  let kinesisVideo: ServedKinesisVideo;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo();
    await createStream(kinesisVideo);
  });

  afterEach(() => kinesisVideo.close());

  it("acknowledges each fragment as it begins, as it is whole, and as it is on disk", async () => {
    const body = [header, fragmentOf({ timecodeMs: START_MS }), fragmentOf({ timecodeMs: START_MS + 1000 })];

    const acks = await putAll(kinesisVideo.url, body);

    const ofFragment = (timecodeMs: number) =>
      acks
        .filter(({ FragmentTimecode }) => FragmentTimecode === timecodeMs)
        .map(({ EventType }) => EventType);
    expect(ofFragment(START_MS)).to.deep.equal(["BUFFERING", "RECEIVED", "PERSISTED"]);
    expect(ofFragment(START_MS + 1000)).to.deep.equal(["BUFFERING", "RECEIVED", "PERSISTED"]);
    expect(acks).to.have.length(6);
  });

  it("answers while the upload goes on", async () => {
    const producer = openProducer(kinesisVideo.url);

    await producer.send(header, fragmentOf({ timecodeMs: START_MS }));
    const buffering = await producer.ack("BUFFERING");
    await producer.send(fragmentOf({ timecodeMs: START_MS + 1000 }));
    const persisted = await producer.ack("PERSISTED");

    expect(persisted).to.deep.include({
      FragmentTimecode: START_MS,
      FragmentNumber: buffering.FragmentNumber,
    });
    producer.cutOff();
  });

  it("numbers fragments as (2^64 + n) * 2^92 + a random part, rising by one within a connection", async () => {
    const body = [header, fragmentOf({ timecodeMs: START_MS }), fragmentOf({ timecodeMs: START_MS + 1000 })];

    const first = await putAll(kinesisVideo.url, body);
    const second = await putAll(kinesisVideo.url, body);

    const sequences = [...first, ...second]
      .filter(({ EventType }) => EventType === "PERSISTED")
      .map(({ FragmentNumber }) => (BigInt(FragmentNumber ?? "") >> 92n) - 2n ** 64n);
    expect(sequences.slice(0, 2)).to.deep.equal([1n, 2n]);
    expect(sequences[2]! > 2n).to.equal(true);
    expect(sequences[3]).to.equal(sequences[2]! + 1n);
    expect(first[0]?.FragmentNumber).to.have.length(47);
  });

  it("adds the producer's start to RELATIVE timecodes, and acknowledges the timecode as it was sent", async () => {
    const headers = {
      "x-amzn-fragment-timecode-type": "RELATIVE",
      "x-amzn-producer-start-timestamp": "1511852108.513",
    };

    const acks = await putAll(kinesisVideo.url, [header, fragmentOf({ timecodeMs: 2000 })], headers);

    const [fragment] = await allFragments(kinesisVideo);
    expect(acks[0]?.FragmentTimecode).to.equal(2000);
    expect(fragment?.ProducerTimestamp?.getTime()).to.equal(1511852110513);
  });

  it("reads the milliseconds that the C producer does not pad as the decimal fraction they look like", async () => {
    const headers = {
      "x-amzn-fragment-timecode-type": "RELATIVE",
      "x-amzn-producer-start-timestamp": "1511852108.5",
    };

    await putAll(kinesisVideo.url, [header, fragmentOf({ timecodeMs: 0 })], headers);

    const [fragment] = await allFragments(kinesisVideo);
    expect(fragment?.ProducerTimestamp?.getTime()).to.equal(1511852108500);
  });

  it("completes a fragment at the C producer's end-of-fragment tag, with the body left open", async () => {
    const producer = openProducer(kinesisVideo.url);

    await producer.send(header, fragmentOf({ timecodeMs: START_MS }), END_OF_FRAGMENT);
    const persisted = await producer.ack("PERSISTED");

    expect(persisted.FragmentTimecode).to.equal(START_MS);
    producer.cutOff();
  });

  it("takes tags ahead of the first cluster, as the C producer sends them after a reconnect", async () => {
    const replayed = tags([{ name: "AWS_KINESISVIDEO_END_OF_FRAGMENT", value: "" }]);

    const acks = await putAll(kinesisVideo.url, [header, replayed, fragmentOf({ timecodeMs: START_MS })]);

    expect(acks.map(({ EventType }) => EventType)).to.deep.equal(["BUFFERING", "RECEIVED", "PERSISTED"]);
  });

  it("serves a client that waits for the go-ahead and names the host without its port", async () => {
    const producer = openProducer(kinesisVideo.url, { expect: "100-continue", host: "127.0.0.1" });

    await producer.send(header, fragmentOf({ timecodeMs: START_MS }));
    producer.end();

    expect(await producer.status()).to.equal(200);
    expect(await producer.ack("PERSISTED")).to.include({ FragmentTimecode: START_MS });
  });

  it("drops the unfinished fragment of a connection that is cut, and keeps those before it", async () => {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(
      header,
      fragmentOf({ timecodeMs: START_MS }),
      fragmentOf({ timecodeMs: START_MS + 1000 }),
    );
    await producer.ack("PERSISTED");

    producer.cutOff();
    await retryUntilFree();

    const fragments = await allFragments(kinesisVideo);
    expect(fragments.map((fragment) => fragment.ProducerTimestamp?.getTime())).to.deep.equal([
      START_MS,
      START_MS + 5000,
    ]);
  });

  it("keeps a fragment whose cluster was complete when the connection was cut", async () => {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(
      header,
      fragmentOf({ timecodeMs: START_MS }),
      tags([{ name: "weather", value: "rain" }]),
    );
    await producer.ack("BUFFERING");

    producer.cutOff();
    await retryUntilFree();

    const fragments = await allFragments(kinesisVideo);
    expect(fragments.map((fragment) => fragment.ProducerTimestamp?.getTime())).to.deep.equal([
      START_MS,
      START_MS + 5000,
    ]);
  });

  it("refuses the newest of two connections to a stream and leaves the older one alone", async () => {
    const older = openProducer(kinesisVideo.url);
    await older.send(header, fragmentOf({ timecodeMs: START_MS }));
    await older.ack("BUFFERING");

    const newest = openProducer(kinesisVideo.url);
    const refusal = { status: await newest.status(), body: JSON.parse(await newest.body()) };
    older.end();

    expect(refusal.status).to.equal(400);
    expect(refusal.body.Message).to.contain("already has a PutMedia connection");
    expect((await older.rest()).at(-1)).to.include({ EventType: "PERSISTED" });
  });

  it("refuses a request before streaming: no such stream, a stream of another life, bad headers", async () => {
    const statusOf = async (headers: Record<string, string | undefined>) =>
      openProducer(kinesisVideo.url, headers).status();
    const otherLife = "arn:aws:kinesisvideo:us-east-1:123456789012:stream/gate/1";

    const statuses = {
      unknown: await statusOf({ "x-amzn-stream-name": "nowhere" }),
      otherLife: await statusOf({ "x-amzn-stream-name": undefined, "x-amzn-stream-arn": otherLife }),
      unnamed: await statusOf({ "x-amzn-stream-name": undefined }),
      timecodeType: await statusOf({ "x-amzn-fragment-timecode-type": "EXACT" }),
      start: await statusOf({ "x-amzn-producer-start-timestamp": "yesterday" }),
    };

    expect(statuses).to.deep.equal({
      unknown: 404,
      otherLife: 404,
      unnamed: 400,
      timecodeType: 400,
      start: 400,
    });
  });

  it("persists nothing on a stream without retention, and says RECEIVED last", async () => {
    await createStream(kinesisVideo, "door", 0);

    const acks = await putAll(kinesisVideo.url, [header, fragmentOf({ timecodeMs: START_MS })], {
      "x-amzn-stream-name": "door",
    });

    expect(acks.map(({ EventType }) => EventType)).to.deep.equal(["BUFFERING", "RECEIVED"]);
  });

  it("publishes what came in, per stream", async () => {
    const cluster = fragmentOf({ timecodeMs: START_MS });

    await putAll(kinesisVideo.url, [header, cluster]);

    const valuesOf = (name: string) =>
      kinesisVideo.metrics
        .filter(({ metricName }) => metricName === `PutMedia.${name}`)
        .map(({ value }) => value);
    expect(kinesisVideo.metrics[0]).to.deep.include({
      namespace: "AWS/KinesisVideo",
      dimensions: { StreamName: "gate" },
    });
    expect(valuesOf("Requests")).to.deep.equal([1]);
    expect(valuesOf("IncomingFragments")).to.deep.equal([1]);
    expect(valuesOf("IncomingBytes")).to.deep.equal([cluster.length]);
    expect(valuesOf("IncomingFrames")).to.deep.equal([25]);
    expect(valuesOf("Success")).to.deep.equal([1]);
    expect(valuesOf("FragmentPersistLatency")).to.have.length(1);
  });

  /** The service notices a cut connection in its own time; once it has, it takes another one. */
  async function retryUntilFree(): Promise<void> {
    for (;;) {
      const producer = openProducer(kinesisVideo.url);
      await producer.send(header, fragmentOf({ timecodeMs: START_MS + 5000 }));
      producer.end();
      if ((await producer.status()) !== 200) continue;
      await producer.ack("PERSISTED");
      return;
    }
  }
});

describe("PutMedia over time", () => {
  const header = headerOf(videoTrack());
  const { clock, advance } = makeManualClock(START_MS);
  let kinesisVideo: ServedKinesisVideo;
  let streamArn: string;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo({ clock });
    streamArn = await createStream(kinesisVideo);
  });

  afterEach(() => kinesisVideo.close());

  it("stamps a fragment with the time of its first byte, not of its last", async () => {
    const producer = openProducer(kinesisVideo.url);
    const beganMs = clock.nowMs();
    await producer.send(header, fragmentOf({ timecodeMs: 0, durationMs: 1000 }));
    await producer.ack("BUFFERING");

    await advance(700);
    await producer.send(block(1, 1000));
    producer.end();
    await producer.ack("PERSISTED");

    const [fragment] = await allFragments(kinesisVideo);
    expect(fragment?.ServerTimestamp?.getTime()).to.equal(beganMs);
  });

  it("acknowledges silence as IDLE and closes after 30 s of it", async () => {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(header, fragmentOf({ timecodeMs: 0 }), END_OF_FRAGMENT);
    await producer.ack("PERSISTED");

    await advance(30_000);

    expect(await producer.rest()).to.deep.equal(Array(5).fill({ EventType: "IDLE" }));
  });

  it("persists a cluster of known size without waiting for what follows it", async () => {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(header, knownSize(fragmentOf({ timecodeMs: 0 })));
    await producer.ack("BUFFERING");

    await advance(1000);

    expect(await producer.ack("PERSISTED")).to.include({ FragmentTimecode: 0 });
    producer.cutOff();
  });

  it("ends a connection of 45 minutes with MAX_CONNECTION_DURATION_REACHED", async () => {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(header);
    for (let part = 0; part < 45 * 3; part++) {
      await producer.send(fragmentOf({ timecodeMs: part * 1000 }));
      await producer.ack("BUFFERING");
      await advance(20_000);
    }

    const acks = await producer.rest();

    expect(acks.at(-1)).to.include({ ErrorId: 4003, ErrorCode: "MAX_CONNECTION_DURATION_REACHED" });
  });

  it("counts a connection in every minute of its life, though it sends nothing new", async () => {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(header, fragmentOf({ timecodeMs: 0 }));
    await producer.ack("BUFFERING");

    for (let part = 1; part < 10; part++) {
      await producer.send(fragmentOf({ timecodeMs: part * 1000 }));
      await producer.ack("BUFFERING");
      await advance(20_000);
    }
    const ended = producer.rest();
    await advance(30_000);
    await ended;
    await advance(300_000);

    const counted = kinesisVideo.metrics.filter(
      ({ metricName }) => metricName === "PutMedia.ActiveConnections",
    );
    expect(counted.map(({ value }) => value)).to.deep.equal([1, 1, 1, 1]);
  });

  it("ends the connection with STREAM_NOT_ACTIVE when the stream is deleted", async () => {
    const producer = openProducer(kinesisVideo.url);
    await producer.send(header, fragmentOf({ timecodeMs: 0 }));
    await producer.ack("BUFFERING");

    await kinesisVideo.control.send(new DeleteStreamCommand({ StreamARN: streamArn }));

    expect(await producer.ack("ERROR")).to.include({ ErrorId: 4008, ErrorCode: "STREAM_NOT_ACTIVE" });
  });

  /** The cluster with its size, in the eight bytes where it says that it has none. */
  function knownSize(cluster: Uint8Array): Uint8Array {
    const sized = Uint8Array.from(cluster);
    new DataView(sized.buffer).setBigUint64(4, (1n << 56n) | BigInt(cluster.length - 12));
    return sized;
  }
});
