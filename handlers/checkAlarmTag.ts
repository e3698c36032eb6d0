import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { changeClaim, isFree } from "../archive/claim";
import type { Vault } from "../archive/ports";
import { makeReadTags } from "./ports/alarmTags";
import { makeVault } from "./ports/s3";

/** The parts of a `CloudWatch Alarm State Change` event that are read here. */
export interface AlarmEvent {
  resources: string[];
  detail: {
    alarmName: string;
    configuration?: { metrics?: { metricStat?: { metric?: { dimensions?: Record<string, string> } } }[] };
  };
}

/** An alarm that rang, the execution that heard it, and when that was. */
export interface CheckAlarmTagRequest {
  event: AlarmEvent;
  /** The name of the execution. */
  execution: string;
  /** ISO 8601. */
  now: string;
}

/** What the workflow needs to record the stream that an alarm watches. */
export interface Recording {
  isRecorded: boolean;
  /** Another execution records the stream already. */
  isDuplicate?: boolean;
  alarmName: string;
  streamName?: string;
  clipSeconds?: number;
}

/** Reads an alarm's tags, by ARN; and the archive, where claims are. */
export interface CheckAlarmTagDeps {
  readTags(alarmArn: string): Promise<Record<string, string>>;
  vault: Vault;
  prefix: string;
}

/**
 * CheckAlarmTag: whether the alarm that rang is tagged `{RepeatedAlarm: True}` and the first of its kind, and which
 * stream it watches. A stream's settings travel in its alarm's tags, so the function's environment does not grow with
 * the number of streams.
 */
export const makeCheckAlarmTag =
  ({ readTags, vault, prefix }: CheckAlarmTagDeps) =>
  async ({ event, execution, now }: CheckAlarmTagRequest): Promise<Recording> => {
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
    const nowMs = Date.parse(now);
    const claim = await changeClaim({ vault, prefix, streamName, nowMs }, (current) =>
      current.holder === execution || isFree(current, nowMs, clipSeconds * 1000) ? execution : undefined,
    );
    return { isRecorded: true, isDuplicate: !claim, alarmName, streamName, clipSeconds };
  };

/** The deployed function. Its environment holds the address of the archive. */
export const checkAlarmTag = () => {
  const { ARCHIVE_BUCKET = "", ARCHIVE_PREFIX = "" } = process.env;
  return makeCheckAlarmTag({
    readTags: makeReadTags(new CloudWatchClient({})),
    vault: makeVault(ARCHIVE_BUCKET),
    prefix: ARCHIVE_PREFIX,
  });
};
