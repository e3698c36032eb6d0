import type { Dimension, StandardUnit } from "@aws-sdk/client-cloudwatch";
import { makeChecks } from "../core/checks";
import { awsError } from "../core/errors";

/** CloudWatch's error for input that breaks a constraint of its model. */
export const checks = makeChecks((message) => awsError("ValidationError", 400, message));

/** The error of a value that is well formed but not possible. */
export const invalidValue = (message: string) => awsError("InvalidParameterValueException", 400, message);

/** The error of members that do not go together. */
export const invalidCombination = (message: string) =>
  awsError("InvalidParameterCombinationException", 400, message);

/** A moment as clients send it: epoch seconds (JSON) or ISO 8601 (Query protocol). */
export type WireTimestamp = number | string;

/** An input whose members `K` are timestamps in the protocol's own form, not dates. */
export type Wire<T, K extends string> = Omit<T, K> & { [Member in K]?: WireTimestamp };

/** The error of a token that no listing gave. */
export const badToken = () =>
  awsError("InvalidNextToken", 400, "The NextToken is not one that this operation gave");

/** Milliseconds of a timestamp; `undefined` passes. */
export function timestampMs(value: WireTimestamp | undefined, member: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === "number" ? value * 1000 : Date.parse(value);
  if (Number.isNaN(ms)) throw invalidValue(`The parameter ${member} is not a timestamp: ${value}`);
  return ms;
}

/** A boolean as JSON or as the Query protocol's text; `undefined` passes. */
export const booleanOf = (value: unknown): boolean | undefined =>
  value === undefined || value === null ? undefined : value === true || value === "true";

/** Dimensions as a map. */
export function dimensionsOf(dimensions: Dimension[] | undefined): Record<string, string> {
  if ((dimensions ?? []).length > 30) {
    throw invalidValue("The collection Dimensions must not have a size greater than 30");
  }
  return Object.fromEntries(
    (dimensions ?? []).map(({ Name, Value }) => [
      checks.required(Name, "dimensions.member.name"),
      checks.required(Value, "dimensions.member.value"),
    ]),
  );
}

/** A map of dimensions as the API lists them. */
export const toDimensions = (dimensions: Record<string, string>): Dimension[] =>
  Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));

/** A period in seconds that one-minute data can serve. */
export function periodSeconds(value: unknown, member: string): number {
  const seconds = checks.range(checks.required(value, member), member, 1, 86_400 * 365) as number;
  if (seconds % 60 !== 0) {
    throw invalidValue(
      `The parameter ${member} must be a multiple of 60: high-resolution metrics are not supported by the local cloud`,
    );
  }
  return seconds;
}

const SIZES = ["Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"];
const BITS = ["Bits", "Kilobits", "Megabits", "Gigabits", "Terabits"];
const AMOUNTS = [...SIZES, ...BITS, "Count"];
const UNITS = [
  ...["Seconds", "Microseconds", "Milliseconds", "Percent", "None"],
  ...AMOUNTS.flatMap((amount) => [amount, `${amount}/Second`]),
] as StandardUnit[];

/** A unit of the API's list; `undefined` passes. */
export const unitOf = (value: unknown): StandardUnit | undefined => checks.oneOf(value, "unit", UNITS);
