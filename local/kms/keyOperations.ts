import type { CreateKeyRequest, ScheduleKeyDeletionRequest } from "@aws-sdk/client-kms";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { Call, CloudDeps, Operation } from "../core/service";
import { requestTagContext } from "../core/tagContext";
import { badMarker, checks, type PageInput, validation } from "./inputs";
import { checkKeyPolicy, defaultKeyPolicy, type RoleExists } from "./keyPolicy";
import { checkNotPending, type Key, type Keys } from "./keys";
import { tagsOf } from "./tagOperations";

const DAY_MS = 86_400_000;
const DEFAULT_WAITING_DAYS = 30;

/** Members of CreateKey that would make another kind of key. */
const UNSUPPORTED = ["CustomKeyStoreId", "XksKeyId"];

interface KeyInput {
  KeyId?: string;
}

/** The operations that make, describe, switch and remove keys. */
export function makeKeyOperations(deps: CloudDeps, keys: Keys, roleExists: RoleExists) {
  const { clock, accountId } = deps;

  const describe = (key: Key) => ({
    AWSAccountId: accountId,
    KeyId: key.id,
    Arn: keys.arnOf(key.id),
    CreationDate: new Date(key.createdMs),
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyUsage: "ENCRYPT_DECRYPT",
    KeyState: key.state,
    DeletionDate: key.deletionMs === undefined ? undefined : new Date(key.deletionMs),
    Origin: "AWS_KMS",
    KeyManager: key.manager,
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    KeySpec: "SYMMETRIC_DEFAULT",
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    MultiRegion: false,
  });

  const open = async (action: string, input: KeyInput, call: Call) => {
    const key = keys.find(input.KeyId);
    await call.authorize(keys.need(action, key, call));
    return key;
  };
  const openOwn = async (action: string, input: KeyInput, call: Call) => {
    const key = await open(action, input, call);
    if (key.manager === "AWS")
      throw validation(`${keys.arnOf(key.id)} is managed by AWS and cannot be changed`);
    return key;
  };
  const switchKey =
    (action: string, state: "Enabled" | "Disabled") => async (input: KeyInput, call: Call) => {
      const key = await openOwn(action, input, call);
      checkNotPending(key, keys.arnOf(key.id));
      key.state = state;
      keys.save();
      return undefined;
    };

  const operations = {
    async CreateKey(input: CreateKeyRequest, call) {
      const tags = tagsOf(input.Tags);
      await call.authorize({ action: "kms:CreateKey", resource: "*", context: requestTagContext(tags) });
      checks.unsupported(input, UNSUPPORTED);
      const isOther = (value: string | undefined, only: string) => value !== undefined && value !== only;
      if (
        isOther(input.KeySpec ?? input.CustomerMasterKeySpec, "SYMMETRIC_DEFAULT") ||
        isOther(input.KeyUsage, "ENCRYPT_DECRYPT") ||
        isOther(input.Origin, "AWS_KMS") ||
        input.MultiRegion
      ) {
        throw awsError(
          "UnsupportedOperationException",
          400,
          "Keys of the local cloud are symmetric, of one Region, with material that KMS made",
        );
      }
      const policy = input.Policy ?? defaultKeyPolicy(accountId);
      await checkKeyPolicy(policy, roleExists);
      const key = keys.add({ description: input.Description ?? "", manager: "CUSTOMER", policy, tags });
      return { KeyMetadata: describe(key) };
    },

    async DescribeKey(input: KeyInput, call) {
      return { KeyMetadata: describe(await open("DescribeKey", input, call)) };
    },

    async ListKeys(input: PageInput, call) {
      await call.authorize({ action: "kms:ListKeys", resource: "*" });
      const sorted = keys.all().sort(byKey(({ id }) => id));
      const limit = checks.range(input.Limit, "limit", 1, 1000) ?? 100;
      const listed = page(sorted, ({ id }) => id, { limit, token: input.Marker, badToken: badMarker });
      return {
        Keys: listed.items.map(({ id }) => ({ KeyId: id, KeyArn: keys.arnOf(id) })),
        NextMarker: listed.nextToken,
        Truncated: listed.nextToken !== undefined,
      };
    },

    EnableKey: switchKey("EnableKey", "Enabled"),
    DisableKey: switchKey("DisableKey", "Disabled"),

    async UpdateKeyDescription(input: KeyInput & { Description?: string }, call) {
      const key = await openOwn("UpdateKeyDescription", input, call);
      key.description = checks.required(input.Description ?? undefined, "description");
      keys.save();
      return undefined;
    },

    async ScheduleKeyDeletion(input: ScheduleKeyDeletionRequest, call) {
      const key = await openOwn("ScheduleKeyDeletion", input, call);
      checkNotPending(key, keys.arnOf(key.id));
      const days =
        checks.range(input.PendingWindowInDays, "pendingWindowInDays", 7, 30) ?? DEFAULT_WAITING_DAYS;
      key.state = "PendingDeletion";
      key.deletionMs = clock.nowMs() + days * DAY_MS;
      keys.save();
      return {
        KeyId: keys.arnOf(key.id),
        DeletionDate: new Date(key.deletionMs),
        KeyState: key.state,
        PendingWindowInDays: days,
      };
    },

    async CancelKeyDeletion(input: KeyInput, call) {
      const key = await openOwn("CancelKeyDeletion", input, call);
      const arn = keys.arnOf(key.id);
      if (key.state !== "PendingDeletion") {
        throw awsError("KMSInvalidStateException", 400, `${arn} is not pending deletion.`);
      }
      key.state = "Disabled";
      delete key.deletionMs;
      keys.save();
      return { KeyId: arn };
    },

    async GetKeyPolicy(input: KeyInput & { PolicyName?: string }, call) {
      checks.oneOf(input.PolicyName, "policyName", ["default"]);
      const { policy } = await open("GetKeyPolicy", input, call);
      return { Policy: policy, PolicyName: "default" };
    },

    async ListKeyPolicies(input: KeyInput, call) {
      await open("ListKeyPolicies", input, call);
      return { PolicyNames: ["default"], Truncated: false };
    },

    async PutKeyPolicy(
      input: KeyInput & { PolicyName?: string; Policy?: string; BypassPolicyLockoutSafetyCheck?: boolean },
      call,
    ) {
      checks.oneOf(input.PolicyName, "policyName", ["default"]);
      const key = await openOwn("PutKeyPolicy", input, call);
      const policy = checks.required(input.Policy, "policy");
      await checkKeyPolicy(policy, roleExists);
      if (!input.BypassPolicyLockoutSafetyCheck)
        await checkNoLockout(keys.need("PutKeyPolicy", { ...key, policy }, call), call);
      key.policy = policy;
      keys.save();
      return undefined;
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** KMS does not take a policy under which its author could not put the next one. */
async function checkNoLockout(need: Parameters<Call["authorize"]>[0], call: Call): Promise<void> {
  await call.authorize(need).catch(() => {
    throw awsError(
      "MalformedPolicyDocumentException",
      400,
      "The new key policy will not allow you to update the key policy in the future.",
    );
  });
}
