import { setTimeout } from "node:timers/promises";
import { KinesisVideoClient, UpdateNotificationConfigurationCommand } from "@aws-sdk/client-kinesis-video";
import { outcomeOf } from "../archive/outcomes";
import { onceAllowed } from "./ports/newRole";

/** What becomes of a stream's notifications, as `infra/notifications.ts` has it said. */
export interface SetNotificationRequest {
  streamArn: string;
  /** The SNS topic that is told of tagged fragments. */
  topicArn: string;
  /** What `aws.lambda.Invocation` adds. */
  tf: { action: "create" | "update" | "delete" };
}

/** Kinesis Video Streams' UpdateNotificationConfiguration, and time. */
export interface SetNotificationDeps {
  configure(streamArn: string, topicArn: string, status: "ENABLED" | "DISABLED"): Promise<unknown>;
  pause(ms: number): Promise<void>;
}

/**
 * SetNotification: has a stream's tagged fragments told to a topic, for which Pulumi's provider has no resource. It takes
 * a minute until Kinesis Video Streams acts on it, and only on connections that are made after that.
 */
export const makeSetNotification =
  ({ configure, pause }: SetNotificationDeps) =>
  async ({ streamArn, topicArn, tf }: SetNotificationRequest): Promise<{ streamArn: string }> => {
    const status = tf.action === "delete" ? "DISABLED" : "ENABLED";
    try {
      await onceAllowed(pause, () => configure(streamArn, topicArn, status));
    } catch (error) {
      const isGone =
        tf.action === "delete" && outcomeOf("UpdateNotificationConfiguration", error) === "absent";
      if (!isGone) throw error;
    }
    return { streamArn };
  };

/** The deployed function. */
export const setNotification = () => {
  const kinesisVideo = new KinesisVideoClient({});
  return makeSetNotification({
    configure: (StreamARN, Uri, Status) =>
      kinesisVideo.send(
        new UpdateNotificationConfigurationCommand({
          StreamARN,
          NotificationConfiguration: { Status, DestinationConfig: { Uri } },
        }),
      ),
    pause: async (ms) => {
      await setTimeout(ms);
    },
  });
};
