import { queryService } from "../core/protocols";
import type { CallAs, IssueCredentials } from "../core/seams";
import type { Gatekeeper } from "../core/server";
import { type Caller, type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { makeAccessKeyOperations } from "./accessKeys";
import { makeAttachedPolicyOperations } from "./attachedPolicies";
import { makeAuthenticate } from "./authentication";
import { type Authorizer, type Judgement, makeAuthorizer, userIdOf } from "./authorization";
import { makeCallAs } from "./callAs";
import { identityOf } from "./identities";
import { makeInlinePolicyOperations } from "./inlinePolicies";
import { makeManagedPolicyOperations } from "./managedPolicies";
import { makePolicyVersionOperations } from "./policyVersions";
import { makeRoleOperations } from "./roles";
import { makeIssueCredentials } from "./sessions";
import { openIamState, type Role, roleOfArn } from "./state";
import { makeTagOperations } from "./tags";
import { makeUserOperations } from "./users";

/** IAM on this machine: the service, and what the endpoint and other services need of it. */
export interface Iam {
  http: HttpService;
  operations: Operations;
  gatekeeper: Gatekeeper;
  issueCredentials: IssueCredentials;
  callAs: CallAs;
  /** Whether a role's trust policy admits a service on behalf of a resource; no for a role that is not there. */
  trusts: Authorizer["trusts"];
  trustsWebIdentity: Authorizer["trustsWebIdentity"];
  findRole(roleArn: string): Role | undefined;
  /** The unique id of a caller, as GetCallerIdentity answers it. */
  userId(caller: Caller): string;
  close(): void;
}

/**
 * Makes IAM. Policies are enforced from the first call on; `acceptAnyOwnerKey` says whether key pairs that IAM did not
 * issue are the account owner's (their signatures cannot be checked) or unknown; `onJudgement` is told of each permission
 * that a call needed.
 */
export function makeIam(
  deps: CloudDeps,
  {
    acceptAnyOwnerKey = true,
    onJudgement,
  }: { acceptAnyOwnerKey?: boolean; onJudgement?: (judgement: Judgement) => void } = {},
): Iam {
  const state = openIamState(deps);
  const authorizer = makeAuthorizer(state, deps, onJudgement);
  const roles = makeRoleOperations(state);
  const rolePolicies = makeInlinePolicyOperations(state, "Role");
  const roleAttachments = makeAttachedPolicyOperations(state, "Role");
  const roleTags = makeTagOperations(state, "Role");
  const users = makeUserOperations(state);
  const userPolicies = makeInlinePolicyOperations(state, "User");
  const userAttachments = makeAttachedPolicyOperations(state, "User");
  const userTags = makeTagOperations(state, "User");
  const accessKeys = makeAccessKeyOperations(state);
  const policies = makeManagedPolicyOperations(state);
  const versions = makePolicyVersionOperations(state);

  const operations: Operations = guarded(deps, "iam", {
    CreateRole: roles.create,
    GetRole: roles.get,
    UpdateRole: roles.update,
    UpdateAssumeRolePolicy: roles.updateTrustPolicy,
    DeleteRole: roles.remove,
    ListRoles: roles.list,
    ListInstanceProfilesForRole: roles.listInstanceProfiles,
    PutRolePolicy: rolePolicies.put,
    GetRolePolicy: rolePolicies.get,
    DeleteRolePolicy: rolePolicies.remove,
    ListRolePolicies: rolePolicies.list,
    AttachRolePolicy: roleAttachments.attach,
    DetachRolePolicy: roleAttachments.detach,
    ListAttachedRolePolicies: roleAttachments.list,
    TagRole: roleTags.tag,
    UntagRole: roleTags.untag,
    ListRoleTags: roleTags.list,

    CreateUser: users.create,
    GetUser: users.get,
    DeleteUser: users.remove,
    ListUsers: users.list,
    PutUserPolicy: userPolicies.put,
    GetUserPolicy: userPolicies.get,
    DeleteUserPolicy: userPolicies.remove,
    ListUserPolicies: userPolicies.list,
    AttachUserPolicy: userAttachments.attach,
    DetachUserPolicy: userAttachments.detach,
    ListAttachedUserPolicies: userAttachments.list,
    TagUser: userTags.tag,
    UntagUser: userTags.untag,
    ListUserTags: userTags.list,
    CreateAccessKey: accessKeys.create,
    UpdateAccessKey: accessKeys.update,
    DeleteAccessKey: accessKeys.remove,
    ListAccessKeys: accessKeys.list,

    CreatePolicy: policies.create,
    GetPolicy: policies.get,
    DeletePolicy: policies.remove,
    ListPolicies: policies.list,
    CreatePolicyVersion: versions.create,
    GetPolicyVersion: versions.get,
    SetDefaultPolicyVersion: versions.setDefault,
    DeletePolicyVersion: versions.remove,
    ListPolicyVersions: versions.list,
  });

  return {
    http: queryService({
      signingName: "iam",
      xmlNamespace: "https://iam.amazonaws.com/doc/2010-05-08/",
      operations,
    }),
    operations,
    gatekeeper: {
      authenticate: makeAuthenticate({ state, region: deps.region, acceptAnyOwnerKey }),
      authorize: (caller, needs) => authorizer.authorize(caller, needs),
    },
    issueCredentials: makeIssueCredentials(state),
    callAs: makeCallAs(authorizer, deps),
    trusts: authorizer.trusts,
    trustsWebIdentity: authorizer.trustsWebIdentity,
    findRole: (roleArn) => roleOfArn(state, roleArn),
    userId: (caller) => userIdOf(caller, identityOf(state, caller)),
    close: () => undefined,
  };
}
