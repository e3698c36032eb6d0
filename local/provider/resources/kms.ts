import type { KMS } from "@aws-sdk/client-kms";
import type * as aws from "@pulumi/aws";
import { type Plain, policyText, type ResourceType, type ResourceTypes } from "../resourceType";

type KeyInputs = Plain<aws.kms.KeyArgs>;

const DEFAULT_ROTATION_DAYS = 365;

const tagsOf = (tags: Record<string, string> = {}) =>
  Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));

const key: ResourceType<KeyInputs> = {
  inputs: {
    description: "updates",
    policy: "updates",
    deletionWindowInDays: "updates",
    enableKeyRotation: "updates",
    rotationPeriodInDays: "updates",
    isEnabled: "updates",
    bypassPolicyLockoutSafetyCheck: "updates",
    keyUsage: "replaces",
    customerMasterKeySpec: "replaces",
    multiRegion: "replaces",
    tags: "updates",
  },
  async create(inputs, { kms }) {
    const { KeyMetadata } = await kms.createKey({
      Description: inputs.description,
      Policy: inputs.policy === undefined ? undefined : policyText(inputs.policy),
      BypassPolicyLockoutSafetyCheck: inputs.bypassPolicyLockoutSafetyCheck,
      KeyUsage: inputs.keyUsage as "ENCRYPT_DECRYPT" | undefined,
      KeySpec: inputs.customerMasterKeySpec as "SYMMETRIC_DEFAULT" | undefined,
      MultiRegion: inputs.multiRegion,
      Tags: tagsOf(inputs.tags),
    });
    return KeyMetadata?.KeyId ?? "";
  },
  async configure(KeyId, inputs, { kms }) {
    if (inputs.isEnabled === false) return kms.disableKey({ KeyId });
    await kms.enableKey({ KeyId });
    await setRotation(kms, KeyId, inputs);
  },
  async read(KeyId, known, { kms }) {
    const { KeyMetadata } = await kms.describeKey({ KeyId });
    // A key is not gone for days after it was deleted; to a program it is.
    if (!KeyMetadata || KeyMetadata.KeyState === "PendingDeletion") return undefined;
    const { Policy } = await kms.getKeyPolicy({ KeyId });
    const rotation = await kms.getKeyRotationStatus({ KeyId });
    return {
      arn: KeyMetadata.Arn,
      keyId: KeyId,
      description: KeyMetadata.Description || known.description,
      policy: Policy,
      isEnabled: KeyMetadata.Enabled,
      enableKeyRotation: rotation.KeyRotationEnabled,
      rotationPeriodInDays: rotation.RotationPeriodInDays,
      keyUsage: KeyMetadata.KeyUsage,
      customerMasterKeySpec: KeyMetadata.KeySpec,
      multiRegion: KeyMetadata.MultiRegion,
    };
  },
  async update(KeyId, inputs, { kms }, { changed }) {
    if (inputs.isEnabled !== false) await kms.enableKey({ KeyId });
    if (changed.includes("description")) {
      await kms.updateKeyDescription({ KeyId, Description: inputs.description ?? "" });
    }
    if (inputs.policy === undefined || !changed.includes("policy")) return;
    await kms.putKeyPolicy({
      KeyId,
      Policy: policyText(inputs.policy),
      BypassPolicyLockoutSafetyCheck: inputs.bypassPolicyLockoutSafetyCheck,
    });
  },
  async delete(KeyId, { deletionWindowInDays }, { kms }) {
    const { KeyMetadata } = await kms.describeKey({ KeyId });
    if (KeyMetadata?.KeyState === "PendingDeletion") return;
    await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: deletionWindowInDays });
  },
  tagging: {
    async list({ id }, { kms }) {
      const { Tags = [] } = await kms.listResourceTags({ KeyId: id });
      return Object.fromEntries(Tags.map(({ TagKey = "", TagValue = "" }) => [TagKey, TagValue]));
    },
    add: ({ id }, tags, { kms }) => kms.tagResource({ KeyId: id, Tags: tagsOf(tags) }),
    remove: ({ id }, TagKeys, { kms }) => kms.untagResource({ KeyId: id, TagKeys }),
  },
};

async function setRotation(kms: KMS, KeyId: string, inputs: KeyInputs): Promise<void> {
  const { KeyRotationEnabled, RotationPeriodInDays } = await kms.getKeyRotationStatus({ KeyId });
  const days = inputs.rotationPeriodInDays ?? DEFAULT_ROTATION_DAYS;
  if (!inputs.enableKeyRotation) {
    if (KeyRotationEnabled) await kms.disableKeyRotation({ KeyId });
  } else if (!KeyRotationEnabled || RotationPeriodInDays !== days) {
    await kms.enableKeyRotation({ KeyId, RotationPeriodInDays: days });
  }
}

const alias: ResourceType<Plain<aws.kms.AliasArgs>> = {
  inputs: { name: "replaces", targetKeyId: "updates" },
  async create({ name, targetKeyId: TargetKeyId }, { kms }) {
    await kms.createAlias({ AliasName: name, TargetKeyId });
    return name ?? "";
  },
  async read(AliasName, known, { kms }) {
    const { KeyMetadata } = await kms.describeKey({ KeyId: AliasName });
    const { KeyId, Arn = "" } = KeyMetadata ?? {};
    return {
      name: AliasName,
      arn: Arn.replace(/:key\/.*$/, `:${AliasName}`),
      // A program may name the key by id or ARN.
      targetKeyId: known.targetKeyId === Arn ? Arn : KeyId,
      targetKeyArn: Arn,
    };
  },
  update: (AliasName, { targetKeyId: TargetKeyId }, { kms }) => kms.updateAlias({ AliasName, TargetKeyId }),
  delete: (AliasName, _known, { kms }) => kms.deleteAlias({ AliasName }),
};

const keyPolicy: ResourceType<Plain<aws.kms.KeyPolicyArgs>> = {
  inputs: { keyId: "replaces", policy: "updates", bypassPolicyLockoutSafetyCheck: "updates" },
  deleteBeforeReplace: true,
  async create({ keyId }) {
    return keyId;
  },
  configure: (KeyId, { policy, bypassPolicyLockoutSafetyCheck }, { kms }) =>
    kms.putKeyPolicy({
      KeyId,
      Policy: policyText(policy),
      BypassPolicyLockoutSafetyCheck: bypassPolicyLockoutSafetyCheck,
    }),
  async read(KeyId, _known, { kms }) {
    return { keyId: KeyId, policy: (await kms.getKeyPolicy({ KeyId })).Policy };
  },
  /** A key is never without a policy: the account gets it back, as when a key is made without one. */
  async delete(KeyId, _known, { kms }) {
    const { KeyMetadata } = await kms.describeKey({ KeyId });
    const account = { AWS: `arn:aws:iam::${KeyMetadata?.AWSAccountId}:root` };
    const Statement = [{ Effect: "Allow", Principal: account, Action: "kms:*", Resource: "*" }];
    await kms.putKeyPolicy({ KeyId, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) });
  },
};

export const kmsResources: ResourceTypes = {
  "aws:kms/key:Key": key,
  "aws:kms/alias:Alias": alias,
  "aws:kms/keyPolicy:KeyPolicy": keyPolicy,
};
