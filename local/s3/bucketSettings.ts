import type { Call, Operations } from "../core/service";
import { bucketNeed } from "./access";
import type { Bucket } from "./bucketStore";
import { ownerOf, type S3Context } from "./context";
import { type S3ErrorCode, s3Error } from "./errors";
import { SETTING_CHECKS } from "./settingChecks";

/** One of a bucket's configurations: kept as it is put, answered as a fresh bucket does until then. */
interface Setting {
  /** The key of `settings`: the query parameter of the operations. */
  key: string;
  get: string;
  put?: string;
  remove?: string;
  /** The IAM actions; deleting needs the same as putting, but for a policy. */
  readAction: string;
  writeAction?: string;
  removeAction?: string;
  /** The member of the input that is kept. */
  member: string;
  /** Whether the answer holds that member, or the members inside it. */
  isWrapped: boolean;
  /** The answer of a bucket that has none: an error, or a structure. */
  absent: S3ErrorCode | object;
}

/** Encryption cannot be absent (S3 User Guide, "Default encryption"). */
const DEFAULT_ENCRYPTION = {
  Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false }],
};

const setting = (
  key: string,
  name: string,
  member: string,
  absent: S3ErrorCode | object,
  more: Partial<Setting> = {},
): Setting => ({
  key,
  get: `Get${name}`,
  readAction: `Get${name}`,
  writeAction: `Put${name}`,
  member,
  isWrapped: false,
  absent,
  ...more,
});

/** The configurations that can be put. The block of public access is kept, and has nobody to keep out: every request is signed. */
const SETTINGS: Setting[] = [
  setting("versioning", "BucketVersioning", "VersioningConfiguration", {}, { put: "PutBucketVersioning" }),
  setting("encryption", "BucketEncryption", "ServerSideEncryptionConfiguration", DEFAULT_ENCRYPTION, {
    put: "PutBucketEncryption",
    remove: "DeleteBucketEncryption",
    readAction: "GetEncryptionConfiguration",
    writeAction: "PutEncryptionConfiguration",
    isWrapped: true,
  }),
  setting(
    "lifecycle",
    "BucketLifecycleConfiguration",
    "LifecycleConfiguration",
    "NoSuchLifecycleConfiguration",
    {
      put: "PutBucketLifecycleConfiguration",
      remove: "DeleteBucketLifecycle",
      readAction: "GetLifecycleConfiguration",
      writeAction: "PutLifecycleConfiguration",
    },
  ),
  setting(
    "publicAccessBlock",
    "PublicAccessBlock",
    "PublicAccessBlockConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    {
      put: "PutPublicAccessBlock",
      remove: "DeletePublicAccessBlock",
      readAction: "GetBucketPublicAccessBlock",
      writeAction: "PutBucketPublicAccessBlock",
      isWrapped: true,
    },
  ),
  setting("policy", "BucketPolicy", "Policy", "NoSuchBucketPolicy", {
    put: "PutBucketPolicy",
    remove: "DeleteBucketPolicy",
    removeAction: "DeleteBucketPolicy",
    isWrapped: true,
  }),
  setting(
    "ownershipControls",
    "BucketOwnershipControls",
    "OwnershipControls",
    "OwnershipControlsNotFoundError",
    {
      put: "PutBucketOwnershipControls",
      remove: "DeleteBucketOwnershipControls",
      isWrapped: true,
    },
  ),
  setting("tagging", "BucketTagging", "Tagging", "NoSuchTagSet", {
    put: "PutBucketTagging",
    remove: "DeleteBucketTagging",
  }),
  setting("logging", "BucketLogging", "BucketLoggingStatus", {}, { put: "PutBucketLogging" }),
  setting(
    "object-lock",
    "ObjectLockConfiguration",
    "ObjectLockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    {
      put: "PutObjectLockConfiguration",
      readAction: "GetBucketObjectLockConfiguration",
      writeAction: "PutBucketObjectLockConfiguration",
      isWrapped: true,
    },
  ),
  setting(
    "notification",
    "BucketNotificationConfiguration",
    "NotificationConfiguration",
    {},
    {
      put: "PutBucketNotificationConfiguration",
      readAction: "GetBucketNotification",
      writeAction: "PutBucketNotification",
    },
  ),
  setting(
    "accelerate",
    "BucketAccelerateConfiguration",
    "",
    {},
    { readAction: "GetAccelerateConfiguration" },
  ),
  setting("requestPayment", "BucketRequestPayment", "", { Payer: "BucketOwner" }),
  setting("cors", "BucketCors", "", "NoSuchCORSConfiguration", { readAction: "GetBucketCORS" }),
  setting("website", "BucketWebsite", "", "NoSuchWebsiteConfiguration"),
  setting("replication", "BucketReplication", "", "ReplicationConfigurationNotFoundError", {
    readAction: "GetReplicationConfiguration",
  }),
];

type SettingInput = { Bucket: string } & Record<string, unknown>;

/** The operations that get, put and delete a bucket's configurations. */
export function makeBucketSettings({ buckets }: S3Context): Operations {
  const operations: Operations = {};
  for (const one of SETTINGS) {
    const { key, get, put, remove, member, absent } = one;
    const save = (bucket: Bucket, value: unknown) => {
      const { settings } = bucket.record.value;
      if (value === undefined) delete settings[key];
      else settings[key] = value;
      bucket.record.save();
      return {};
    };
    operations[get] = async (input: SettingInput, call: Call) => {
      const bucket = buckets.get(input.Bucket);
      await call.authorize(bucketNeed(bucket, one.readAction));
      const value = bucket.record.value.settings[key];
      if (value === undefined && typeof absent === "string")
        throw s3Error(absent, { BucketName: bucket.name });
      const answer = value ?? absent;
      return one.isWrapped ? { [member]: answer } : (answer as object);
    };
    if (put)
      operations[put] = async (input: SettingInput, call: Call) => {
        const bucket = buckets.get(input.Bucket);
        await call.authorize(bucketNeed(bucket, one.writeAction ?? put));
        const value = input[member];
        if (value === undefined) throw s3Error("MalformedXML");
        return save(bucket, SETTING_CHECKS[key]?.(value as never, bucket, input) ?? value);
      };
    if (remove)
      operations[remove] = async (input: SettingInput, call: Call) => {
        const bucket = buckets.get(input.Bucket);
        await call.authorize(bucketNeed(bucket, one.removeAction ?? one.writeAction ?? remove));
        return save(bucket, undefined);
      };
  }
  operations.GetBucketAcl = async (input: SettingInput, call: Call) => {
    await call.authorize(bucketNeed(buckets.get(input.Bucket), "GetBucketAcl"));
    const Owner = ownerOf(call.accountId);
    const Grantee = { "@xmlns:xsi": XSI, "@xsi:type": "CanonicalUser", ...Owner };
    return { Owner, Grants: [{ Grantee, Permission: "FULL_CONTROL" }] };
  };
  return operations;
}

const XSI = "http://www.w3.org/2001/XMLSchema-instance";
