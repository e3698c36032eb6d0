import type { PublishToTopic } from "../core/seams";
import type { Call, CloudDeps, Operations } from "../core/service";
import { invalidArgument, requiredOneOf, requiredText } from "./input";
import type { StreamRecord, StreamReference, Streams } from "./streams";

/** The tag with which a producer marks a fragment that is to be notified of. */
export const NOTIFICATION_TAG = "AWS_KINESISVIDEO_NOTIFICATION";

/** A change takes this long to be in force ("Set up notifications", developer guide: "at least one minute"). */
const SETTLING_MS = 60_000;

const URI = { maxLength: 255, pattern: /^[a-zA-Z_0-9]+:(\/\/)?([^/]+)\/?([^*]*)$/ };
const STANDARD_TOPIC = /^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]+$/;

/** How a stream notifies. */
export interface NotificationConfiguration {
  status: "ENABLED" | "DISABLED";
  topicArn: string;
  /** When the configuration is in force. */
  fromMs: number;
}

interface UpdateInput extends StreamReference {
  NotificationConfiguration?: { Status?: string; DestinationConfig?: { Uri?: string } } | null;
}

/** The operations that set and show how a stream notifies. */
export function makeNotificationOperations({ clock }: CloudDeps, streams: Streams): Operations {
  const named = ({ StreamName, StreamARN }: StreamReference) => ({ StreamName, StreamARN });
  return {
    async UpdateNotificationConfiguration(input: UpdateInput, call: Call) {
      const stream = await streams.open(named(input), call, "UpdateNotificationConfiguration");
      const given = input.NotificationConfiguration;
      if (!given) {
        streams.annotate(stream, { notification: undefined });
        return {};
      }
      const status = requiredOneOf(given.Status, "NotificationConfiguration.Status", ["ENABLED", "DISABLED"]);
      const member = "NotificationConfiguration.DestinationConfig.Uri";
      const topicArn = requiredText(given.DestinationConfig?.Uri, member, URI);
      if (!STANDARD_TOPIC.test(topicArn)) {
        throw invalidArgument(`${member} is ${topicArn}; write the ARN of a standard SNS topic.`);
      }
      streams.annotate(stream, { notification: { status, topicArn, fromMs: clock.nowMs() + SETTLING_MS } });
      return {};
    },

    async DescribeNotificationConfiguration(input: StreamReference, call: Call) {
      const { notification } = await streams.open(named(input), call, "DescribeNotificationConfiguration");
      if (!notification) return {};
      const DestinationConfig = { Uri: notification.topicArn };
      return { NotificationConfiguration: { Status: notification.status, DestinationConfig } };
    },
  };
}

/** A persisted fragment that its producer marked. */
export interface MarkedFragment {
  fragmentNumber: string;
  producerTimestampMs: number;
  serverTimestampMs: number;
  /** The producer's own tags. */
  tags: Record<string, string>;
}

/** Notifies of a marked fragment, if its stream is set to, by the permission of who called PutMedia. */
export type Notify = (stream: StreamRecord, fragment: MarkedFragment, call: Call) => Promise<void>;

/** Makes what notifies. A topic that refuses costs the fragment nothing: it is stored, and the console says what is wrong. */
export function makeNotify({ clock }: CloudDeps, streams: Streams, publishToTopic: PublishToTopic): Notify {
  return async (stream, fragment, call) => {
    const { notification } = stream;
    if (notification?.status !== "ENABLED" || clock.nowMs() < notification.fromMs) return;
    const message = JSON.stringify({
      StreamArn: streams.arn(stream),
      FragmentNumber: fragment.fragmentNumber,
      FragmentStartProducerTimestamp: fragment.producerTimestampMs,
      FragmentStartServerTimestamp: fragment.serverTimestampMs,
      NotificationType: "PERSISTED",
      NotificationPayload: fragment.tags,
    });
    try {
      const subject = "Kinesis Video Streams Notification";
      await publishToTopic({ topicArn: notification.topicArn, subject, message, call });
    } catch (error) {
      const why = (error as Error).message;
      console.error(`local cloud: ${stream.name} could not notify ${notification.topicArn}: ${why}`);
    }
  };
}
