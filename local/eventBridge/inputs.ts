import type { Tag } from "@aws-sdk/client-eventbridge";
import { makeChecks } from "../core/checks";
import { awsError } from "../core/errors";
import { busName } from "./buses";
import type { RuleName } from "./rules";

/** EventBridge's error for input that breaks a constraint. */
export const invalid = (message: string) => awsError("ValidationException", 400, message);

/** EventBridge's checks of inputs. */
export const checks = makeChecks(invalid);

/** The token of a listing that was not given by it. */
export const badToken = () => invalid("The NextToken is not one that this operation gave");

const MAX_TAGS = 50;

/** A rule's, target's or bus's name. */
export function nameOf(value: string | undefined, member: string): string {
  const name = checks.pattern(checks.required(value, member), member, /[.\-_A-Za-z0-9]{1,64}/);
  return checks.required(name, member);
}

/** The rule that a call means. */
export const ruleName = (name: string | undefined, bus: string | undefined, member = "name"): RuleName => ({
  name: nameOf(name, member),
  bus: busName(bus),
});

/** Tags as a map, checked. */
export function tagsOf(tags: Tag[] | undefined): Record<string, string> {
  const map = Object.fromEntries(
    (tags ?? []).map(({ Key, Value }) => [checks.required(Key, "tags.member.key"), Value ?? ""]),
  );
  return checkTagCount(map);
}

/** @throws ValidationException for more tags than a rule or bus may have */
export function checkTagCount(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length > MAX_TAGS) throw invalid(`A resource can have at most ${MAX_TAGS} tags`);
  return tags;
}
