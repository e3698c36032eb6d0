import * as fs from "node:fs";
import * as path from "node:path";
import { awsError } from "../core/errors";
import type { CloudDeps, Need } from "../core/service";
import type { StoredDocument } from "../core/store";
import { resourceTagContext } from "../core/tagContext";
import { required } from "./inputs";
import type { MessageAttributes } from "./messageAttributes";
import { INITIAL_ATTRIBUTES } from "./queueAttributes";

/** A message in a queue. */
export interface Message {
  id: string;
  body: string;
  attributes: MessageAttributes;
  senderId: string;
  sentMs: number;
  /** Hidden until then: delayed, or received by someone. */
  visibleMs: number;
  receiveCount: number;
  firstReceivedMs?: number;
  /** The handle of the last receipt; older ones are void. */
  receiptHandle?: string;
  /** The queue that gave the message up to this dead-letter queue. */
  deadLetterSourceArn?: string;
}

/** A queue as it is stored, messages included. */
export interface Queue {
  name: string;
  createdMs: number;
  modifiedMs: number;
  purgedMs?: number;
  /** Everything that can be set, defaults included. */
  attributes: Record<string, string>;
  tags: Record<string, string>;
  /** Oldest first. */
  messages: Message[];
}

/** A queue without messages, tags or attributes of its own. */
export const newQueue = (name: string, nowMs: number): Queue => ({
  name,
  createdMs: nowMs,
  modifiedMs: nowMs,
  attributes: INITIAL_ATTRIBUTES,
  tags: {},
  messages: [],
});

/** The account's queues, in a file each. */
export interface Queues {
  all(): Queue[];
  /** Finds a queue by name. */
  get(name: string): Queue | undefined;
  /** Finds a queue by URL. @throws QueueDoesNotExist */
  find(queueUrl: string | undefined): Queue;
  add(queue: Queue): void;
  remove(queue: Queue): void;
  save(queue: Queue): void;
  arnOf(name: string): string;
  urlOf(name: string): string;
  /** A permission on a queue, with the queue's own policy and tags. */
  need(action: string, queueUrl: string | undefined): Need;
}

/** Opens the queues in `sqs` of the data folder. */
export function openQueues({ store, region, accountId, endpointUrl }: CloudDeps): Queues {
  const folder = store.folder("sqs");
  const documents = new Map<string, StoredDocument<Queue>>();
  for (const file of fs.readdirSync(folder)) {
    if (!file.endsWith(".json")) continue;
    const name = path.basename(file, ".json");
    documents.set(name, store.document(`sqs/${name}`, newQueue(name, 0)));
  }

  const arnOf = (name: string) => `arn:aws:sqs:${region}:${accountId}:${name}`;
  const nameIn = (queueUrl: string | undefined) => required(queueUrl, "QueueUrl").split("/").at(-1) ?? "";
  const get = (name: string) => documents.get(name)?.value;

  return {
    all: () => [...documents.values()].map(({ value }) => value),
    get,
    find(queueUrl) {
      const queue = get(nameIn(queueUrl));
      if (!queue) throw awsError("QueueDoesNotExist", 400, "The specified queue does not exist.");
      return queue;
    },
    add(queue) {
      const document = store.document(`sqs/${queue.name}`, queue);
      documents.set(queue.name, document);
      document.save();
    },
    remove({ name }) {
      documents.delete(name);
      fs.rmSync(path.join(folder, `${name}.json`), { force: true });
    },
    save: ({ name }) => documents.get(name)?.save(),
    arnOf,
    urlOf: (name) => `${endpointUrl()}/${accountId}/${name}`,
    need(action, queueUrl) {
      const name = nameIn(queueUrl);
      const { attributes, tags } = get(name) ?? { attributes: {} as Record<string, string>, tags: {} };
      return {
        action: `sqs:${action}`,
        resource: arnOf(name),
        context: resourceTagContext(tags),
        resourcePolicy: attributes.Policy ? (JSON.parse(attributes.Policy) as object) : undefined,
      };
    },
  };
}
