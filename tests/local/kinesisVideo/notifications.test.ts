import {
  DescribeNotificationConfigurationCommand,
  UpdateNotificationConfigurationCommand,
} from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { awsError } from "../../../local/core/errors";
import type { PublishToTopic } from "../../../local/core/seams";
import { tags } from "../../../media/matroskaWriter";
import { OWNER } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";
import { putAll } from "./producer";
import { createStream, failureOf, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import { fragmentOf, headerOf, START_MS, videoTrack } from "./streamBytes";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:fragments";
const MINUTE_MS = 60_000;

describe("Kinesis Video notifications", () => {
  let manual: ManualClock;
  let kinesisVideo: ServedKinesisVideo;
  let streamArn: string;
  let published: Parameters<PublishToTopic>[0][];
  let refusal: Error | undefined;
  beforeEach(async () => {
    [published, refusal] = [[], undefined];
    manual = makeManualClock(START_MS);
    kinesisVideo = await serveKinesisVideo({
      clock: manual.clock,
      async publishToTopic(message) {
        if (refusal) throw refusal;
        published.push(message);
      },
    });
    streamArn = await createStream(kinesisVideo);
  });
  afterEach(() => kinesisVideo.close());

  const configure = (Status: "ENABLED" | "DISABLED", Uri = TOPIC) =>
    kinesisVideo.control.send(
      new UpdateNotificationConfigurationCommand({
        StreamName: "gate",
        NotificationConfiguration: { Status, DestinationConfig: { Uri } },
      }),
    );
  const describeConfiguration = async () =>
    (await kinesisVideo.control.send(new DescribeNotificationConfigurationCommand({ StreamName: "gate" })))
      .NotificationConfiguration;
  const marked = (...own: { name: string; value: string }[]) =>
    tags([{ name: "AWS_KINESISVIDEO_NOTIFICATION", value: "" }, ...own]);
  /** Sends fragments of a second each; answers their acknowledgements. */
  const film = (...parts: Uint8Array[]) => putAll(kinesisVideo.url, [headerOf(videoTrack()), ...parts]);
  const fragment = (second: number) => fragmentOf({ timecodeMs: START_MS + second * 1000 });

  it("tell the topic of each marked fragment when it is persisted, with the producer's tags", async () => {
    await configure("ENABLED");
    await manual.advance(MINUTE_MS);

    const acks = await film(
      ...[fragment(0), fragment(1), marked({ name: "MESSAGE", value: "started" }), fragment(2)],
    );

    const persisted = acks.filter(({ EventType }) => EventType === "PERSISTED");
    expect(published).to.have.length(1);
    expect(published[0]).to.deep.include({ topicArn: TOPIC, subject: "Kinesis Video Streams Notification" });
    expect(published[0]?.call.caller).to.deep.equal(OWNER);
    expect(JSON.parse(published[0]?.message ?? "")).to.deep.equal({
      StreamArn: streamArn,
      FragmentNumber: persisted[1]?.FragmentNumber,
      FragmentStartProducerTimestamp: START_MS + 1000,
      FragmentStartServerTimestamp: START_MS + MINUTE_MS,
      NotificationType: "PERSISTED",
      NotificationPayload: { MESSAGE: "started" },
    });
  });

  it("begin a minute after they were configured", async () => {
    await configure("ENABLED");
    await manual.advance(MINUTE_MS - 1);

    await film(fragment(0), marked());

    expect(published).to.deep.equal([]);
  });

  it("are not sent while they are disabled, nor once their configuration is taken away", async () => {
    await configure("DISABLED");
    await manual.advance(MINUTE_MS);
    await film(fragment(0), marked());
    const disabled = await describeConfiguration();

    await kinesisVideo.control.send(new UpdateNotificationConfigurationCommand({ StreamName: "gate" }));
    await film(fragment(10), marked());

    expect(published).to.deep.equal([]);
    expect(disabled).to.deep.equal({ Status: "DISABLED", DestinationConfig: { Uri: TOPIC } });
    expect(await describeConfiguration()).to.equal(undefined);
  });

  it("that their topic refuses cost no fragment, and are told of on the console", async () => {
    const said: string[] = [];
    const { error } = console;
    console.error = (line: string) => void said.push(line);
    await configure("ENABLED");
    await manual.advance(MINUTE_MS);
    refusal = awsError("AccessDeniedException", 403, "no sns:Publish");

    const acks = await film(fragment(0), marked(), fragment(1));

    console.error = error;
    const persisted = acks.filter(({ EventType }) => EventType === "PERSISTED");
    expect(persisted).to.have.length(2);
    expect(said).to.deep.equal([`local cloud: gate could not notify ${TOPIC}: no sns:Publish`]);
  });

  for (const [what, uri] of [
    ["a FIFO topic", `${TOPIC}.fifo`],
    ["a queue", "arn:aws:sqs:us-east-1:123456789012:letters"],
  ] as const) {
    it(`go to no ${what}`, async () => {
      const failure = await failureOf(configure("ENABLED", uri));

      expect(failure).to.include({ name: "InvalidArgumentException", status: 400 });
      expect(failure.message).to.match(/standard SNS topic/);
    });
  }
});
