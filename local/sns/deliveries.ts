import { randomUUID } from "node:crypto";
import { isFinalRefusal } from "../core/errors";
import { makeCountMetric } from "../core/metrics";
import { type Owed, openOutbox } from "../core/outbox";
import type { InvokeTarget, PutMetric } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { MessageAttributes } from "../sqs/messageAttributes";
import type { TopicMail } from "./mail";
import { lambdaEvent, notificationText, type PublishedMessage } from "./notification";
import { passesFilter, readRedrivePolicy } from "./subscriptionAttributes";
import type { Subscription, Topic, Topics } from "./topics";

/** One message on its way to one subscriber. */
interface Delivery extends Owed {
  topicArn: string;
  endpoint: string;
  payload: string;
  messageAttributes?: MessageAttributes;
  deadLetterArn?: string;
  attempts: number;
}

/** Brings messages to the subscribers of their topic. */
export interface Deliveries {
  /** Takes a message over: when this returns, all its deliveries are on disk. */
  publish(topic: Topic, message: PublishedMessage): void;
  close(): void;
}

const MAX_ATTEMPTS = 100_015;

/** The wait before the next of `attempts` attempts at an endpoint of AWS ("Message delivery retries", SNS developer guide). */
export function retryDelayMs(attempts: number): number {
  if (attempts <= 3) return 0;
  if (attempts <= 5) return 1000;
  const steps = Math.min(attempts - 5, 10);
  return Math.round(1000 * 20 ** (steps / 10));
}

/**
 * Opens the deliveries in `sns/deliveries` of the data folder. A subscriber's own refusal (no permission, no such
 * endpoint) is final; faults and throttles are tried again for 23 days. What is given up goes to the subscription's
 * dead-letter queue.
 */
export function openDeliveries(
  deps: CloudDeps & { invokeTarget: InvokeTarget; putMetric: PutMetric },
  topics: Topics,
  mail: TopicMail,
): Deliveries {
  const { clock, invokeTarget } = deps;
  const asTopic = (sourceArn: string) => ({ servicePrincipal: "sns.amazonaws.com", sourceArn });

  const countMetric = makeCountMetric(deps, "AWS/SNS");
  const count = (topicArn: string, metricName: string) =>
    countMetric(metricName, { TopicName: topicArn.split(":").at(-1) ?? "" });

  async function attempt(delivery: Delivery): Promise<number | undefined> {
    const { topicArn, endpoint, payload, messageAttributes } = delivery;
    try {
      await invokeTarget({ arn: endpoint, ...asTopic(topicArn), payload, messageAttributes });
      count(topicArn, "NumberOfNotificationsDelivered");
      return undefined;
    } catch (error) {
      delivery.attempts += 1;
      if (!isFinalRefusal(error) && delivery.attempts < MAX_ATTEMPTS)
        return clock.nowMs() + retryDelayMs(delivery.attempts);
      await giveUp(delivery, (error as Error).message);
      return undefined;
    }
  }

  async function giveUp(
    { topicArn, endpoint, payload, deadLetterArn }: Delivery,
    why: string,
  ): Promise<void> {
    count(topicArn, "NumberOfNotificationsFailed");
    const what = `local cloud: SNS could not deliver a message of ${topicArn} to ${endpoint} (${why})`;
    if (deadLetterArn === undefined) {
      console.error(`${what}; the subscription has no dead-letter queue, so the message is dropped`);
      return;
    }
    try {
      await invokeTarget({ arn: deadLetterArn, ...asTopic(topicArn), payload });
      count(topicArn, "NumberOfNotificationsRedrivenToDlq");
    } catch (error) {
      count(topicArn, "NumberOfNotificationsFailedToRedriveToDlq");
      console.error(`${what}, nor to ${deadLetterArn} (${(error as Error).message}); the message is dropped`);
    }
  }

  function deliveryOf(message: PublishedMessage, subscription: Subscription): Delivery {
    const { topicArn, endpoint, protocol, attributes } = subscription;
    const isRaw = attributes.RawMessageDelivery === "true";
    const enveloped = protocol === "lambda" ? lambdaEvent : notificationText;
    return {
      id: randomUUID(),
      dueMs: clock.nowMs(),
      topicArn,
      endpoint,
      payload: isRaw ? message.textFor(protocol) : enveloped(message, subscription),
      messageAttributes: isRaw ? message.attributes : undefined,
      deadLetterArn:
        attributes.RedrivePolicy && readRedrivePolicy(attributes.RedrivePolicy).deadLetterTargetArn,
      attempts: 0,
    };
  }

  const outbox = openOutbox<Delivery>(deps, "sns/deliveries", attempt);
  return {
    publish(topic, message) {
      const text = (subscription: Subscription) => message.textFor(subscription.protocol);
      const subscribers = topics
        .subscriptionsOf(message.topicArn)
        .filter(({ pendingToken }) => pendingToken === undefined)
        .filter((subscription) =>
          passesFilter(subscription, { message: text(subscription), attributes: message.attributes }),
        );
      count(message.topicArn, "NumberOfMessagesPublished");
      const isMail = ({ protocol }: Subscription) => protocol === "email" || protocol === "email-json";
      outbox.accept(subscribers.filter((one) => !isMail(one)).map((one) => deliveryOf(message, one)));
      for (const subscription of subscribers.filter(isMail)) {
        const isJson = subscription.protocol === "email-json";
        mail.send(topic, subscription, {
          subject: message.subject,
          text: isJson ? notificationText(message, subscription) : text(subscription),
        });
      }
    },
    close: outbox.close,
  };
}
