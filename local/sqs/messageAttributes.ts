import { createHash } from "node:crypto";
import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import { invalidValue } from "./inputs";

/** A message attribute as JSON carries it: binary values in Base64. */
export type MessageAttribute = Omit<MessageAttributeValue, "BinaryValue"> & { BinaryValue?: string };

/** Message attributes by name. */
export type MessageAttributes = Record<string, MessageAttribute>;

const MAX_ATTRIBUTES = 10;
const STRING_TYPE = 1;
const BINARY_TYPE = 2;

/** Refuses attributes without a type, or with a value that is not of the type. */
export function checkAttributes(attributes: MessageAttributes): void {
  if (Object.keys(attributes).length > MAX_ATTRIBUTES) {
    throw invalidValue(
      `Number of message attributes [${Object.keys(attributes).length}] exceeds the allowed maximum [10].`,
    );
  }
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes)) {
    const [type] = (DataType ?? "").split(".");
    const value = type === "Binary" ? BinaryValue : StringValue;
    if (!["String", "Number", "Binary"].includes(type ?? "")) {
      throw invalidValue(
        `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      );
    }
    if (!value) {
      throw invalidValue(
        `The message attribute '${name}' must contain a non-empty value for its type ${type}.`,
      );
    }
    if (type === "Number" && !Number.isFinite(Number(value))) {
      throw invalidValue(`Can't cast the value of message (user) attribute '${name}' to a number.`);
    }
  }
}

/** The bytes that attributes add to a message's size: names, types and values. */
export function attributesSizeBytes(attributes: MessageAttributes): number {
  return Object.entries(attributes)
    .map(([name, { DataType = "", ...value }]) => Buffer.byteLength(name + DataType) + bytesOf(value).length)
    .reduce((sum, sizeBytes) => sum + sizeBytes, 0);
}

/** The attributes that a receiver asked for: names, prefixes such as `trace.*`, or `All`. */
export function chosenAttributes(attributes: MessageAttributes, names: string[]): MessageAttributes {
  const isChosen = (attribute: string) =>
    names.some(
      (name) =>
        name === "All" ||
        name === attribute ||
        (name.endsWith(".*") && attribute.startsWith(name.slice(0, -2))),
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isChosen(name)));
}

/** MD5 of a text in hex, which SDKs compare with the body that they sent or got. */
export const md5 = (content: string | Buffer) => createHash("md5").update(content).digest("hex");

/**
 * MD5 of message attributes, which SDKs compare ("Calculating the MD5 message digest for message attributes", SQS
 * developer guide): by name, each part after its length, and one byte for the kind of value.
 * @returns nothing where there are no attributes
 */
export function attributesMd5(attributes: MessageAttributes): string | undefined {
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 0) return undefined;
  const parts = sorted.flatMap(([name, { DataType = "", ...value }]) => [
    ...withLength(Buffer.from(name)),
    ...withLength(Buffer.from(DataType)),
    Buffer.of(value.BinaryValue === undefined ? STRING_TYPE : BINARY_TYPE),
    ...withLength(bytesOf(value)),
  ]);
  return md5(Buffer.concat(parts));
}

const bytesOf = ({ StringValue, BinaryValue }: Omit<MessageAttribute, "DataType">) =>
  BinaryValue === undefined ? Buffer.from(StringValue ?? "") : Buffer.from(BinaryValue, "base64");

function withLength(bytes: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}
