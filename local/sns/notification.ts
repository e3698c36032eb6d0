import type { MessageAttributes } from "../sqs/messageAttributes";
import type { Subscription } from "./topics";

/** A message as it was published. */
export interface PublishedMessage {
  id: string;
  topicArn: string;
  subject?: string;
  /** What each protocol gets: one text for all, unless the publisher told them apart. */
  textFor(protocol: Subscription["protocol"]): string;
  attributes: MessageAttributes;
  publishedMs: number;
}

/** No endpoint here could check one: the certificate would have to come from AWS. */
const UNSIGNED = "not signed by the local cloud";

/** A notification as JSON documents carry it ("HTTP/HTTPS notification JSON format", SNS developer guide). */
function notification(message: PublishedMessage, { protocol, arn, topicArn }: Subscription) {
  const region = topicArn.split(":")[3];
  const attributes = Object.entries(message.attributes).map(
    ([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { Type: DataType, Value: BinaryValue ?? StringValue },
    ],
  );
  return {
    Type: "Notification",
    MessageId: message.id,
    TopicArn: topicArn,
    Subject: message.subject,
    Message: message.textFor(protocol),
    Timestamp: new Date(message.publishedMs).toISOString(),
    SignatureVersion: "1",
    Signature: UNSIGNED,
    signingCertificate: `https://sns.${region}.amazonaws.com/SimpleNotificationService.pem`,
    unsubscribe: `https://sns.${region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${arn}`,
    MessageAttributes: attributes.length > 0 ? (Object.fromEntries(attributes) as object) : undefined,
  };
}

/** A notification as queues and mail in JSON get it. */
export function notificationText(message: PublishedMessage, subscription: Subscription): string {
  const { signingCertificate, unsubscribe, MessageAttributes, ...fields } = notification(
    message,
    subscription,
  );
  return JSON.stringify({
    ...fields,
    SigningCertURL: signingCertificate,
    UnsubscribeURL: unsubscribe,
    MessageAttributes,
  });
}

/** The event that functions get ("Using Lambda with Amazon SNS"): it spells some members otherwise and leaves none out. */
export function lambdaEvent(message: PublishedMessage, subscription: Subscription): string {
  const { signingCertificate, unsubscribe, ...fields } = notification(message, subscription);
  const Sns = {
    ...fields,
    Subject: fields.Subject ?? null,
    MessageAttributes: fields.MessageAttributes ?? {},
    SigningCertUrl: signingCertificate,
    UnsubscribeUrl: unsubscribe,
  };
  const record = { EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionArn: subscription.arn, Sns };
  return JSON.stringify({ Records: [record] });
}
