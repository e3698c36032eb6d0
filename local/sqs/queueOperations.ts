import type {
  CreateQueueRequest,
  DeleteQueueRequest,
  GetQueueAttributesRequest,
  GetQueueUrlRequest,
  ListDeadLetterSourceQueuesRequest,
  ListQueuesRequest,
  ListQueueTagsRequest,
  PurgeQueueRequest,
  SetQueueAttributesRequest,
  TagQueueRequest,
  UntagQueueRequest,
} from "@aws-sdk/client-sqs";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { CloudDeps, Operation } from "../core/service";
import type { Delivery } from "./delivery";
import { checks, invalidAttribute, invalidValue, required } from "./inputs";
import { readAttributes, readRedrivePolicy } from "./queueAttributes";
import { newQueue, type Queue, type Queues } from "./queues";

const MAX_TAGS = 50;
const PURGE_PAUSE_MS = 60_000;
const LIST_PAGE_SIZE = 1000;
const badToken = () => invalidValue("Invalid or expired next token.");

/** The operations on queues, their attributes and tags. */
export function makeQueueOperations({ clock }: CloudDeps, queues: Queues, delivery: Delivery) {
  const describe = (queue: Queue): Record<string, string> => {
    const nowMs = clock.nowMs();
    const messages = delivery.current(queue);
    const hidden = messages.filter(({ visibleMs }) => visibleMs > nowMs);
    const delayed = hidden.filter(({ receiveCount }) => receiveCount === 0);
    return {
      ...queue.attributes,
      QueueArn: queues.arnOf(queue.name),
      CreatedTimestamp: String(Math.floor(queue.createdMs / 1000)),
      LastModifiedTimestamp: String(Math.floor(queue.modifiedMs / 1000)),
      ApproximateNumberOfMessages: String(messages.length - hidden.length),
      ApproximateNumberOfMessagesNotVisible: String(hidden.length - delayed.length),
      ApproximateNumberOfMessagesDelayed: String(delayed.length),
    };
  };

  /** Sets attributes; an empty one is removed. */
  const setAttributes = (queue: Queue, given: Record<string, string>) => {
    const attributes = readAttributes(given);
    if (attributes.RedrivePolicy) {
      const { deadLetterTargetArn } = readRedrivePolicy(attributes.RedrivePolicy);
      if (!queues.all().some(({ name }) => queues.arnOf(name) === deadLetterTargetArn)) {
        throw invalidAttribute("RedrivePolicy", "Reason: Dead letter target does not exist.");
      }
    }
    const merged = Object.entries({ ...queue.attributes, ...ofOneEncryption(attributes) });
    queue.attributes = Object.fromEntries(merged.filter(([, value]) => value !== ""));
    queue.modifiedMs = clock.nowMs();
  };

  const operations = {
    async CreateQueue(input: CreateQueueRequest, call) {
      const name = required(input.QueueName, "QueueName");
      await call.authorize(
        queues.need("CreateQueue", name),
        ...(input.tags ? [queues.need("TagQueue", name)] : []),
      );
      if (!/^[\w-]{1,80}$/.test(name)) {
        throw invalidValue(
          name.endsWith(".fifo")
            ? "FIFO queues are not supported by the local cloud."
            : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        );
      }
      const existing = queues.get(name);
      if (existing) {
        const current = describe(existing);
        const different = Object.entries(input.Attributes ?? {}).find(
          ([attribute, value]) => (current[attribute] ?? "") !== value,
        );
        if (different) {
          throw awsError(
            "QueueNameExists",
            400,
            `A queue already exists with the same name and a different value for attribute ${different[0]}`,
          );
        }
        return { QueueUrl: queues.urlOf(name) };
      }
      const queue = newQueue(name, clock.nowMs());
      queue.tags = checkTags(input.tags ?? {});
      setAttributes(queue, input.Attributes ?? {});
      queues.add(queue);
      return { QueueUrl: queues.urlOf(name) };
    },

    async GetQueueUrl(input: GetQueueUrlRequest, call) {
      const name = required(input.QueueName, "QueueName");
      await call.authorize(queues.need("GetQueueUrl", name));
      checks.oneOf(input.QueueOwnerAWSAccountId, "QueueOwnerAWSAccountId", [call.accountId]);
      return { QueueUrl: queues.urlOf(queues.find(name).name) };
    },

    async GetQueueAttributes(input: GetQueueAttributesRequest, call) {
      await call.authorize(queues.need("GetQueueAttributes", input.QueueUrl));
      const names: string[] = input.AttributeNames ?? [];
      const entries = Object.entries(describe(queues.find(input.QueueUrl)));
      const chosen = entries.filter(([name]) => names.includes("All") || names.includes(name));
      return { Attributes: Object.fromEntries(chosen) };
    },

    async SetQueueAttributes(input: SetQueueAttributesRequest, call) {
      await call.authorize(queues.need("SetQueueAttributes", input.QueueUrl));
      const queue = queues.find(input.QueueUrl);
      setAttributes(queue, required(input.Attributes, "Attributes") as Record<string, string>);
      queues.save(queue);
      return undefined;
    },

    async ListQueues(input: ListQueuesRequest, call) {
      await call.authorize({ action: "sqs:ListQueues", resource: "*" });
      const names = queues.all().map(({ name }) => name);
      const found = names.filter((name) => name.startsWith(input.QueueNamePrefix ?? "")).sort();
      const listed = page(found, (name) => name, {
        limit: checks.range(input.MaxResults, "MaxResults", 1, 1000) ?? LIST_PAGE_SIZE,
        token: input.NextToken,
        badToken,
      });
      return { QueueUrls: listed.items.map(queues.urlOf), NextToken: listed.nextToken };
    },

    async ListDeadLetterSourceQueues(input: ListDeadLetterSourceQueuesRequest, call) {
      await call.authorize(queues.need("ListDeadLetterSourceQueues", input.QueueUrl));
      const arn = queues.arnOf(queues.find(input.QueueUrl).name);
      const found = queues
        .all()
        .filter(
          ({ attributes: { RedrivePolicy } }) =>
            RedrivePolicy && readRedrivePolicy(RedrivePolicy).deadLetterTargetArn === arn,
        )
        .sort(byKey(({ name }) => name));
      const listed = page(found, ({ name }) => name, {
        limit: checks.range(input.MaxResults, "MaxResults", 1, 1000) ?? LIST_PAGE_SIZE,
        token: input.NextToken,
        badToken,
      });
      return { queueUrls: listed.items.map(({ name }) => queues.urlOf(name)), NextToken: listed.nextToken };
    },

    async PurgeQueue(input: PurgeQueueRequest, call) {
      await call.authorize(queues.need("PurgeQueue", input.QueueUrl));
      const queue = queues.find(input.QueueUrl);
      if (queue.purgedMs !== undefined && clock.nowMs() < queue.purgedMs + PURGE_PAUSE_MS) {
        throw awsError(
          "PurgeQueueInProgress",
          403,
          `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
        );
      }
      queue.purgedMs = clock.nowMs();
      queue.messages = [];
      queues.save(queue);
      return undefined;
    },

    async DeleteQueue(input: DeleteQueueRequest, call) {
      await call.authorize(queues.need("DeleteQueue", input.QueueUrl));
      queues.remove(queues.find(input.QueueUrl));
      return undefined;
    },

    async TagQueue(input: TagQueueRequest, call) {
      await call.authorize(queues.need("TagQueue", input.QueueUrl));
      const queue = queues.find(input.QueueUrl);
      queue.tags = checkTags({ ...queue.tags, ...required(input.Tags, "Tags") });
      queues.save(queue);
      return undefined;
    },

    async UntagQueue(input: UntagQueueRequest, call) {
      await call.authorize(queues.need("UntagQueue", input.QueueUrl));
      const queue = queues.find(input.QueueUrl);
      for (const key of required(input.TagKeys, "TagKeys")) delete queue.tags[key];
      queues.save(queue);
      return undefined;
    },

    async ListQueueTags(input: ListQueueTagsRequest, call) {
      await call.authorize(queues.need("ListQueueTags", input.QueueUrl));
      return { Tags: queues.find(input.QueueUrl).tags };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** A queue is encrypted with a key of KMS or with one of SQS's own, never both: who asks for one gives the other up. */
function ofOneEncryption(attributes: Record<string, string>): Record<string, string> {
  const { KmsMasterKeyId, SqsManagedSseEnabled } = attributes;
  if (KmsMasterKeyId && SqsManagedSseEnabled === "true") {
    throw invalidAttribute(
      "SqsManagedSseEnabled",
      "Reason: You can use one type of server-side encryption at one time.",
    );
  }
  if (KmsMasterKeyId) return { ...attributes, SqsManagedSseEnabled: "false" };
  return SqsManagedSseEnabled === "true" ? { ...attributes, KmsMasterKeyId: "" } : attributes;
}

function checkTags(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length > MAX_TAGS) throw invalidValue(`A queue can have at most ${MAX_TAGS} tags.`);
  return tags;
}
