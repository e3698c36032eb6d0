import { awsError } from "../core/errors";

/** A tag as the Step Functions API has it. */
export interface Tag {
  key: string;
  value: string;
}

/** An error of a request's value. */
export function validation(message: string) {
  return awsError("ValidationException", 400, message);
}

/** Refuses members that the API has and this machine does not, unless they change nothing. */
export function refuseUnknown(input: object, members: string[]): void {
  for (const [name, value] of Object.entries(input)) {
    if (!members.includes(name) && value !== undefined && value !== null && value !== false && value !== "") {
      throw validation(`${name} is not supported by the Step Functions of this machine; leave it out`);
    }
  }
}

/**
 * Checks the name of a state machine or execution: at most 80 characters, none that are special to AWS. Names beyond
 * ASCII, which AWS takes but cannot log, are refused too.
 * @throws InvalidName
 */
export function readName(name: string | undefined): string {
  if (name && /^[\w.\-+=@!'()]{1,80}$/.test(name)) return name;
  throw awsError("InvalidName", 400, `Invalid Name: '${name}'; use up to 80 of 0-9 A-Z a-z - and _`);
}

/** Checks tags as TagResource takes them. @throws TooManyTags, ValidationException */
export function readTags(tags: Tag[], before: Record<string, string> = {}): Record<string, string> {
  const merged = { ...before, ...Object.fromEntries(tags.map(({ key, value }) => [key, value])) };
  if (Object.keys(merged).length > 50) throw awsError("TooManyTags", 400, "A resource has at most 50 tags");
  for (const [key, value] of Object.entries(merged)) {
    if (key.length < 1 || key.length > 128 || key.startsWith("aws:") || value.length > 256) {
      throw validation(`The tag ${key}=${value} is too long or begins with aws:`);
    }
  }
  return merged;
}
