import { awsError } from "../core/errors";
import { invalidAttribute, readObject } from "./inputs";

/** Attributes that are whole numbers: their least, greatest and default values ("SetQueueAttributes", API reference). */
const NUMBERS: Record<string, [minimum: number, maximum: number, initial: number]> = {
  DelaySeconds: [0, 900, 0],
  MaximumMessageSize: [1024, 1_048_576, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600, 345_600],
  ReceiveMessageWaitTimeSeconds: [0, 20, 0],
  VisibilityTimeout: [0, 43_200, 30],
};

/** The same of queues under a key of KMS, which others do not show. */
const KEY_NUMBERS: typeof NUMBERS = { KmsDataKeyReusePeriodSeconds: [60, 86_400, 300] };

/** Attributes that are JSON texts; an empty text removes them. */
const POLICIES = ["Policy", "RedrivePolicy", "RedriveAllowPolicy"];

const BOOLEANS: Record<string, string> = { SqsManagedSseEnabled: "true" };

const UNSUPPORTED = [
  ...["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"],
];

/** What a new queue's attributes are. */
export const INITIAL_ATTRIBUTES: Record<string, string> = {
  ...Object.fromEntries(Object.entries(NUMBERS).map(([name, [, , initial]]) => [name, String(initial)])),
  ...BOOLEANS,
};

/**
 * Checks attributes that a client sets, and answers them as they are kept.
 * @throws InvalidAttributeName, InvalidAttributeValue, or UnsupportedOperation for FIFO
 */
export function readAttributes(attributes: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value);
  return attributes;
}

function checkAttribute(name: string, value: string): void {
  const range = NUMBERS[name] ?? KEY_NUMBERS[name];
  if (range) {
    const [minimum, maximum] = range;
    if (!/^\d+$/.test(value) || Number(value) < minimum || Number(value) > maximum)
      throw invalidAttribute(name);
  } else if (POLICIES.includes(name)) {
    if (value !== "") readObject(value, name);
    if (name === "RedrivePolicy" && value !== "") readRedrivePolicy(value);
  } else if (name in BOOLEANS) {
    if (value !== "true" && value !== "false") throw invalidAttribute(name);
  } else if (name === "KmsMasterKeyId") {
    return;
  } else if (UNSUPPORTED.includes(name)) {
    if (value === "false" || value === "") return;
    throw awsError("UnsupportedOperation", 400, `The local cloud's queues do not support ${name}.`);
  } else {
    throw awsError("InvalidAttributeName", 400, `Unknown Attribute ${name}.`);
  }
}

/** Where messages go that were received too often, and how often that is. */
export interface RedrivePolicy {
  deadLetterTargetArn: string;
  maxReceiveCount: number;
}

/** Reads a redrive policy; `maxReceiveCount` may be a number or a text, as SQS has it. */
export function readRedrivePolicy(text: string): RedrivePolicy {
  const { deadLetterTargetArn, maxReceiveCount } = readObject(text, "RedrivePolicy");
  const count = Number(maxReceiveCount);
  if (typeof deadLetterTargetArn !== "string" || !Number.isInteger(count) || count < 1 || count > 1000) {
    throw invalidAttribute(
      "RedrivePolicy",
      "Reason: it must have a deadLetterTargetArn and a maxReceiveCount from 1 to 1000.",
    );
  }
  return { deadLetterTargetArn, maxReceiveCount: count };
}
