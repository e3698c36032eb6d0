import * as fs from "node:fs";
import * as path from "node:path";
import type { CloudDeps } from "../core/service";
import type { Subscription, Topic } from "./topics";

/** Where mail goes that SNS would send. */
export interface Mailbox {
  /** Mails the token that confirms a subscription. */
  askToConfirm(topic: Topic, subscription: Subscription): void;
  /** Mails a published message. */
  send(topic: Topic, subscription: Subscription, message: { subject?: string; text: string }): void;
}

/**
 * A mailbox in the folder `sns/mail` of the data folder: no mail leaves this machine. Each message is a file of its own,
 * named by its moment, that any mail program opens.
 */
export function openMailbox({ store, clock }: CloudDeps): Mailbox {
  const folder = store.folder("sns/mail");
  let count = fs.readdirSync(folder).length;

  const write = (topic: Topic, to: string, subject: string, text: string) => {
    const at = new Date(clock.nowMs());
    const headers = [
      `From: ${topic.attributes.DisplayName || "AWS Notifications"} <no-reply@sns.amazonaws.com>`,
      `To: ${to}`,
      `Subject: ${subject}`,
      `Date: ${at.toUTCString().replace("GMT", "+0000")}`,
      "Content-Type: text/plain; charset=UTF-8",
    ];
    count += 1;
    const name = `${at.toISOString().replace(/[-:]/g, "")}-${String(count).padStart(6, "0")}.eml`;
    fs.writeFileSync(path.join(folder, name), `${headers.join("\n")}\n\n${text}\n`);
  };

  return {
    askToConfirm: (topic, { topicArn, endpoint, pendingToken }) =>
      write(
        topic,
        endpoint,
        "AWS Notification - Subscription Confirmation",
        `You have chosen to subscribe to the topic:\n${topicArn}\n\nTo confirm this subscription, run:\n` +
          `aws sns confirm-subscription --topic-arn ${topicArn} --token ${pendingToken}`,
      ),
    send: (topic, { topicArn, endpoint, arn }, { subject, text }) =>
      write(
        topic,
        endpoint,
        subject ?? "AWS Notification Message",
        `${text}\n\n--\nIf you wish to stop receiving notifications from ${topicArn}, run:\n` +
          `aws sns unsubscribe --subscription-arn ${arn}`,
      ),
  };
}
