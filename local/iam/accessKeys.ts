import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Call, Operation } from "../core/service";
import { makeKeyPair } from "./identifiers";
import { arnOfIdentity, type IdentityInput, identityOf, requireIdentity } from "./identities";
import { checkQuota, cutPage, type PageInput, validationError } from "./inputs";
import type { AccessKey, IamState, Identity } from "./state";

type AccessKeyInput = IdentityInput & PageInput & { AccessKeyId?: string; Status?: string };

/** CreateAccessKey, UpdateAccessKey, DeleteAccessKey, ListAccessKeys; without a UserName, of the user who asks. */
export function makeAccessKeyOperations(state: IamState) {
  const { accessKeys } = state.document;
  const keysOf = (user: Identity) =>
    Object.values(accessKeys).filter(({ userName }) => userName === user.name);

  async function authorized(action: string, input: AccessKeyInput, call: Call): Promise<Identity> {
    const named = { UserName: input.UserName ?? identityOf(state, call.caller)?.name };
    await call.authorize({ action: `iam:${action}`, resource: arnOfIdentity(state, "User", named) });
    return requireIdentity(state, "User", named);
  }

  function requireKey(user: Identity, accessKeyId = ""): AccessKey {
    const key = entryOf(accessKeys, accessKeyId);
    if (key?.userName === user.name) return key;
    throw awsError("NoSuchEntity", 404, `The Access Key with id ${accessKeyId} cannot be found.`);
  }

  const create: Operation = async (input: AccessKeyInput, call) => {
    const user = await authorized("CreateAccessKey", input, call);
    checkQuota("AccessKeysPerUser", 2, keysOf(user).length + 1);
    const key: AccessKey = {
      ...makeKeyPair("AKIA"),
      userName: user.name,
      active: true,
      createdMs: state.nowMs(),
    };
    accessKeys[key.accessKeyId] = key;
    state.save();
    return { AccessKey: { ...writeKey(key), SecretAccessKey: key.secretAccessKey } };
  };

  const update: Operation = async (input: AccessKeyInput, call) => {
    const key = requireKey(await authorized("UpdateAccessKey", input, call), input.AccessKeyId);
    if (input.Status !== "Active" && input.Status !== "Inactive") {
      throw validationError(
        `Value '${input.Status}' at 'status' failed to satisfy constraint: write Active or Inactive`,
      );
    }
    key.active = input.Status === "Active";
    state.save();
    return {};
  };

  const remove: Operation = async (input: AccessKeyInput, call) => {
    const key = requireKey(await authorized("DeleteAccessKey", input, call), input.AccessKeyId);
    delete accessKeys[key.accessKeyId];
    state.save();
    return {};
  };

  const list: Operation = async (input: AccessKeyInput, call) => {
    const user = await authorized("ListAccessKeys", input, call);
    const { shown, rest } = cutPage(keysOf(user).map(writeKey), ({ AccessKeyId }) => AccessKeyId, input);
    return { AccessKeyMetadata: shown, ...rest };
  };

  return { create, update, remove, list };
}

const writeKey = (key: AccessKey) => ({
  UserName: key.userName,
  AccessKeyId: key.accessKeyId,
  Status: key.active ? "Active" : "Inactive",
  CreateDate: new Date(key.createdMs),
});
