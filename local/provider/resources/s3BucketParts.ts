import type {
  LifecycleRule,
  S3,
  TransitionDefaultMinimumObjectSize,
  TransitionStorageClass,
} from "@aws-sdk/client-s3";
import type * as aws from "@pulumi/aws";
import {
  type Plain,
  type Properties,
  policyText,
  type ResourceType,
  type ResourceTypes,
} from "../resourceType";

/** How a part of a bucket's configuration is put, read as inputs, and taken away. */
interface BucketPart<Args> {
  put(s3: S3, Bucket: string, inputs: Plain<Args>): Promise<unknown>;
  /** Nothing, or S3's error, when the bucket has no such part. */
  get(s3: S3, Bucket: string): Promise<Properties | undefined>;
  remove(s3: S3, Bucket: string): Promise<unknown>;
}

/** A part of a bucket's configuration: put and taken away as a whole, and known by the bucket's name. */
function bucketPart<Args extends { bucket: unknown }>(
  inputs: ResourceType<Omit<Plain<Args>, "bucket">>["inputs"],
  { put, get, remove }: BucketPart<Args>,
): ResourceType<Plain<Args>> {
  return {
    inputs: { ...inputs, bucket: "replaces" } as ResourceType<Plain<Args>>["inputs"],
    deleteBeforeReplace: true,
    async create(given, { s3 }) {
      const { bucket } = given as { bucket: string };
      await put(s3, bucket, given);
      return bucket;
    },
    async read(bucket, _known, { s3 }) {
      const found = await get(s3, bucket);
      return found && { bucket, ...found };
    },
    update: (bucket, given, { s3 }) => put(s3, bucket, given),
    delete: (bucket, _known, { s3 }) => remove(s3, bucket),
  };
}

const publicAccessBlock = bucketPart<aws.s3.BucketPublicAccessBlockArgs>(
  {
    blockPublicAcls: "updates",
    blockPublicPolicy: "updates",
    ignorePublicAcls: "updates",
    restrictPublicBuckets: "updates",
  },
  {
    put: (s3, Bucket, inputs) =>
      s3.putPublicAccessBlock({
        Bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: inputs.blockPublicAcls,
          BlockPublicPolicy: inputs.blockPublicPolicy,
          IgnorePublicAcls: inputs.ignorePublicAcls,
          RestrictPublicBuckets: inputs.restrictPublicBuckets,
        },
      }),
    async get(s3, Bucket) {
      const { PublicAccessBlockConfiguration: block } = await s3.getPublicAccessBlock({ Bucket });
      return {
        blockPublicAcls: block?.BlockPublicAcls,
        blockPublicPolicy: block?.BlockPublicPolicy,
        ignorePublicAcls: block?.IgnorePublicAcls,
        restrictPublicBuckets: block?.RestrictPublicBuckets,
      };
    },
    remove: (s3, Bucket) => s3.deletePublicAccessBlock({ Bucket }),
  },
);

const ownershipControls = bucketPart<aws.s3.BucketOwnershipControlsArgs>(
  { rule: "updates" },
  {
    put: (s3, Bucket, { rule }) =>
      s3.putBucketOwnershipControls({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: rule.objectOwnership as "BucketOwnerEnforced" }] },
      }),
    async get(s3, Bucket) {
      const { OwnershipControls } = await s3.getBucketOwnershipControls({ Bucket });
      return { rule: { objectOwnership: OwnershipControls?.Rules?.[0]?.ObjectOwnership } };
    },
    remove: (s3, Bucket) => s3.deleteBucketOwnershipControls({ Bucket }),
  },
);

const versioning = bucketPart<aws.s3.BucketVersioningArgs>(
  { versioningConfiguration: "updates" },
  {
    put: (s3, Bucket, { versioningConfiguration }) =>
      s3.putBucketVersioning({
        Bucket,
        VersioningConfiguration: { Status: versioningConfiguration.status as "Enabled" | "Suspended" },
      }),
    async get(s3, Bucket) {
      const { Status } = await s3.getBucketVersioning({ Bucket });
      return Status && { versioningConfiguration: { status: Status } };
    },
    remove: (s3, Bucket) =>
      s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } }),
  },
);

const encryption = bucketPart<aws.s3.BucketServerSideEncryptionConfigurationArgs>(
  { rules: "updates" },
  {
    put: (s3, Bucket, { rules }) =>
      s3.putBucketEncryption({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: rules.map(({ applyServerSideEncryptionByDefault: byDefault, bucketKeyEnabled }) => ({
            ApplyServerSideEncryptionByDefault: byDefault && {
              SSEAlgorithm: byDefault.sseAlgorithm as "AES256" | "aws:kms",
              KMSMasterKeyID: byDefault.kmsMasterKeyId,
            },
            BucketKeyEnabled: bucketKeyEnabled,
          })),
        },
      }),
    get: async (s3, Bucket) => ((await s3.getBucketEncryption({ Bucket })) ? {} : undefined),
    remove: (s3, Bucket) => s3.deleteBucketEncryption({ Bucket }),
  },
);

type LifecycleInputs = Plain<aws.s3.BucketLifecycleConfigurationArgs>;

