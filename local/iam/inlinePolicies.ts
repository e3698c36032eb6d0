import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { arnOfIdentity, type IdentityInput, type IdentityKind, requireIdentity } from "./identities";
import { checkName, cutPage, type PageInput } from "./inputs";
import { checkPolicyDocument, encodePolicyDocument, policySize } from "./policyDocuments";
import type { IamState, Identity } from "./state";

type InlinePolicyInput = IdentityInput & PageInput & { PolicyName?: string; PolicyDocument?: string };

/** All inline policies of one identity together (IAM user guide, "IAM and AWS STS quotas"). */
const MAX_INLINE_SIZE = { Role: 10_240, User: 2048 };

/** PutRolePolicy, GetRolePolicy, DeleteRolePolicy and ListRolePolicies, or those of users. */
export function makeInlinePolicyOperations(state: IamState, kind: IdentityKind) {
  const put: Operation = async (input: InlinePolicyInput, call) => {
    await call.authorize({ action: `iam:Put${kind}Policy`, resource: arnOfIdentity(state, kind, input) });
    const identity = requireIdentity(state, kind, input);
    const name = checkName("policyName", input.PolicyName, 128);
    const document = await checkPolicyDocument(input.PolicyDocument, "identity");
    const policies = { ...identity.inlinePolicies, [name]: document };
    if (policySize(...Object.values(policies)) > MAX_INLINE_SIZE[kind]) {
      throw awsError(
        "LimitExceeded",
        409,
        `Maximum policy size of ${MAX_INLINE_SIZE[kind]} bytes exceeded for ${kind.toLowerCase()} ${identity.name}`,
      );
    }
    identity.inlinePolicies = policies;
    state.save();
    return {};
  };

  const get: Operation = async (input: InlinePolicyInput, call) => {
    await call.authorize({ action: `iam:Get${kind}Policy`, resource: arnOfIdentity(state, kind, input) });
    const identity = requireIdentity(state, kind, input);
    const { PolicyName, document } = requirePolicy(identity, kind, input);
    return { [`${kind}Name`]: identity.name, PolicyName, PolicyDocument: encodePolicyDocument(document) };
  };

  const remove: Operation = async (input: InlinePolicyInput, call) => {
    await call.authorize({ action: `iam:Delete${kind}Policy`, resource: arnOfIdentity(state, kind, input) });
    const identity = requireIdentity(state, kind, input);
    delete identity.inlinePolicies[requirePolicy(identity, kind, input).PolicyName];
    state.save();
    return {};
  };

  const list: Operation = async (input: InlinePolicyInput, call) => {
    await call.authorize({ action: `iam:List${kind}Policies`, resource: arnOfIdentity(state, kind, input) });
    const names = Object.keys(requireIdentity(state, kind, input).inlinePolicies);
    const { shown, rest } = cutPage(names, (name) => name, input);
    return { PolicyNames: shown, ...rest };
  };

  return { put, get, remove, list };
}

function requirePolicy(identity: Identity, kind: IdentityKind, { PolicyName = "" }: InlinePolicyInput) {
  const document = entryOf(identity.inlinePolicies, PolicyName);
  if (document !== undefined) return { PolicyName, document };
  throw awsError(
    "NoSuchEntity",
    404,
    `The ${kind.toLowerCase()} policy with name ${PolicyName} cannot be found.`,
  );
}
