import { makeChecks } from "../core/checks";
import { type AwsError, awsError } from "../core/errors";

/** SNS's error of a value that it does not take. */
export const invalidParameter = (name: string, reason?: string): AwsError =>
  awsError("InvalidParameter", 400, `Invalid parameter: ${name}${reason ? ` Reason: ${reason}` : ""}`);

/** SNS's error of a topic or subscription that is not there. */
export const notFound = (what: "Topic" | "Subscription"): AwsError =>
  awsError("NotFound", 404, `${what} does not exist`);

/** SNS's checks of inputs. */
export const checks = makeChecks((message) => awsError("ValidationError", 400, message));

/** The error of a token that no listing gave. */
export const badToken = (): AwsError => invalidParameter("NextToken");

/** JSON of an object, as policies are written. */
export function readObject(text: string, name: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch (error) {
    throw invalidParameter(name, (error as Error).message);
  }
  throw invalidParameter(name, "it must be a JSON object");
}
