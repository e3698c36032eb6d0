import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { Vault } from "../archive/ports";
import { makeReadTags } from "./ports/alarmTags";
import { makeVault } from "./ports/s3";
import { makeStartExecution, type StartExecution } from "./ports/workflow";
import { startRecorder } from "./startRecorder";

/** The parts of SNS's event that are read here. */
export interface NotificationEvent {
  Records: { Sns: { Message: string; Timestamp: string } }[];
}

/** Alarms' tags, the archive, where claims are, and the workflow. */
export interface StartOnNotificationDeps {
  readTags(alarmArn: string): Promise<Record<string, string>>;
  /** What the ARNs of this stack's alarms begin with; the stream's name follows. */
  alarmArnPrefix: string;
  vault: Vault;
  prefix: string;
  startExecution: StartExecution;
}

/**
 * StartOnNotification: starts the Recorder of a stream whose producer tagged a fragment, minutes before its alarm can
 * ring (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/notifications.html). A stream that is recorded stays as
 * it is.
 */
export const makeStartOnNotification = ({
  readTags,
  alarmArnPrefix,
  vault,
  prefix,
  startExecution,
}: StartOnNotificationDeps) => {
  /** By alarm, for the life of the sandbox: a length that was changed since is off by two clips at most. */
  const clipSeconds: Record<string, number> = {};

  return async ({ Records }: NotificationEvent): Promise<void> => {
    for (const { Sns } of Records) {
      const { StreamArn = "" } = JSON.parse(Sns.Message) as { StreamArn?: string };
      const streamName = /:stream\/([^/]+)\/\d+$/.exec(StreamArn)?.[1];
      if (!streamName) throw new Error(`a notification names no stream: ${Sns.Message}`);
      const alarmArn = alarmArnPrefix + streamName;
      clipSeconds[alarmArn] ??= Number((await readTags(alarmArn)).ClipSeconds);
      const archive = { vault, prefix, nowMs: Date.parse(Sns.Timestamp) };
      await startRecorder(startExecution, archive, {
        streamName,
        clipSeconds: clipSeconds[alarmArn],
        alarmName: alarmArn.slice(alarmArn.indexOf(":alarm:") + ":alarm:".length),
        alarmArn,
      });
    }
  };
};

/** The deployed function. Its environment holds the archive's address, the workflow and the beginning of alarms' ARNs. */
export const startOnNotification = () => {
  const { ARCHIVE_BUCKET = "", ARCHIVE_PREFIX = "", WORKFLOW_ARN = "", ALARM_ARN_PREFIX = "" } = process.env;
  return makeStartOnNotification({
    readTags: makeReadTags(new CloudWatchClient({})),
    alarmArnPrefix: ALARM_ARN_PREFIX,
    vault: makeVault(ARCHIVE_BUCKET),
    prefix: ARCHIVE_PREFIX,
    startExecution: makeStartExecution(WORKFLOW_ARN),
  });
};
