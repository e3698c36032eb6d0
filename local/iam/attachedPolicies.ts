import { awsError } from "../core/errors";
import type { Call, Operation } from "../core/service";
import { arnOfIdentity, type IdentityInput, type IdentityKind, requireIdentity } from "./identities";
import { checkQuota, cutPage, type PageInput } from "./inputs";
import { checkPolicyArn, requirePolicy } from "./managedPolicies";
import type { IamState } from "./state";

type AttachmentInput = IdentityInput & PageInput & { PolicyArn?: string };

/** AttachRolePolicy, DetachRolePolicy and ListAttachedRolePolicies, or those of users. */
export function makeAttachedPolicyOperations(state: IamState, kind: IdentityKind) {
  /** The policy and the identity that an input names, once the caller may change what joins them. */
  const open = async (verb: "Attach" | "Detach", input: AttachmentInput, call: Call) => {
    const PolicyArn = checkPolicyArn(input.PolicyArn);
    await call.authorize({
      action: `iam:${verb}${kind}Policy`,
      resource: arnOfIdentity(state, kind, input),
      context: { "iam:PolicyARN": PolicyArn },
    });
    return { PolicyArn, identity: requireIdentity(state, kind, input) };
  };

  const attach: Operation = async (input: AttachmentInput, call) => {
    const { PolicyArn, identity } = await open("Attach", input, call);
    requirePolicy(state, PolicyArn);
    const attached = new Set([...identity.attachedPolicyArns, PolicyArn]);
    checkQuota(`PoliciesPer${kind}`, 10, attached.size);
    identity.attachedPolicyArns = [...attached];
    state.save();
    return {};
  };

  const detach: Operation = async (input: AttachmentInput, call) => {
    const { PolicyArn, identity } = await open("Detach", input, call);
    if (!identity.attachedPolicyArns.includes(PolicyArn)) {
      throw awsError("NoSuchEntity", 404, `Policy ${PolicyArn} was not found.`);
    }
    identity.attachedPolicyArns = identity.attachedPolicyArns.filter((arn) => arn !== PolicyArn);
    state.save();
    return {};
  };

  const list: Operation = async (input: AttachmentInput, call) => {
    const resource = arnOfIdentity(state, kind, input);
    await call.authorize({ action: `iam:ListAttached${kind}Policies`, resource });
    const attached = requireIdentity(state, kind, input).attachedPolicyArns.map((arn) => ({
      PolicyName: requirePolicy(state, arn).name,
      PolicyArn: arn,
    }));
    const { shown, rest } = cutPage(attached, ({ PolicyArn }) => PolicyArn, input);
    return { AttachedPolicies: shown, ...rest };
  };

  return { attach, detach, list };
}
