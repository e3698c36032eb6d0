import { CloudWatchClient, ListTagsForResourceCommand } from "@aws-sdk/client-cloudwatch";

/** The parts of a `CloudWatch Alarm State Change` event that are read here. */
export interface AlarmEvent {
  resources: string[];
  detail: {
    alarmName: string;
    configuration?: { metrics?: { metricStat?: { metric?: { dimensions?: Record<string, string> } } }[] };
  };
}

/** What the workflow needs to record the stream that an alarm watches. */
export interface Recording {
  isRecorded: boolean;
  alarmName: string;
  streamName?: string;
  clipSeconds?: number;
}

/** Reads an alarm's tags, by ARN. */
export interface CheckAlarmTagDeps {
  readTags(alarmArn: string): Promise<Record<string, string>>;
}

/**
 * CheckAlarmTag: whether the alarm that rang is tagged `{RepeatedAlarm: True}`, and which stream it watches. A stream's
 * settings travel in its alarm's tags, so the function's environment does not grow with the number of streams.
 */
export const makeCheckAlarmTag =
  ({ readTags }: CheckAlarmTagDeps) =>
  async (event: AlarmEvent): Promise<Recording> => {
    const { alarmName, configuration } = event.detail;
    const tags = await readTags(event.resources[0] ?? "");
    if (tags.RepeatedAlarm !== "True") return { isRecorded: false, alarmName };

    // A metric-math alarm lists its expression first, without a metricStat.
    const metric = configuration?.metrics?.find(({ metricStat }) => metricStat)?.metricStat?.metric;
    const streamName = metric?.dimensions?.StreamName;
    const clipSeconds = Number(tags.ClipSeconds);
    if (!streamName || !(clipSeconds > 0)) {
      throw new Error(
        `alarm ${alarmName} is tagged RepeatedAlarm but watches no stream (${streamName}) or has no tag ClipSeconds (${tags.ClipSeconds}); deploy it anew or remove the tag`,
      );
    }
    return { isRecorded: true, alarmName, streamName, clipSeconds };
  };

/** The deployed function. */
export const checkAlarmTag = () => {
  const cloudwatch = new CloudWatchClient({});
  return makeCheckAlarmTag({
    readTags: async (alarmArn) => {
      const { Tags } = await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: alarmArn }));
      return Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    },
  });
};
