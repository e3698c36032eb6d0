import { randomUUID } from "node:crypto";
import type { PublishBatchInput, PublishBatchRequestEntry, PublishInput } from "@aws-sdk/client-sns";
import { awsError, isAwsError } from "../core/errors";
import type { UseKey } from "../core/seams";
import type { Call, CloudDeps, Need, Operation } from "../core/service";
import { checkBatch, eachEntry } from "../sqs/batch";
import { attributesSizeBytes, checkAttributes, type MessageAttributes } from "../sqs/messageAttributes";
import type { Deliveries } from "./deliveries";
import { checks, invalidParameter, readObject } from "./inputs";
import type { PublishedMessage } from "./notification";
import type { Topics } from "./topics";

/** "Message data protection and size", quota page of SNS. */
const MAX_MESSAGE_BYTES = 262_144;

/** KMS's errors under the names that SNS gives them. */
const KMS_ERRORS: Record<string, string> = {
  AccessDeniedException: "KMSAccessDenied",
  DisabledException: "KMSDisabled",
  NotFoundException: "KMSNotFound",
  KMSInvalidStateException: "KMSInvalidState",
};

type MessageInput = Pick<
  PublishInput & PublishBatchRequestEntry,
  "Message" | "Subject" | "MessageStructure"
> & {
  MessageAttributes?: unknown;
};

/** The operations that publish. */
export function makePublishOperations(
  { clock, accountId, useKey }: CloudDeps & { useKey: UseKey },
  topics: Topics,
  deliveries: Deliveries,
) {
  /** What a caller needs on the topic; CloudWatch speaks for the account, which is what a topic's default policy asks. */
  const open = async (topicArn: string | undefined, call: Call) => {
    const speaksForAccount = call.caller.arn === "cloudwatch.amazonaws.com";
    const context: Need["context"] = speaksForAccount ? { "aws:SourceOwner": accountId } : {};
    await call.authorize(topics.need("Publish", topicArn, context));
    const topic = topics.find(topicArn as string);
    const keyId = topic.attributes.KmsMasterKeyId;
    if (keyId) await useTopicKey(keyId, topicArn as string, call);
    return { topic, topicArn: topicArn as string };
  };

  const useTopicKey = async (keyId: string, topicArn: string, call: Call) => {
    try {
      const encryptionContext = { "aws:sns:topicArn": topicArn };
      await useKey({
        keyId,
        operations: ["GenerateDataKey", "Decrypt"],
        call,
        via: "sns",
        encryptionContext,
      });
    } catch (error) {
      const code = isAwsError(error) ? KMS_ERRORS[error.code] : undefined;
      if (!code) throw error;
      throw awsError(code, 400, (error as Error).message);
    }
  };

  const readMessage = (topicArn: string, input: MessageInput): PublishedMessage => {
    const { Message = "", Subject } = input;
    const attributes = (input.MessageAttributes ?? {}) as MessageAttributes;
    if (Message === "") throw invalidParameter("Empty message");
    if (Subject !== undefined && !/^[\x20-\x7e]{1,100}$/.test(Subject)) throw invalidParameter("Subject");
    checkAttributes(attributes);
    if (Buffer.byteLength(Message) + attributesSizeBytes(attributes) > MAX_MESSAGE_BYTES) {
      throw invalidParameter("Message too long");
    }
    return {
      id: randomUUID(),
      topicArn,
      subject: Subject,
      textFor: readStructure(Message, input.MessageStructure),
      attributes,
      publishedMs: clock.nowMs(),
    };
  };

  const operations = {
    async Publish(input: PublishInput, call) {
      checks.unsupported(input, ["PhoneNumber", "MessageDeduplicationId", "MessageGroupId"]);
      const { topic, topicArn } = await open(input.TopicArn ?? input.TargetArn, call);
      const message = readMessage(topicArn, input);
      deliveries.publish(topic, message);
      return { MessageId: message.id };
    },

    async PublishBatch(input: PublishBatchInput, call) {
      const { topic, topicArn } = await open(input.TopicArn, call);
      return eachEntry(checkBatch(input.PublishBatchRequestEntries), (entry) => {
        const message = readMessage(topicArn, entry);
        deliveries.publish(topic, message);
        return { MessageId: message.id };
      });
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** One text for all protocols, or with the structure `json` one for each, and `default` for the rest. */
function readStructure(message: string, structure: string | undefined): PublishedMessage["textFor"] {
  if (structure === undefined) return () => message;
  if (structure !== "json") throw invalidParameter("MessageStructure");
  const texts = readObject(message, "Message Structure - JSON message body failed to parse");
  const fallback = texts.default;
  if (typeof fallback !== "string")
    throw invalidParameter("Message Structure - No default entry in JSON message body");
  return (protocol) => {
    const own = texts[protocol];
    return typeof own === "string" ? own : fallback;
  };
}
