import { randomUUID } from "node:crypto";
import type {
  ChangeMessageVisibilityBatchRequest,
  ChangeMessageVisibilityRequest,
  DeleteMessageBatchRequest,
  DeleteMessageRequest,
  ReceiveMessageRequest,
  SendMessageBatchRequest,
  SendMessageRequest,
} from "@aws-sdk/client-sqs";
import { awsError } from "../core/errors";
import type { Caller, CloudDeps, Operation } from "../core/service";
import { checkBatch, eachEntry } from "./batch";
import type { Delivery } from "./delivery";
import { checks, invalidValue, required } from "./inputs";
import {
  attributesMd5,
  attributesSizeBytes,
  checkAttributes,
  chosenAttributes,
  type MessageAttributes,
  md5,
} from "./messageAttributes";
import type { UseQueueKey } from "./queueKey";
import type { Message, Queue, Queues } from "./queues";

const MAX_BATCH_BYTES = 1_048_576;
const MAX_VISIBILITY_SECONDS = 43_200;

/** The characters that a message may hold ("SendMessage", API reference). */
const ALLOWED_TEXT = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]+$/u;

/** Members that belong to FIFO queues and to X-Ray. */
const UNSUPPORTED = ["MessageDeduplicationId", "MessageGroupId", "MessageSystemAttributes"];

type SendInput = Pick<SendMessageRequest, "MessageBody" | "DelaySeconds"> & {
  MessageAttributes?: unknown;
};