const lifecycle = bucketPart<aws.s3.BucketLifecycleConfigurationArgs>(
  { rules: "updates", transitionDefaultMinimumObjectSize: "updates" },
  {
    put: (s3, Bucket, { rules, transitionDefaultMinimumObjectSize }) =>
      s3.putBucketLifecycleConfiguration({
        Bucket,
        TransitionDefaultMinimumObjectSize:
          transitionDefaultMinimumObjectSize as TransitionDefaultMinimumObjectSize,
        LifecycleConfiguration: { Rules: (rules ?? []).map(lifecycleRule) },
      }),
    get: async (s3, Bucket) => ((await s3.getBucketLifecycleConfiguration({ Bucket })) ? {} : undefined),
    remove: (s3, Bucket) => s3.deleteBucketLifecycle({ Bucket }),
  },
);

function lifecycleRule(rule: NonNullable<LifecycleInputs["rules"]>[number]): LifecycleRule {
  const { expiration, noncurrentVersionExpiration: noncurrent, abortIncompleteMultipartUpload: abort } = rule;
  return {
    ID: rule.id,
    Status: rule.status as "Enabled" | "Disabled",
    Filter: { Prefix: rule.filter?.prefix ?? "" },
    AbortIncompleteMultipartUpload: abort && { DaysAfterInitiation: abort.daysAfterInitiation },
    Transitions: rule.transitions?.map(({ days, storageClass }) => ({
      Days: days,
      StorageClass: storageClass as TransitionStorageClass,
    })),
    Expiration: expiration && {
      Days: expiration.days,
      ExpiredObjectDeleteMarker: expiration.expiredObjectDeleteMarker,
    },
    NoncurrentVersionExpiration: noncurrent && {
      NoncurrentDays: noncurrent.noncurrentDays,
      NewerNoncurrentVersions: noncurrent.newerNoncurrentVersions,
    },
    NoncurrentVersionTransitions: rule.noncurrentVersionTransitions?.map((transition) => ({
      NoncurrentDays: transition.noncurrentDays,
      StorageClass: transition.storageClass as TransitionStorageClass,
    })),
  };
}

const policy = bucketPart<aws.s3.BucketPolicyArgs>(
  { policy: "updates" },
  {
    put: (s3, Bucket, inputs) => s3.putBucketPolicy({ Bucket, Policy: policyText(inputs.policy) }),
    get: async (s3, Bucket) => ({ policy: (await s3.getBucketPolicy({ Bucket })).Policy }),
    remove: (s3, Bucket) => s3.deleteBucketPolicy({ Bucket }),
  },
);

const logging = bucketPart<aws.s3.BucketLoggingArgs>(
  { targetBucket: "updates", targetPrefix: "updates" },
  {
    put: (s3, Bucket, { targetBucket, targetPrefix }) =>
      s3.putBucketLogging({
        Bucket,
        BucketLoggingStatus: { LoggingEnabled: { TargetBucket: targetBucket, TargetPrefix: targetPrefix } },
      }),
    async get(s3, Bucket) {
      const { LoggingEnabled: enabled } = await s3.getBucketLogging({ Bucket });
      return enabled && { targetBucket: enabled.TargetBucket, targetPrefix: enabled.TargetPrefix };
    },
    remove: (s3, Bucket) => s3.putBucketLogging({ Bucket, BucketLoggingStatus: {} }),
  },
);

/** Lock once enabled stays enabled: what is taken away is the rule for new objects. */
const objectLock = bucketPart<aws.s3.BucketObjectLockConfigurationArgs>(
  { rule: "updates" },
  {
    put: (s3, Bucket, { rule }) =>
      s3.putObjectLockConfiguration({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: "Enabled",
          Rule: rule && {
            DefaultRetention: {
              Mode: rule.defaultRetention.mode as "GOVERNANCE" | "COMPLIANCE",
              Days: rule.defaultRetention.days,
              Years: rule.defaultRetention.years,
            },
          },
        },
      }),
    async get(s3, Bucket) {
      const { ObjectLockConfiguration: lock } = await s3.getObjectLockConfiguration({ Bucket });
      const retention = lock?.Rule?.DefaultRetention;
      if (!retention) return undefined;
      const { Mode: mode, Days: days, Years: years } = retention;
      const lasts = { ...(days !== undefined && { days }), ...(years !== undefined && { years }) };
      return { rule: { defaultRetention: { mode, ...lasts } } };
    },
    remove: (s3, Bucket) =>
      s3.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } }),
  },
);

const notification = bucketPart<aws.s3.BucketNotificationArgs>(
  { eventbridge: "updates" },
  {
    put: (s3, Bucket, { eventbridge }) =>
      s3.putBucketNotificationConfiguration({
        Bucket,
        NotificationConfiguration: eventbridge ? { EventBridgeConfiguration: {} } : {},
      }),
    async get(s3, Bucket) {
      const { EventBridgeConfiguration } = await s3.getBucketNotificationConfiguration({ Bucket });
      return { eventbridge: EventBridgeConfiguration !== undefined };
    },
    remove: (s3, Bucket) => s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration: {} }),
  },
);

export const bucketPartResources: ResourceTypes = {
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": publicAccessBlock,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ownershipControls,
  "aws:s3/bucketVersioning:BucketVersioning": versioning,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
  "aws:s3/bucketPolicy:BucketPolicy": policy,
  "aws:s3/bucketLogging:BucketLogging": logging,
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": objectLock,
  "aws:s3/bucketNotification:BucketNotification": notification,
};
