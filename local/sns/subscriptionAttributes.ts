import { isAwsError } from "../core/errors";
import { type EventMatcher, readPattern } from "../eventBridge/pattern";
import { checks, invalidParameter, readObject } from "./inputs";
import type { Subscription } from "./topics";

const SETTABLE = [
  "RawMessageDelivery",
  "FilterPolicy",
  "FilterPolicyScope",
  "RedrivePolicy",
  "DeliveryPolicy",
];

/**
 * Checks attributes that a client sets on a subscription of `protocol`.
 * @throws InvalidParameter
 */
export function checkSubscriptionAttributes(
  protocol: Subscription["protocol"],
  attributes: Record<string, string>,
): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!SETTABLE.includes(name)) throw invalidParameter("AttributeName", `there is no attribute ${name}`);
    if (value === "") continue;
    if (name === "RawMessageDelivery") {
      checks.oneOf(value, "rawMessageDelivery", ["true", "false"]);
      if (value === "true" && protocol !== "sqs") {
        throw invalidParameter(
          "RawMessageDelivery",
          `delivery protocol [${protocol}] does not support raw message delivery`,
        );
      }
    }
    if (name === "FilterPolicyScope")
      checks.oneOf(value, "filterPolicyScope", ["MessageAttributes", "MessageBody"]);
    if (name === "FilterPolicy") readFilter(value);
    if (name === "RedrivePolicy") readRedrivePolicy(value);
    if (name === "DeliveryPolicy") readObject(value, name);
  }
}

/** Reads the queue for messages that a subscriber did not take. */
export function readRedrivePolicy(text: string): { deadLetterTargetArn: string } {
  const { deadLetterTargetArn } = readObject(text, "RedrivePolicy");
  if (
    typeof deadLetterTargetArn !== "string" ||
    !/^arn:aws:sqs:[\w-]+:\d{12}:[\w-]+$/.test(deadLetterTargetArn)
  ) {
    throw invalidParameter("RedrivePolicy", "deadLetterTargetArn must be the ARN of a queue");
  }
  return { deadLetterTargetArn };
}

/** A message as filter policies look at it. */
export interface FilteredMessage {
  message: string;
  attributes: Record<string, { DataType?: string; StringValue?: string }>;
}

/** Whether a subscription's filter policy, if it has one, lets a message through ("Message filtering", SNS developer guide). */
export function passesFilter({ attributes }: Subscription, message: FilteredMessage): boolean {
  const { FilterPolicy, FilterPolicyScope } = attributes;
  if (!FilterPolicy) return true;
  const looksAtBody = FilterPolicyScope === "MessageBody";
  const subject = looksAtBody ? bodyOf(message.message) : attributesOf(message.attributes);
  return subject !== undefined && readFilter(FilterPolicy)(subject);
}

/** SNS filters in the language of event patterns. */
function readFilter(text: string): EventMatcher {
  try {
    return readPattern(text);
  } catch (error) {
    if (isAwsError(error)) throw invalidParameter("FilterPolicy", error.message.replace(/^.*Reason: /, ""));
    throw error;
  }
}

function bodyOf(message: string): object | undefined {
  try {
    const body = JSON.parse(message) as unknown;
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    // A body that is no JSON matches no filter policy.
    return undefined;
  }
}

function attributesOf(attributes: FilteredMessage["attributes"]): object {
  const values = Object.entries(attributes).map(([name, { DataType = "", StringValue = "" }]) => {
    if (DataType.startsWith("Number")) return [name, Number(StringValue)];
    if (DataType === "String.Array") return [name, JSON.parse(StringValue) as unknown];
    return [name, StringValue];
  });
  return Object.fromEntries(values);
}
