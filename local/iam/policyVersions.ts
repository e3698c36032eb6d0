import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { cutPage, type PageInput } from "./inputs";
import { authorizedPolicy, checkManagedDocument, requireVersion } from "./managedPolicies";
import { encodePolicyDocument } from "./policyDocuments";
import type { IamState, ManagedPolicy } from "./state";

interface VersionInput extends PageInput {
  PolicyArn?: string;
  PolicyDocument?: string;
  VersionId?: string;
  SetAsDefault?: boolean | string;
}

/** CreatePolicyVersion, GetPolicyVersion, SetDefaultPolicyVersion, DeletePolicyVersion, ListPolicyVersions. */
export function makePolicyVersionOperations(state: IamState) {
  const create: Operation = async (input: VersionInput, call) => {
    const policy = await authorizedPolicy(state, "CreatePolicyVersion", input, call);
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

  const get: Operation = async (input: VersionInput, call) => {
    const policy = await authorizedPolicy(state, "GetPolicyVersion", input, call);
    return { PolicyVersion: writeVersion(policy, requireVersion(policy, input.VersionId)) };
  };

  const setDefault: Operation = async (input: VersionInput, call) => {
    const policy = await authorizedPolicy(state, "SetDefaultPolicyVersion", input, call);
    policy.defaultVersionId = requireVersion(policy, input.VersionId).id;
    policy.updatedMs = state.nowMs();
    state.save();
    return {};
  };

  const remove: Operation = async (input: VersionInput, call) => {
    const policy = await authorizedPolicy(state, "DeletePolicyVersion", input, call);
    const version = requireVersion(policy, input.VersionId);
    if (version.id === policy.defaultVersionId) {
      throw awsError("DeleteConflict", 409, "Cannot delete the default version of a policy.");
    }
    policy.versions = policy.versions.filter(({ id }) => id !== version.id);
    state.save();
    return {};
  };

  const list: Operation = async (input: VersionInput, call) => {
    const policy = await authorizedPolicy(state, "ListPolicyVersions", input, call);
    const { shown, rest } = cutPage(policy.versions, ({ id }) => id.slice(1).padStart(9, "0"), input);
    return {
      Versions: shown.map((version) => ({ ...writeVersion(policy, version), Document: undefined })),
      ...rest,
    };
  };

  return { create, get, setDefault, remove, list };
}

const writeVersion = (policy: ManagedPolicy, version: ManagedPolicy["versions"][number]) => ({
  Document: encodePolicyDocument(version.document),
  VersionId: version.id,
  IsDefaultVersion: version.id === policy.defaultVersionId,
  CreateDate: new Date(version.createdMs),
});
