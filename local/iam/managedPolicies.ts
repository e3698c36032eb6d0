import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Call, Operation } from "../core/service";
import { awsManagedPolicies } from "./awsManagedPolicies";
import { makeUniqueId } from "./identifiers";
import { checkName, checkPath, checkQuota, cutPage, type PageInput, validationError } from "./inputs";
import { checkPolicyDocument, policySize } from "./policyDocuments";
import type { IamState, ManagedPolicy } from "./state";
import { readTags, type Tag, tagNeed, writeTags } from "./tags";

interface PolicyInput extends PageInput {
  PolicyName?: string;
  PolicyArn?: string;
  Path?: string;
  Description?: string;
  PolicyDocument?: string;
  Tags?: Tag[];
  Scope?: "All" | "AWS" | "Local";
  OnlyAttached?: boolean | string;
}

/** CreatePolicy, GetPolicy, ListPolicies, DeletePolicy. */
export function makeManagedPolicyOperations(state: IamState) {
  const { policies } = state.document;

  const create: Operation = async (input: PolicyInput, call) => {
    const name = checkName("policyName", input.PolicyName, 128);
    const path = checkPath(input.Path);
    const arn = `arn:aws:iam::${state.accountId}:policy${path}${name}`;
    await call.authorize(tagNeed("iam:CreatePolicy", arn, input.Tags));
    if (input.Tags?.length) await call.authorize(tagNeed("iam:TagPolicy", arn, input.Tags));
    if (Object.values(policies).some((policy) => policy.name === name)) {
      throw awsError(
        "EntityAlreadyExists",
        409,
        `A policy called ${name} already exists. Duplicate names are not allowed.`,
      );
    }
    const createdMs = state.nowMs();
    const document = await checkManagedDocument(input.PolicyDocument);
    const policy: ManagedPolicy = {
      name,
      id: makeUniqueId("ANPA"),
      path,
      arn,
      description: input.Description,
      createdMs,
      updatedMs: createdMs,
      tags: readTags(input.Tags),
      versions: [{ id: "v1", document, createdMs }],
      defaultVersionId: "v1",
      lastVersion: 1,
    };
    policies[arn] = policy;
    state.save();
    return { Policy: writePolicy(state, policy) };
  };

  const get: Operation = async (input: PolicyInput, call) => ({
    Policy: writePolicy(state, await authorizedPolicy(state, "GetPolicy", input, call)),
  });

  const remove: Operation = async (input: PolicyInput, call) => {
    const policy = await authorizedPolicy(state, "DeletePolicy", input, call);
    if (attachmentCount(state, policy.arn) > 0) {
      throw awsError("DeleteConflict", 409, "Cannot delete a policy attached to entities.");
    }
    if (policy.versions.length > 1) {
      throw awsError(
        "DeleteConflict",
        409,
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    delete policies[policy.arn];
    state.save();
    return {};
  };

  const list: Operation = async (input: PolicyInput, call) => {
    await call.authorize({ action: "iam:ListPolicies", resource: "*" });
    const own = input.Scope === "AWS" ? [] : Object.values(policies);
    const ofAws = input.Scope === "Local" ? [] : Object.values(awsManagedPolicies);
    const found = [...own, ...ofAws].filter(
      ({ arn, path }) =>
        path.startsWith(input.PathPrefix ?? "/") &&
        (String(input.OnlyAttached) !== "true" || attachmentCount(state, arn) > 0),
    );
    const { shown, rest } = cutPage(found, ({ name, arn }) => `${name} ${arn}`, input);
    // Listings leave tags and description out (API page ListPolicies).
    const written = shown.map((policy) => ({
      ...writePolicy(state, policy),
      Tags: undefined,
      Description: undefined,
    }));
    return { Policies: written, ...rest };
  };

  return { create, get, remove, list };
}

/** The managed policy that an input names, once the caller may do `action` to it. */
export async function authorizedPolicy(
  state: IamState,
  action: string,
  { PolicyArn }: { PolicyArn?: string },
  call: Call,
): Promise<ManagedPolicy> {
  const arn = checkPolicyArn(PolicyArn);
  await call.authorize({ action: `iam:${action}`, resource: arn });
  return requirePolicy(state, arn);
}

/**
 * The ARN of a managed policy, checked.
 * @throws ValidationError (400)
 */
export function checkPolicyArn(arn: string | undefined): string {
  if (arn && /^arn:aws:iam::(aws|\d{12}):policy\/[\w+=,.@/-]+$/.test(arn)) return arn;
  throw validationError(`ARN ${arn} is not valid; write arn:aws:iam::ACCOUNT:policy/NAME`);
}

/**
 * The managed policy of an ARN, the account's own or one of AWS's.
 * @throws NoSuchEntity (404)
 */
export function requirePolicy(state: IamState, arn: string): ManagedPolicy {
  const policy = entryOf(state.document.policies, arn) ?? entryOf(awsManagedPolicies, arn);
  if (policy) return policy;
  throw awsError("NoSuchEntity", 404, `Policy ${arn} does not exist or is not attachable.`);
}

/** The document in force of a managed policy. */
export function documentOfPolicy(state: IamState, arn: string): string {
  const policy = requirePolicy(state, arn);
  return requireVersion(policy, policy.defaultVersionId).document;
}

/**
 * A version of a managed policy by its id, such as `v1`.
 * @throws NoSuchEntity (404)
 */
export function requireVersion(policy: ManagedPolicy, versionId = "") {
  const version = policy.versions.find(({ id }) => id === versionId);
  if (version) return version;
  throw awsError(
    "NoSuchEntity",
    404,
    `Policy ${policy.arn} version ${versionId} does not exist or is not attachable.`,
  );
}

/**
 * Checks the document of a managed policy, its size included; answers its text.
 * @throws MalformedPolicyDocument (400), LimitExceeded (409)
 */
export async function checkManagedDocument(text: string | undefined): Promise<string> {
  const document = await checkPolicyDocument(text, "identity");
  checkQuota("PolicySize", 6144, policySize(document));
  return document;
}

function attachmentCount({ document }: IamState, arn: string): number {
  const identities = [...Object.values(document.roles), ...Object.values(document.users)];
  return identities.filter(({ attachedPolicyArns }) => attachedPolicyArns.includes(arn)).length;
}

const writePolicy = (state: IamState, policy: ManagedPolicy) => ({
  PolicyName: policy.name,
  PolicyId: policy.id,
  Arn: policy.arn,
  Path: policy.path,
  DefaultVersionId: policy.defaultVersionId,
  AttachmentCount: attachmentCount(state, policy.arn),
  PermissionsBoundaryUsageCount: 0,
  IsAttachable: true,
  Description: policy.description,
  CreateDate: new Date(policy.createdMs),
  UpdateDate: new Date(policy.updatedMs),
  Tags: Object.keys(policy.tags).length > 0 ? writeTags(policy.tags) : undefined,
});
