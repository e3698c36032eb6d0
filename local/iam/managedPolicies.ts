import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { awsManagedPolicies } from "./awsManagedPolicies";
import { makeUniqueId } from "./identifiers";
import { checkName, checkPath, checkQuota, cutPage, lookUp, type PageInput } from "./inputs";
import { checkPolicyDocument, encodePolicyDocument, policySize } from "./policyDocuments";
import { byName } from "./roles";
import type { IamState, ManagedPolicy } from "./state";
import { readTags, type Tag, tagNeed, writeTags } from "./tags";

interface PolicyInput extends PageInput {
  PolicyName?: string;
  PolicyArn?: string;
  Path?: string;
  Description?: string;
  PolicyDocument?: string;
  Tags?: Tag[];
  VersionId?: string;
  SetAsDefault?: boolean | string;
  Scope?: "All" | "AWS" | "Local";
  OnlyAttached?: boolean | string;
}

/** CreatePolicy, GetPolicy, ListPolicies, DeletePolicy and the operations on their versions. */
export function makeManagedPolicyOperations(state: IamState) {
  const { policies } = state.document;
  const authorized = async (action: string, input: PolicyInput, call: Parameters<Operation>[1]) => {
    await call.authorize({ action: `iam:${action}`, resource: input.PolicyArn ?? "*" });
    return requirePolicy(state, input.PolicyArn ?? "");
  };

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
    Policy: writePolicy(state, await authorized("GetPolicy", input, call)),
  });

  const remove: Operation = async (input: PolicyInput, call) => {
    const policy = await authorized("DeletePolicy", input, call);
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
    const { page, rest } = cutPage(found.sort(byName), input);
    // Listings leave tags and description out (API page ListPolicies).
    const written = page.map((policy) => ({
      ...writePolicy(state, policy),
      Tags: undefined,
      Description: undefined,
    }));
    return { Policies: written, ...rest };
  };

  const createVersion: Operation = async (input: PolicyInput, call) => {
    const policy = await authorized("CreatePolicyVersion", input, call);
    const document = await checkManagedDocument(input.PolicyDocument);
    if (policy.versions.length >= 5) {
      throw awsError(
        "LimitExceeded",
        409,
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
      );
    }
    policy.lastVersion++;
    const version = { id: `v${policy.lastVersion}`, document, createdMs: state.nowMs() };
    policy.versions.push(version);
    policy.updatedMs = version.createdMs;
    if (String(input.SetAsDefault) === "true") policy.defaultVersionId = version.id;
    state.save();
    return { PolicyVersion: { ...writeVersion(policy, version), Document: undefined } };
  };

  const getVersion: Operation = async (input: PolicyInput, call) => {
    const policy = await authorized("GetPolicyVersion", input, call);
    return { PolicyVersion: writeVersion(policy, requireVersion(policy, input.VersionId)) };
  };

  const setDefaultVersion: Operation = async (input: PolicyInput, call) => {
    const policy = await authorized("SetDefaultPolicyVersion", input, call);
    policy.defaultVersionId = requireVersion(policy, input.VersionId).id;
    policy.updatedMs = state.nowMs();
    state.save();
    return {};
  };

  const removeVersion: Operation = async (input: PolicyInput, call) => {
    const policy = await authorized("DeletePolicyVersion", input, call);
    const version = requireVersion(policy, input.VersionId);
    if (version.id === policy.defaultVersionId) {
      throw awsError("DeleteConflict", 409, "Cannot delete the default version of a policy.");
    }
    policy.versions = policy.versions.filter(({ id }) => id !== version.id);
    state.save();
    return {};
  };

  const listVersions: Operation = async (input: PolicyInput, call) => {
    const policy = await authorized("ListPolicyVersions", input, call);
    const { page, rest } = cutPage([...policy.versions].reverse(), input);
    return {
      Versions: page.map((version) => ({ ...writeVersion(policy, version), Document: undefined })),
      ...rest,
    };
  };

  return {
    create,
    get,
    remove,
    list,
    createVersion,
    getVersion,
    setDefaultVersion,
    removeVersion,
    listVersions,
  };
}

/**
 * The managed policy of an ARN, the account's own or one of AWS's.
 * @throws NoSuchEntity (404)
 */
export function requirePolicy(state: IamState, arn: string): ManagedPolicy {
  const policy = lookUp(state.document.policies, arn) ?? lookUp(awsManagedPolicies, arn);
  if (policy) return policy;
  throw awsError("NoSuchEntity", 404, `Policy ${arn} does not exist or is not attachable.`);
}

/** The document in force of a managed policy. */
export function documentOfPolicy(state: IamState, arn: string): string {
  const policy = requirePolicy(state, arn);
  return requireVersion(policy, policy.defaultVersionId).document;
}

function requireVersion(policy: ManagedPolicy, versionId = "") {
  const version = policy.versions.find(({ id }) => id === versionId);
  if (version) return version;
  throw awsError(
    "NoSuchEntity",
    404,
    `Policy ${policy.arn} version ${versionId} does not exist or is not attachable.`,
  );
}

async function checkManagedDocument(text: string | undefined): Promise<string> {
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

const writeVersion = (policy: ManagedPolicy, version: ManagedPolicy["versions"][number]) => ({
  Document: encodePolicyDocument(version.document),
  VersionId: version.id,
  IsDefaultVersion: version.id === policy.defaultVersionId,
  CreateDate: new Date(version.createdMs),
});
