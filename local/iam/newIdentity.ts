import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Call } from "../core/service";
import { makeUniqueId } from "./identifiers";
import {
  type IdentityInput,
  type IdentityKind,
  identitiesOf,
  identityArn,
  nameOfIdentity,
} from "./identities";
import { checkPath, refuseMembers } from "./inputs";
import type { IamState, Identity } from "./state";
import { readTags, type Tag, tagNeed } from "./tags";

const ID_PREFIXES = { Role: "AROA", User: "AIDA" } as const;

/** What CreateRole and CreateUser both take. */
export interface NewIdentityInput extends IdentityInput {
  Path?: string;
  Tags?: Tag[];
}

/**
 * The role or user that an input describes, once the caller may create it; it is not kept yet.
 * @throws ValidationError (400) for a name, path or tag that none can have, EntityAlreadyExists (409)
 */
export async function newIdentity(
  state: IamState,
  kind: IdentityKind,
  input: NewIdentityInput,
  call: Call,
): Promise<Identity> {
  const path = checkPath(input.Path);
  const name = nameOfIdentity(kind, input);
  const arn = identityArn(state.accountId, kind, path, name);
  await call.authorize(tagNeed(`iam:Create${kind}`, arn, input.Tags));
  if (input.Tags?.length) await call.authorize(tagNeed(`iam:Tag${kind}`, arn, input.Tags));
  refuseMembers(input, "PermissionsBoundary");
  if (entryOf(identitiesOf(state, kind), name)) {
    throw awsError("EntityAlreadyExists", 409, `${kind} with name ${name} already exists.`);
  }
  return {
    name,
    id: makeUniqueId(ID_PREFIXES[kind]),
    path,
    arn,
    createdMs: state.nowMs(),
    tags: readTags(input.Tags),
    inlinePolicies: {},
    attachedPolicyArns: [],
  };
}
