import { makeChecks } from "../core/checks";
import { awsError } from "../core/errors";

/** SQS's error of a value that it does not take. */
export const invalidValue = (reason: string) => awsError("InvalidParameterValue", 400, reason);

/** SQS's error of an attribute's value. */
export const invalidAttribute = (name: string, reason = "") =>
  awsError("InvalidAttributeValue", 400, `Invalid value for the parameter ${name}. ${reason}`.trim());

/** SQS's checks of inputs. */
export const checks = makeChecks(invalidValue);

/** A required member; SQS has an error of its own for one that is not there. */
export function required<T>(value: T | undefined | null, member: string): T {
  if (value === undefined || value === null || value === "") {
    throw awsError("MissingParameter", 400, `The request must contain the parameter ${member}.`);
  }
  return value;
}

/** JSON of an object, as policies are written. */
export function readObject(text: string, attribute: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw invalidAttribute(attribute, `Reason: ${(error as Error).message}`);
  }
  throw invalidAttribute(attribute, "Reason: it must be a JSON object.");
}
