import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  ListTagsForResourceCommand,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { ArchiveClipRequest } from "./archiveClip";

/** A stream of this stack, as its alarm knows it. */
export interface ReconciledStream {
  streamName: string;
  clipSeconds: number;
}

/** The stack's streams, and a way to have one archived without waiting for it. */
export interface ReconcileDeps {
  listStreams(): AsyncIterable<ReconciledStream>;
  startRound(request: ArchiveClipRequest): Promise<void>;
}

/**
 * Reconcile: has every stream of the stack archived by the same routine as a recording, whether or not an alarm rang.
 * So a lost event, a dead execution or a visit too short for the alarm costs time, never footage.
 */
export const makeReconcile =
  ({ listStreams, startRound }: ReconcileDeps) =>
  /** @param event a scheduled event; its time is the instant as of which streams are looked at */
  async ({ time }: { time: string }): Promise<{ streams: number }> => {
    let streams = 0;
    const failures: string[] = [];
    for await (const { streamName, clipSeconds } of listStreams()) {
      streams += 1;
      try {
        await startRound({ streamName, clipSeconds, now: time });
      } catch (error) {
        // One stream must not keep the others waiting; the schedule's retry comes back to it.
        failures.push(`${streamName}: ${error}`);
      }
    }
    if (failures.length > 0) throw new Error(`not reconciled: ${failures.join("; ")}`);
    return { streams };
  };

/** The deployed function. Its environment names the beginning of the stack's alarms and the archive function. */
export const reconcile = () => {
  const { ALARM_PREFIX, ARCHIVE_FUNCTION } = process.env;
  const cloudwatch = new CloudWatchClient({});
  const lambda = new LambdaClient({});

  async function* listStreams(): AsyncGenerator<ReconciledStream> {
    let NextToken: string | undefined;
    do {
      const page = await cloudwatch.send(
        new DescribeAlarmsCommand({ AlarmNamePrefix: ALARM_PREFIX, NextToken }),
      );
      for (const alarm of page.MetricAlarms ?? []) {
        const stream = await streamOf(alarm);
        if (stream) yield stream;
      }
      NextToken = page.NextToken;
    } while (NextToken);
  }

  async function streamOf({ AlarmArn, Dimensions }: MetricAlarm): Promise<ReconciledStream | undefined> {
    const { Tags = [] } = await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: AlarmArn }));
    const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
    const streamName = Dimensions?.find(({ Name }) => Name === "StreamName")?.Value;
    if (tags.RepeatedAlarm !== "True" || !streamName) return undefined;
    return { streamName, clipSeconds: Number(tags.ClipSeconds) };
  }

  return makeReconcile({
    listStreams,
    startRound: async (request) => {
      const Payload = JSON.stringify(request);
      await lambda.send(
        new InvokeCommand({ FunctionName: ARCHIVE_FUNCTION, InvocationType: "Event", Payload }),
      );
    },
  });
};
