import { GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { findBacklog } from "../../archive/backlog";
import type { FragmentSource, StreamDescription } from "../../archive/ports";
import { openOwnStream } from "./own";
import { archivePrefix, type EventRecord } from "./record";
import type { Tools } from "./tools";

/** One camera of an event. */
export type EventCamera = EventRecord["streams"][number];

/** What of a camera is where, as of one instant. */
export interface CameraState {
  camera: string;
  stream: string;
  /** `gone` when the stream is not there: not yet, or not any more. */
  activity: "sending" | "silent" | "gone";
  /** Fragments that Kinesis Video Streams acknowledged and that are known of: those archived, owed, or given up with the stream. */
  acknowledged: number;
  archived: number;
  /** Of the oldest fragment that is held and not archived, ISO 8601. */
  oldestUnarchived?: string;
  /** Its age; 0 when everything is archived. */
  lagSeconds: number;
}

/** A camera that sends has a new fragment at least this often: the longest takes 20 s, and is listed when it is over. */
const SENDING_MS = 45_000;

/**
 * Looks at one camera through the services themselves.
 * @param counted fragments that its ledger has in clips, and those that were given up, which no stream holds any more
 */
export async function cameraState(
  tools: Tools,
  record: EventRecord,
  { camera, name: stream }: EventCamera,
  { nowMs, archived, givenUp }: { nowMs: number; archived: number; givenUp: number },
): Promise<CameraState> {
  const own = await openOwnStream(tools, record, stream);
  if (!own)
    return {
      camera,
      stream,
      activity: "gone",
      acknowledged: archived + givenUp,
      archived,
      lagSeconds: 0,
    };
  const { source } = own;
  const { vault, base } = tools;
  const prefix = archivePrefix(base.prefix, record.id);
  const backlog = await findBacklog({ source, vault, prefix, nowMs });
  const { oldestMs } = backlog;
  return {
    camera,
    stream,
    activity: (await newestFragmentMs(source, nowMs, SENDING_MS)) ? "sending" : "silent",
    acknowledged: archived + backlog.fragments,
    archived,
    ...(oldestMs === undefined ? {} : { oldestUnarchived: new Date(oldestMs).toISOString() }),
    lagSeconds: oldestMs === undefined ? 0 : Math.max(0, Math.round((nowMs - oldestMs) / 1000)),
  };
}

/** Server time of the newest fragment that began within the last `withinMs`, if one did. */
export async function newestFragmentMs(
  source: FragmentSource,
  nowMs: number,
  withinMs: number,
): Promise<number | undefined> {
  const { fragments } = await source.list({ fromMs: nowMs - withinMs, toMs: nowMs });
  return fragments.reduce<number | undefined>(
    (newest, { serverMs }) => Math.max(newest ?? 0, serverMs),
    undefined,
  );
}

/**
 * Which streams had a PutMedia connection within the last minutes, by the metric `PutMedia.ActiveConnections`
 * (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/monitoring-cloudwatch.html). A minute's value may come late,
 * and a connection that says nothing is closed after 30 s.
 */
export async function connectedStreams(
  { clients }: Tools,
  streams: StreamDescription[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<Set<string>> {
  const connected = new Set<string>();
  // GetMetricData takes 500 queries; an event has fewer cameras.
  let NextToken: string | undefined;
  do {
    const page = await clients.cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(fromMs),
        EndTime: new Date(toMs),
        NextToken,
        MetricDataQueries: streams.map(({ streamName }, index) => ({
          Id: `m${index}`,
          MetricStat: {
            Metric: {
              Namespace: "AWS/KinesisVideo",
              MetricName: "PutMedia.ActiveConnections",
              Dimensions: [{ Name: "StreamName", Value: streamName }],
            },
            Period: 60,
            Stat: "Maximum",
          },
        })),
      }),
    );
    for (const { Id = "", Values = [] } of page.MetricDataResults ?? []) {
      const stream = streams[Number(Id.slice(1))];
      if (stream && Values.some((value) => value > 0)) connected.add(stream.streamName);
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return connected;
}
