import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  ListTagsForResourceCommand,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { ReconcileStreamRequest } from "./reconcileStream";

/** A stream of this stack, as its alarm knows it. */
export type StackStream = Omit<ReconcileStreamRequest, "now">;

/** The stack's streams, and a way to have one reconciled without waiting for it. */
export interface ReconcileDeps {
  listStreams(): AsyncIterable<StackStream>;
  start(request: ReconcileStreamRequest): Promise<void>;
}

/**
 * Reconcile: has every stream of the stack looked at, whether or not an alarm rang. So a lost event, a dead execution or
 * a visit too short for the alarm costs time, never footage.
 */
export const makeReconcile =
  ({ listStreams, start }: ReconcileDeps) =>
  /** @param event a scheduled event; its time is the instant as of which streams are looked at */
  async ({ time }: { time: string }): Promise<{ streams: number }> => {
    let streams = 0;
    const failures: string[] = [];
    for await (const stream of listStreams()) {
      streams += 1;
      try {
        await start({ ...stream, now: time });
      } catch (error) {
        // One stream must not keep the others waiting; the schedule's retry comes back to it.
        failures.push(`${stream.streamName}: ${error}`);
      }
    }
    if (failures.length > 0) throw new Error(`not reconciled: ${failures.join("; ")}`);
    return { streams };
  };

/** The deployed function. Its environment names the beginning of the stack's alarms and the function for each. */
export const reconcile = () => {
  const { ALARM_PREFIX, STREAM_FUNCTION } = process.env;
  const cloudwatch = new CloudWatchClient({});
  const lambda = new LambdaClient({});

  async function* listStreams(): AsyncGenerator<StackStream> {
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

  async function streamOf(alarm: MetricAlarm): Promise<StackStream | undefined> {
    const { AlarmName = "", AlarmArn = "", Dimensions, StateValue } = alarm;
    const { Tags = [] } = await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: AlarmArn }));
    const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
    const streamName = Dimensions?.find(({ Name }) => Name === "StreamName")?.Value;
    if (tags.RepeatedAlarm !== "True" || !streamName) return undefined;
    return {
      streamName,
      clipSeconds: Number(tags.ClipSeconds),
      alarmName: AlarmName,
      alarmArn: AlarmArn,
      isAlarmOn: StateValue === "ALARM",
    };
  }

  return makeReconcile({
    listStreams,
    start: async (request) => {
      const Payload = JSON.stringify(request);
      await lambda.send(
        new InvokeCommand({ FunctionName: STREAM_FUNCTION, InvocationType: "Event", Payload }),
      );
    },
  });
};
