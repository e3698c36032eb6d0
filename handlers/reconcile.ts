import { CloudWatchClient, DescribeAlarmsCommand, type MetricAlarm } from "@aws-sdk/client-cloudwatch";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { makeReadTags } from "./ports/alarmTags";
import type { ReconcileStreamRequest } from "./reconcileStream";

/** A stream of this stack, as its alarm knows it. */
export type StackStream = Omit<ReconcileStreamRequest, "now">;

/** The stack's alarms and their streams, and a way to have one reconciled without waiting for it. */
export interface ReconcileDeps {
  listAlarms(): AsyncIterable<MetricAlarm>;
  readTags(alarmArn: string): Promise<Record<string, string>>;
  start(request: ReconcileStreamRequest): Promise<void>;
  /** How many streams the stack has, by its program. */
  streamCount: number;
}

/**
 * Reconcile: has every stream of the stack looked at, whether or not an alarm rang. So a lost event, a dead execution or
 * a visit too short for the alarm costs time, never footage.
 */
export const makeReconcile =
  ({ listAlarms, readTags, start, streamCount }: ReconcileDeps) =>
  /**
   * @param event a scheduled event; its time is the instant as of which streams are looked at
   * @throws in the end, naming every stream that could not be looked at, and telling of one whose alarm is gone
   */
  async ({ time }: { time: string }): Promise<{ streams: number }> => {
    let streams = 0;
    const failures: string[] = [];
    for await (const alarm of listAlarms()) {
      try {
        const stream = streamOf(alarm, await readTags(alarm.AlarmArn ?? ""));
        if (!stream) continue;
        streams += 1;
        await start({ ...stream, now: time });
      } catch (error) {
        // One stream must not keep the others waiting; the schedule's retry comes back to it.
        failures.push(`${alarm.AlarmName}: ${error}`);
      }
    }
    if (streams + failures.length < streamCount) {
      failures.push(
        `${streams} streams have an alarm with the tag RepeatedAlarm, and ${streamCount} were deployed: restore the alarm with pulumi up --refresh`,
      );
    }
    if (failures.length > 0) throw new Error(`not reconciled: ${failures.join("; ")}`);
    return { streams };
  };

/** The stream that an alarm watches, where it is one that is recorded. */
function streamOf(alarm: MetricAlarm, tags: Record<string, string>): StackStream | undefined {
  const { AlarmName = "", AlarmArn = "", Dimensions, StateValue } = alarm;
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

/** The deployed function. Its environment names the beginning of the stack's alarms, how many, and the function for each. */
export const reconcile = () => {
  const { ALARM_PREFIX, STREAM_COUNT, STREAM_FUNCTION } = process.env;
  const cloudwatch = new CloudWatchClient({});
  const lambda = new LambdaClient({});

  async function* listAlarms(): AsyncGenerator<MetricAlarm> {
    let NextToken: string | undefined;
    do {
      const page = await cloudwatch.send(
        new DescribeAlarmsCommand({ AlarmNamePrefix: ALARM_PREFIX, NextToken }),
      );
      yield* page.MetricAlarms ?? [];
      NextToken = page.NextToken;
    } while (NextToken);
  }

  return makeReconcile({
    listAlarms,
    streamCount: Number(STREAM_COUNT),
    readTags: makeReadTags(cloudwatch),
    start: async (request) => {
      const Payload = JSON.stringify(request);
      await lambda.send(
        new InvokeCommand({ FunctionName: STREAM_FUNCTION, InvocationType: "Event", Payload }),
      );
    },
  });
};
