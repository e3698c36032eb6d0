import { makeChecks } from "../core/checks";
import { awsError } from "../core/errors";

/** The Logs service's error for input that it does not take. */
export const invalid = (message: string) => awsError("InvalidParameterException", 400, message);

/** The Logs service's checks of inputs. */
export const checks = makeChecks(invalid);

/** The error of a group, stream or policy that is not there. */
export const notFound = (what: string) =>
  awsError("ResourceNotFoundException", 400, `The specified ${what} does not exist.`);

/** The error of a group or stream that is there already. */
export const alreadyExists = (what: string) =>
  awsError("ResourceAlreadyExistsException", 400, `The specified ${what} already exists`);

/** The error of a token that no listing gave. */
export const badToken = () => invalid("The specified nextToken is invalid.");

/** A log group's name, required and checked. */
export function groupName(value: string | undefined): string {
  const name = checks.required(value, "logGroupName");
  return checks.pattern(name, "logGroupName", /[.\-_/#A-Za-z0-9]{1,512}/) ?? name;
}

/** A log stream's name, required and checked. */
export function streamName(value: string | undefined): string {
  const name = checks.required(value, "logStreamName");
  return checks.pattern(name, "logStreamName", /[^:*]{1,512}/) ?? name;
}

/** The name of the group that a reader means: by name, or by a name or ARN as identifier. */
export function identifiedGroup(input: { logGroupName?: string; logGroupIdentifier?: string }): string {
  const { logGroupName, logGroupIdentifier } = input;
  if ((logGroupName === undefined) === (logGroupIdentifier === undefined)) {
    throw invalid("Exactly one of logGroupName and logGroupIdentifier must be specified.");
  }
  return groupName(logGroupName ?? groupOfArn(logGroupIdentifier) ?? logGroupIdentifier);
}

/** The name of the group that an ARN names, with or without the `:*` at its end. */
export const groupOfArn = (arn: string | undefined): string | undefined =>
  /^arn:[^:]+:logs:[^:]*:[^:]*:log-group:([^:]+)(:\*)?$/.exec(arn ?? "")?.[1];
