import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { arnOfIdentity, type IdentityInput, requireIdentity } from "./identities";
import { checkQuota, cutPage, type PageInput, validationError } from "./inputs";
import { type NewIdentityInput, newIdentity } from "./newIdentity";
import { checkPolicyDocument, encodePolicyDocument, policySize } from "./policyDocuments";
import type { IamState, Role } from "./state";
import { writeTags } from "./tags";

interface RoleInput extends NewIdentityInput {
  AssumeRolePolicyDocument?: string;
  PolicyDocument?: string;
  Description?: string;
  MaxSessionDuration?: number | string;
}

/** CreateRole, GetRole, UpdateRole, UpdateAssumeRolePolicy, DeleteRole, ListRoles, ListInstanceProfilesForRole. */
export function makeRoleOperations(state: IamState) {
  const { roles } = state.document;
  const arnOf = (input: IdentityInput) => arnOfIdentity(state, "Role", input);
  const requireRole = (input: IdentityInput) => requireIdentity(state, "Role", input) as Role;

  const create: Operation = async (input: RoleInput, call) => {
    const role: Role = {
      ...(await newIdentity(state, "Role", input, call)),
      trustPolicy: await checkTrustPolicy(input.AssumeRolePolicyDocument),
      description: input.Description,
      maxSessionSeconds: readMaxSession(input.MaxSessionDuration) ?? 3600,
    };
    roles[role.name] = role;
    state.save();
    return { Role: writeRole(role) };
  };

  const get: Operation = async (input: RoleInput, call) => {
    await call.authorize({ action: "iam:GetRole", resource: arnOf(input) });
    return { Role: writeRole(requireRole(input)) };
  };

  const update: Operation = async (input: RoleInput, call) => {
    await call.authorize({ action: "iam:UpdateRole", resource: arnOf(input) });
    const role = requireRole(input);
    role.maxSessionSeconds = readMaxSession(input.MaxSessionDuration) ?? role.maxSessionSeconds;
    role.description = input.Description ?? role.description;
    state.save();
    return {};
  };

  const updateTrustPolicy: Operation = async (input: RoleInput, call) => {
    await call.authorize({ action: "iam:UpdateAssumeRolePolicy", resource: arnOf(input) });
    const role = requireRole(input);
    role.trustPolicy = await checkTrustPolicy(input.PolicyDocument);
    state.save();
    return {};
  };

  const remove: Operation = async (input: RoleInput, call) => {
    await call.authorize({ action: "iam:DeleteRole", resource: arnOf(input) });
    const role = requireRole(input);
    checkNoPolicies(role);
    delete roles[role.name];
    state.save();
    return {};
  };

  const list: Operation = async (input: PageInput, call) => {
    await call.authorize({ action: "iam:ListRoles", resource: "*" });
    const found = Object.values(roles).filter(({ path }) => path.startsWith(input.PathPrefix ?? "/"));
    const { shown, rest } = cutPage(found, ({ name }) => name, input);
    // Listings leave tags out (API page ListRoles).
    return { Roles: shown.map((role) => ({ ...writeRole(role), Tags: undefined })), ...rest };
  };

  const listInstanceProfiles: Operation = async (input: RoleInput, call) => {
    await call.authorize({ action: "iam:ListInstanceProfilesForRole", resource: arnOf(input) });
    requireRole(input);
    return { InstanceProfiles: [], IsTruncated: false };
  };

  return { create, get, update, updateTrustPolicy, remove, list, listInstanceProfiles };
}

/**
 * An identity with policies cannot be deleted.
 * @throws DeleteConflict (409)
 */
export function checkNoPolicies(identity: Pick<Role, "attachedPolicyArns" | "inlinePolicies">): void {
  if (identity.attachedPolicyArns.length > 0) {
    throw awsError("DeleteConflict", 409, "Cannot delete entity, must detach all policies first.");
  }
  if (Object.keys(identity.inlinePolicies).length > 0) {
    throw awsError("DeleteConflict", 409, "Cannot delete entity, must delete policies first.");
  }
}

async function checkTrustPolicy(text: string | undefined): Promise<string> {
  const document = await checkPolicyDocument(text, "trust");
  checkQuota("ACLSizePerRole", 2048, policySize(document));
  return document;
}

function readMaxSession(value: number | string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (seconds >= 3600 && seconds <= 43_200) return seconds;
  throw validationError(
    `Value '${value}' at 'maxSessionDuration' failed to satisfy constraint: write 3600 to 43200 seconds`,
  );
}

const writeRole = (role: Role) => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: role.arn,
  CreateDate: new Date(role.createdMs),
  AssumeRolePolicyDocument: encodePolicyDocument(role.trustPolicy),
  Description: role.description,
  MaxSessionDuration: role.maxSessionSeconds,
  Tags: Object.keys(role.tags).length > 0 ? writeTags(role.tags) : undefined,
});
