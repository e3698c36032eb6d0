import { openMailbox } from "../core/mailbox";
import type { CloudDeps } from "../core/service";
import type { Subscription, Topic } from "./topics";

/** The mail that SNS sends. */
export interface TopicMail {
  /** Mails the token that confirms a subscription. */
  askToConfirm(topic: Topic, subscription: Subscription): void;
  /** Mails a published message. */
  send(topic: Topic, subscription: Subscription, message: { subject?: string; text: string }): void;
}

/** Opens SNS's mail, in `sns/mail` of the data folder. */
export function openTopicMail(deps: CloudDeps): TopicMail {
  const send = openMailbox(deps, "sns/mail");
  const from = ({ attributes }: Topic) =>
    `${attributes.DisplayName || "AWS Notifications"} <no-reply@sns.amazonaws.com>`;
  return {
    askToConfirm: (topic, { topicArn, endpoint, pendingToken }) =>
      send({
        from: from(topic),
        to: endpoint,
        subject: "AWS Notification - Subscription Confirmation",
        text:
          `You have chosen to subscribe to the topic:\n${topicArn}\n\nTo confirm this subscription, run:\n` +
          `aws sns confirm-subscription --topic-arn ${topicArn} --token ${pendingToken}`,
      }),
    send: (topic, { topicArn, endpoint, arn }, { subject = "AWS Notification Message", text }) =>
      send({
        from: from(topic),
        to: endpoint,
        subject,
        text:
          `${text}\n\n--\nIf you wish to stop receiving notifications from ${topicArn}, run:\n` +
          `aws sns unsubscribe --subscription-arn ${arn}`,
      }),
  };
}
