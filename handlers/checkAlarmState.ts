import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";

/** Reads an alarm's state; nothing when there is no such alarm. */
export interface CheckAlarmStateDeps {
  readState(alarmName: string): Promise<string | undefined>;
}

/**
 * CheckAlarmState: whether video still arrives. Only OK, or an alarm that is gone, means that it stopped;
 * INSUFFICIENT_DATA is CloudWatch running late, and no reason to end a recording.
 */
export const makeCheckAlarmState =
  ({ readState }: CheckAlarmStateDeps) =>
  async ({ alarmName }: { alarmName: string }): Promise<{ isRecording: boolean }> => {
    const state = await readState(alarmName);
    return { isRecording: state !== undefined && state !== "OK" };
  };

/** The deployed function. */
export const checkAlarmState = () => {
  const cloudwatch = new CloudWatchClient({});
  return makeCheckAlarmState({
    readState: async (alarmName) => {
      const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [alarmName] }));
      return MetricAlarms?.[0]?.StateValue;
    },
  });
};