/** The operations on messages. */
export function makeMessageOperations(
  { clock }: CloudDeps,
  queues: Queues,
  delivery: Delivery,
  useQueueKey: UseQueueKey,
) {
  const send = (queue: Queue, input: SendInput, caller: Caller) => {
    checks.unsupported(input, UNSUPPORTED);
    const body = required(input.MessageBody, "MessageBody");
    const attributes = (input.MessageAttributes ?? {}) as MessageAttributes;
    if (!ALLOWED_TEXT.test(body)) {
      throw awsError(
        "InvalidMessageContents",
        400,
        "The message contains characters outside the allowed set.",
      );
    }
    checkAttributes(attributes);
    const maximumBytes = Number(queue.attributes.MaximumMessageSize);
    if (Buffer.byteLength(body) + attributesSizeBytes(attributes) > maximumBytes) {
      throw invalidValue(
        `One or more parameters are invalid. Reason: Message must be shorter than ${maximumBytes} bytes.`,
      );
    }
    const delaySeconds =
      checks.range(input.DelaySeconds, "DelaySeconds", 0, 900) ?? Number(queue.attributes.DelaySeconds);
    const nowMs = clock.nowMs();
    const message: Message = {
      id: randomUUID(),
      body,
      attributes,
      senderId: caller.kind === "owner" ? caller.accountId : caller.arn,
      sentMs: nowMs,
      visibleMs: nowMs + delaySeconds * 1000,
      receiveCount: 0,
    };
    delivery.put(queue, message);
    return {
      MessageId: message.id,
      MD5OfMessageBody: md5(body),
      MD5OfMessageAttributes: attributesMd5(attributes),
    };
  };

  const remove = (queue: Queue, handle: string | undefined) => {
    const found = findReceived(queue, handle);
    queue.messages = queue.messages.filter((message) => message !== found);
    queues.save(queue);
    return {};
  };

  const changeVisibility = (queue: Queue, handle: string | undefined, seconds: number | undefined) => {
    const timeoutSeconds = checks.range(seconds, "VisibilityTimeout", 0, MAX_VISIBILITY_SECONDS);
    const found = findReceived(queue, handle);
    if (!found || found.visibleMs <= clock.nowMs()) {
      throw awsError(
        "MessageNotInflight",
        400,
        "The message referred to isn't in flight: its visibility timeout has passed, or it was deleted.",
      );
    }
    found.visibleMs = clock.nowMs() + required(timeoutSeconds, "VisibilityTimeout") * 1000;
    queues.save(queue);
    delivery.wake(queue);
    return {};
  };

  const operations = {
    async SendMessage(input: SendMessageRequest, call) {
      await call.authorize(queues.need("SendMessage", input.QueueUrl));
      const queue = queues.find(input.QueueUrl);
      await useQueueKey(queue, call, "GenerateDataKey", "Decrypt");
      return send(queue, input, call.caller);
    },

    async SendMessageBatch(input: SendMessageBatchRequest, call) {
      await call.authorize(queues.need("SendMessage", input.QueueUrl));
      const queue = queues.find(input.QueueUrl);
      await useQueueKey(queue, call, "GenerateDataKey", "Decrypt");
      const entries = checkBatch(input.Entries);
      const sizeBytes = entries
        .map(
          ({ MessageBody, MessageAttributes }) =>
            Buffer.byteLength(MessageBody ?? "") +
            attributesSizeBytes((MessageAttributes ?? {}) as unknown as MessageAttributes),
        )
        .reduce((sum, entryBytes) => sum + entryBytes, 0);
      if (sizeBytes > MAX_BATCH_BYTES) {
        throw awsError(
          "BatchRequestTooLong",
          400,
          `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${sizeBytes} bytes.`,
        );
      }
      return eachEntry(entries, (entry) => send(queue, entry, call.caller));
    },

    async ReceiveMessage(input: ReceiveMessageRequest, call) {
      await call.authorize(queues.need("ReceiveMessage", input.QueueUrl));
      checks.unsupported(input, ["ReceiveRequestAttemptId"]);
      const queue = queues.find(input.QueueUrl);
      await useQueueKey(queue, call, "Decrypt");
      const { VisibilityTimeout, ReceiveMessageWaitTimeSeconds } = queue.attributes;
      const visibilitySeconds =
        checks.range(input.VisibilityTimeout, "VisibilityTimeout", 0, MAX_VISIBILITY_SECONDS) ??
        Number(VisibilityTimeout);
      const waitSeconds =
        checks.range(input.WaitTimeSeconds, "WaitTimeSeconds", 0, 20) ??
        Number(ReceiveMessageWaitTimeSeconds);
      const messages = await delivery.receive(queue, {
        count: checks.range(input.MaxNumberOfMessages, "MaxNumberOfMessages", 1, 10) ?? 1,
        visibilityMs: visibilitySeconds * 1000,
        waitMs: waitSeconds * 1000,
      });
      const systemNames = [...(input.MessageSystemAttributeNames ?? []), ...(input.AttributeNames ?? [])];
      const shown = messages.map((message) => show(message, systemNames, input.MessageAttributeNames ?? []));
      return shown.length > 0 ? { Messages: shown } : {};
    },

    async DeleteMessage(input: DeleteMessageRequest, call) {
      await call.authorize(queues.need("DeleteMessage", input.QueueUrl));
      return remove(queues.find(input.QueueUrl), input.ReceiptHandle);
    },

    async DeleteMessageBatch(input: DeleteMessageBatchRequest, call) {
      await call.authorize(queues.need("DeleteMessage", input.QueueUrl));
      const queue = queues.find(input.QueueUrl);
      return eachEntry(checkBatch(input.Entries), ({ ReceiptHandle }) => remove(queue, ReceiptHandle));
    },

    async ChangeMessageVisibility(input: ChangeMessageVisibilityRequest, call) {
      await call.authorize(queues.need("ChangeMessageVisibility", input.QueueUrl));
      return changeVisibility(queues.find(input.QueueUrl), input.ReceiptHandle, input.VisibilityTimeout);
    },

    async ChangeMessageVisibilityBatch(input: ChangeMessageVisibilityBatchRequest, call) {
      await call.authorize(queues.need("ChangeMessageVisibility", input.QueueUrl));
      const queue = queues.find(input.QueueUrl);
      return eachEntry(checkBatch(input.Entries), ({ ReceiptHandle, VisibilityTimeout }) =>
        changeVisibility(queue, ReceiptHandle, VisibilityTimeout),
      );
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** The message of a receipt, if that is its last one and it is still there: an older receipt is valid and void. */
function findReceived(queue: Queue, handle: string | undefined): Message | undefined {
  const receipt = Buffer.from(required(handle, "ReceiptHandle"), "base64").toString();
  if (!/^[0-9a-f-]{36} [0-9a-f-]{36}$/.test(receipt)) {
    throw awsError(
      "ReceiptHandleIsInvalid",
      400,
      `The input receipt handle "${handle}" is not a valid receipt handle.`,
    );
  }
  return queue.messages.find(({ receiptHandle }) => receiptHandle === handle);
}

function show(message: Message, systemNames: string[], attributeNames: string[]) {
  const system: Record<string, string | undefined> = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentMs),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  };
  const chosen = Object.entries(system).filter(
    ([name, value]) => value !== undefined && (systemNames.includes("All") || systemNames.includes(name)),
  );
  const attributes = chosenAttributes(message.attributes, attributeNames);
  const hasAttributes = Object.keys(attributes).length > 0;
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: md5(message.body),
    Attributes: chosen.length > 0 ? Object.fromEntries(chosen) : undefined,
    MessageAttributes: hasAttributes ? attributes : undefined,
    MD5OfMessageAttributes: attributesMd5(attributes),
  };
}
