import { type AwsError, awsError } from "../core/errors";

/** The error of Kinesis Video for an input it does not take. */
export function invalidArgument(message: string): AwsError {
  return awsError("InvalidArgumentException", 400, message);
}

/** Limits of a string member, as the service's model states them. */
export interface TextLimits {
  maxLength: number;
  pattern?: RegExp;
}

/** A string member that must be there. @throws InvalidArgumentException that names the member */
export function requiredText(value: unknown, member: string, limits: TextLimits): string {
  if (typeof value !== "string" || value.length === 0) throw invalidArgument(`${member} must be a string.`);
  if (value.length > limits.maxLength) {
    throw invalidArgument(
      `${member} has ${value.length} characters; at most ${limits.maxLength} are allowed.`,
    );
  }
  if (limits.pattern && !limits.pattern.test(value)) {
    throw invalidArgument(`${member} ${JSON.stringify(value)} must match ${limits.pattern.source}`);
  }
  return value;
}

/** A string member that may be missing. */
export function optionalText(value: unknown, member: string, limits: TextLimits): string | undefined {
  return value === undefined || value === null ? undefined : requiredText(value, member, limits);
}

/** A whole number between `min` and `max`. @throws InvalidArgumentException that names the member */
export function requiredInteger(
  value: unknown,
  member: string,
  { min, max }: { min: number; max: number },
): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw invalidArgument(
      `${member} is ${JSON.stringify(value)}; write a whole number from ${min} to ${max}.`,
    );
  }
  return value;
}

/** A whole number that may be missing. */
export function optionalInteger(
  value: unknown,
  member: string,
  limits: { min: number; max: number },
): number | undefined {
  return value === undefined || value === null ? undefined : requiredInteger(value, member, limits);
}

/** One of the values of an enumeration. @throws InvalidArgumentException that lists them */
export function requiredOneOf<T extends string>(value: unknown, member: string, values: readonly T[]): T {
  const found = values.find((known) => known === value);
  if (found === undefined) {
    throw invalidArgument(`${member} is ${JSON.stringify(value)}; write one of ${values.join(", ")}.`);
  }
  return found;
}
