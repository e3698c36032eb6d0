import type { Tag } from "@aws-sdk/client-eventbridge";
import { makeChecks } from "../core/checks";
import { awsError } from "../core/errors";

/** EventBridge's error for input that breaks a constraint. */
export const invalid = (message: string) => awsError("ValidationException", 400, message);

/** EventBridge's checks of inputs. */
export const checks = makeChecks(invalid);

/** The token of a listing that was not given by it. */
export const badToken = () => invalid("The NextToken is not one that this operation gave");

const MAX_TAGS = 50;

/** A rule's or target's name. */
export function nameOf(value: string | undefined, member: string): string {
  const name = checks.pattern(checks.required(value, member), member, /[.\-_A-Za-z0-9]{1,64}/);
  return checks.required(name, member);
}

/**
 * Checks that a call means the default bus, by name or ARN: the local cloud has no other.
 * @throws ResourceNotFoundException
 */
export function checkBus(busName: string | undefined): void {
  if (busName === undefined || busName === "default" || busName.endsWith(":event-bus/default")) return;
  throw awsError(
    "ResourceNotFoundException",
    400,
    `Event bus ${busName} does not exist. (The local cloud has the default bus only.)`,
  );
}

/** Tags as a map, checked. */
export function tagsOf(tags: Tag[] | undefined): Record<string, string> {
  const map = Object.fromEntries(
    (tags ?? []).map(({ Key, Value }) => [checks.required(Key, "tags.member.key"), Value ?? ""]),
  );
  return checkTagCount(map);
}

/** @throws ValidationException for more tags than a rule may have */
export function checkTagCount(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length > MAX_TAGS) throw invalid(`A rule can have at most ${MAX_TAGS} tags`);
  return tags;
}
