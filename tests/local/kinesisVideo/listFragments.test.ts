import {
  type Fragment,
  type FragmentSelectorType,
  ListFragmentsCommand,
  type ListFragmentsCommandInput,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { expect } from "chai";
import { makeManualClock } from "../../support/manualClock";
import { AUTHORIZATION, openProducer, putAll } from "./producer";
import { createStream, failureOf, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import { END_OF_FRAGMENT, fragmentOf, headerOf, START_MS, videoTrack } from "./streamBytes";

describe("ListFragments", () => {
  const header = headerOf({ ...videoTrack(), defaultDurationNs: 40_000_000 });
  const { clock, advance } = makeManualClock(START_MS);
  let kinesisVideo: ServedKinesisVideo;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo({ clock });
    await createStream(kinesisVideo);
  });

  afterEach(() => kinesisVideo.close());

  const list = (input: Partial<ListFragmentsCommandInput> = {}) =>
    kinesisVideo.archive.send(
      new ListFragmentsCommand({ StreamName: "gate", FragmentSelector: range(0, 2e12), ...input }),
    );

  function range(
    startMs: number,
    endMs: number,
    origin: FragmentSelectorType = "PRODUCER_TIMESTAMP",
  ): ListFragmentsCommandInput["FragmentSelector"] {
    const timestamps = { StartTimestamp: new Date(startMs), EndTimestamp: new Date(endMs) };
    return { FragmentSelectorType: origin, TimestampRange: timestamps };
  }

  const seconds = (count: number) =>
    Array.from({ length: count }, (_, second) => fragmentOf({ timecodeMs: START_MS + second * 1000 }));
  const startsOf = (fragments: Fragment[] = []) =>
    fragments.map(({ ProducerTimestamp }) => (ProducerTimestamp?.getTime() ?? 0) - START_MS);

  it("tells a fragment's number, size, both timestamps and length", async () => {
    const cluster = fragmentOf({ timecodeMs: START_MS - 5000 });
    const acks = await putAll(kinesisVideo.url, [header, cluster]);

    const { Fragments } = await list();

    expect(Fragments).to.deep.equal([
      {
        FragmentNumber: acks[0]?.FragmentNumber,
        FragmentSizeInBytes: cluster.length,
        ProducerTimestamp: new Date(START_MS - 5000),
        ServerTimestamp: new Date(clock.nowMs()),
        FragmentLengthInMilliseconds: 1000,
      },
    ]);
  });

  it("hands out every fragment once over its pages, in no order of time", async () => {
    await putAll(kinesisVideo.url, [header, ...seconds(30)]);

    const pages: Fragment[][] = [];
    let NextToken: string | undefined;
    do {
      const page = await list(
        NextToken ? { NextToken, MaxResults: 7, FragmentSelector: undefined } : { MaxResults: 7 },
      );
      pages.push(page.Fragments ?? []);
      NextToken = page.NextToken;
    } while (NextToken);

    const starts = startsOf(pages.flat());
    const inOrder = Array.from({ length: 30 }, (_, second) => second * 1000);
    expect(pages.map(({ length }) => length)).to.deep.equal([7, 7, 7, 7, 2]);
    expect(starts).to.have.members(inOrder).and.not.deep.equal(inOrder);
    expect(startsOf(pages[0])).to.not.have.members(inOrder.slice(0, 7));
  });

  it("includes both ends of the range, to the millisecond", async () => {
    await putAll(kinesisVideo.url, [header, ...seconds(4)]);

    const both = await list({ FragmentSelector: range(START_MS + 1000, START_MS + 2000) });
    const neither = await list({ FragmentSelector: range(START_MS + 1001, START_MS + 1999) });

    expect(startsOf(both.Fragments)).to.have.members([1000, 2000]);
    expect(neither.Fragments).to.deep.equal([]);
  });

  it("selects by the time of ingestion when asked to", async () => {
    const startMs = clock.nowMs();
    const producer = openProducer(kinesisVideo.url);
    await producer.send(header);
    for (const cluster of seconds(3)) {
      await producer.send(cluster, END_OF_FRAGMENT);
      await producer.ack("PERSISTED");
      await advance(10_000);
    }

    const { Fragments } = await list({
      FragmentSelector: range(startMs + 10_000, startMs + 20_000, "SERVER_TIMESTAMP"),
    });

    expect(startsOf(Fragments)).to.have.members([1000, 2000]);
    producer.cutOff();
  });

  it("takes whole seconds, which is what boto3 and the AWS CLI send", async () => {
    await putAll(kinesisVideo.url, [header, ...seconds(3)]);
    const timestamps = { StartTimestamp: START_MS / 1000, EndTimestamp: START_MS / 1000 + 1 };
    const body = {
      StreamName: "gate",
      FragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: timestamps },
    };

    const response = await fetch(`${kinesisVideo.url}/listFragments`, {
      method: "POST",
      headers: { authorization: AUTHORIZATION, "content-type": "application/json" },
      body: JSON.stringify(body),
    });

    const { Fragments } = (await response.json()) as { Fragments: { ProducerTimestamp: number }[] };
    expect(Fragments.map(({ ProducerTimestamp }) => ProducerTimestamp)).to.have.members([
      START_MS / 1000,
      START_MS / 1000 + 1,
    ]);
  });

  it("refuses a page of 0 or 1001, a missing selector, a range that goes back, a token of another stream", async () => {
    await createStream(kinesisVideo, "door");
    await putAll(kinesisVideo.url, [header, ...seconds(2)]);
    const { NextToken } = await list({ MaxResults: 1 });

    const failures = [
      await failureOf(list({ MaxResults: 0 })),
      await failureOf(list({ MaxResults: 1001 })),
      await failureOf(list({ FragmentSelector: undefined })),
      await failureOf(list({ FragmentSelector: range(START_MS, START_MS - 1) })),
      await failureOf(list({ StreamName: "door", NextToken })),
      await failureOf(list({ NextToken: "bm8=" })),
    ];

    expect(failures.map(({ name, status }) => `${name} ${status}`)).to.deep.equal(
      Array(6).fill("InvalidArgumentException 400"),
    );
  });

  it("charges MaxResults metadata points of the stream's 10,000 per second", async () => {
    for (let call = 0; call < 10; call++) await list({ MaxResults: 1000 });

    const eleventh = await failureOf(list({ MaxResults: 1000 }));
    await advance(99);
    const tooSoon = await failureOf(list({ MaxResults: 1000 }));
    await advance(1);
    const afterwards = await list({ MaxResults: 1000 });

    expect(eleventh).to.include({ name: "ClientLimitExceededException", status: 400 });
    expect(tooSoon.name).to.equal("ClientLimitExceededException");
    expect(afterwards.Fragments).to.deep.equal([]);
  });

  it("counts requests and their success", async () => {
    await list();
    await failureOf(list({ MaxResults: 0 }));

    const published = kinesisVideo.metrics.map(({ metricName, value }) => `${metricName} ${value}`);
    expect(published).to.deep.equal([
      "ListFragments.Requests 1",
      "ArchivedFragmentsConsumed.Metadata 100",
      "ListFragments.Success 1",
      "ListFragments.Requests 1",
      "ListFragments.Success 0",
    ]);
  });
});
