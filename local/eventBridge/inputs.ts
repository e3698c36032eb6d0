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
