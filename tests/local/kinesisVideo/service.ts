import { CreateStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import {
  type Fragment,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { Clock } from "../../../local/core/clock";
import type { PublishToTopic, PutMetric, UseKey } from "../../../local/core/seams";
import { type KinesisVideo, makeKinesisVideo } from "../../../local/kinesisVideo";
import { serveServices } from "../../support/localService";
import { refusalOf } from "../../support/refusalOf";

export type Datum = Parameters<PutMetric>[0];

/** Kinesis Video behind a real endpoint, with the SDK's clients for it. */
export interface ServedKinesisVideo {
  url: string;
  control: KinesisVideoClient;
  archive: KinesisVideoArchivedMediaClient;
  /** Every data point that was published. */
  metrics: Datum[];
  close(): Promise<void>;
}

/** Serves Kinesis Video over a data folder of its own, or over `dataDir` to test a restart. */
export async function serveKinesisVideo({
  useKey = async ({ keyId }) => keyId,
  publishToTopic = async () => undefined,
  ...options
}: {
  clock?: Clock;
  dataDir?: string;
  useKey?: UseKey;
  publishToTopic?: PublishToTopic;
} = {}): Promise<ServedKinesisVideo> {
  const metrics: Datum[] = [];
  let service: KinesisVideo | undefined;
  const served = await serveServices((deps) => {
    service = makeKinesisVideo({
      ...deps,
      putMetric: (datum) => metrics.push(datum),
      useKey,
      publishToTopic,
    });
    return [service.http];
  }, options);
  const control = new KinesisVideoClient(served.clientConfig);
  const archive = new KinesisVideoArchivedMediaClient(served.clientConfig);
  return {
    url: served.url,
    control,
    archive,
    metrics,
    async close() {
      control.destroy();
      archive.destroy();
      await service?.close();
      await served.close();
    },
  };
}

/** Makes a stream that keeps its media for a day. */
export async function createStream(
  { control }: Pick<ServedKinesisVideo, "control">,
  name = "gate",
  retentionHours = 24,
): Promise<string> {
  const command = new CreateStreamCommand({ StreamName: name, DataRetentionInHours: retentionHours });
  return (await control.send(command)).StreamARN ?? "";
}

/** All fragments of a stream in the order of ingestion. */
export async function allFragments(
  { archive }: ServedKinesisVideo,
  stream: { StreamName?: string; StreamARN?: string } = { StreamName: "gate" },
): Promise<Fragment[]> {
  const everything = { StartTimestamp: new Date(0), EndTimestamp: new Date("2100-01-01T00:00:00Z") };
  const command = new ListFragmentsCommand({
    ...stream,
    MaxResults: 1000,
    FragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: everything },
  });
  const { Fragments = [] } = await archive.send(command);
  return Fragments.sort((a, b) => (String(a.FragmentNumber) < String(b.FragmentNumber) ? -1 : 1));
}

/** What a call that must fail failed with. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ name: string; message: string; status?: number }> {
  const { name, message, $metadata } = await refusalOf(call);
  return { name, message, status: $metadata?.httpStatusCode };
}
