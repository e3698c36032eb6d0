import type { Registered } from "../support/program";
import { demand, hasCustomerKey, isCustomerKey, isOf, type Program, type Rule, remove } from "./rule";
import { addStatement, isOpen, refusesPlainHttp } from "./statements";

/** Rules that are the same for resources of several services. */

/** A rule that what `isOne` says is one names the customer key in this input. */
export const customerKeyRule = (
  ids: string[],
  isOne: (resource: Registered) => boolean,
  input: string,
): Rule => ({
  ids,
  says: "is encrypted with the customer key, where there is one",
  applies: (resource, program) => isOne(resource) && hasCustomerKey(program),
  check: ({ inputs }, program) =>
    demand(isCustomerKey(inputs[input], program), "is not encrypted with the customer key"),
  violate({ inputs }) {
    delete inputs[input];
  },
});

/** A rule that the policy of what `isOne` says is one refuses these actions over plain HTTP. */
export const plainHttpRule = (
  ids: string[],
  isOne: (resource: Registered) => boolean,
  policyOf: (resource: Registered, program: Program) => Registered | undefined,
  actions: RegExp,
): Rule => ({
  ids,
  says: "refuses plain HTTP",
  applies: isOne,
  check(resource, program) {
    const policy = policyOf(resource, program);
    return demand(policy && refusesPlainHttp(policy, actions), "can be reached without TLS");
  },
  violate: (resource, program) => remove(program, policyOf(resource, program)),
});

/** A rule that policies of a type are closed; one that lets everyone do this action is not. */
export const closedPolicyRule = (ids: string[], policyType: string, action: string): Rule => ({
  ids,
  says: "allows nothing to everyone, and no action that is not named",
  applies: isOf(policyType),
  check: (policy) => demand(!isOpen(policy), "lets everyone in, or do what it does not name"),
  violate: (policy) =>
    addStatement(policy, { Effect: "Allow", Principal: "*", Action: action, Resource: "*" }),
});
