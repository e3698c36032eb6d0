import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import { invalidParameter, readObject } from "./inputs";

/** Attributes that are kept as they are set, each with what it may be ("SetTopicAttributes", API reference). */
const SETTABLE: Record<string, (value: string, name: string) => void> = {
  DisplayName: (value, name) => {
    if (value.length > 100) throw invalidParameter(name, "a display name has at most 100 characters");
  },
  Policy: (value, name) => void readObject(value, name),
  // Says how HTTP endpoints are retried, of which there are none here.
  DeliveryPolicy: (value, name) => void (value && readObject(value, name)),
  KmsMasterKeyId: () => undefined,
  SignatureVersion: oneOf("1", "2"),
  TracingConfig: oneOf("PassThrough", "Active"),
};

/** Attributes of FIFO topics, which have no counterpart for CloudWatch and Kinesis Video (both take standard topics only). */
const FIFO = ["FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy"];

function oneOf(...values: string[]) {
  return (value: string, name: string) => {
    if (!values.includes(value)) throw invalidParameter(name, `write one of ${values.join(", ")}`);
  };
}

/**
 * Checks attributes that a client sets.
 * @throws InvalidParameter, or UnsupportedOperation for what topics of the local cloud do not have
 */
export function checkAttributes(attributes: Record<string, string>): void {
  for (const [name, value] of Object.entries(attributes)) {
    const check = entryOf(SETTABLE, name);
    if (check) check(value, name);
    else if (FIFO.includes(name) && (value === "false" || value === "")) continue;
    else if (FIFO.includes(name) || name.endsWith("FeedbackRoleArn") || name.endsWith("FeedbackSampleRate")) {
      throw awsError(
        "UnsupportedOperation",
        400,
        `The local cloud's topics do not support ${name}; leave it out`,
      );
    } else throw invalidParameter("AttributeName", `there is no attribute ${name}`);
  }
}

/**
 * The policy of a topic that was given none: the account may do everything with it. AWS writes the account as `AWS: *`
 * under the condition `AWS:SourceOwner`, which calls of its services on behalf of the account meet.
 */
export function defaultPolicy(topicArn: string, accountId: string): string {
  const actions = ["GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission"];
  const Action = [...actions, "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"];
  return JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: Action.map((name) => `SNS:${name}`),
        Resource: topicArn,
        Condition: { StringEquals: { "AWS:SourceOwner": accountId } },
      },
    ],
  });
}
