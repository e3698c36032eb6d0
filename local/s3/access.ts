import { isAwsError } from "../core/errors";
import type { Call, Need } from "../core/service";
import type { Bucket } from "./bucketStore";
import { s3Error } from "./errors";
import type { Tag } from "./objectStore";

/** Condition keys and their values. */
export type Context = Record<string, string | string[]>;

// Loopback stands in for TLS: a policy that refuses what is not encrypted must pass here as it does on AWS.
const EVERY_REQUEST: Context = { "aws:SecureTransport": "true" };

const policyOf = (bucket: Bucket) => {
  const policy = bucket.record.value.settings.policy;
  return typeof policy === "string" ? (JSON.parse(policy) as object) : undefined;
};

/** The permission `s3:ACTION` on no bucket in particular, or on one that is not yet there. */
export const accountNeed = (action: string, resource = "*"): Need => ({
  action: `s3:${action}`,
  resource,
  context: EVERY_REQUEST,
});

/** The permission `s3:ACTION` on a bucket. */
export const bucketNeed = (bucket: Bucket, action: string, context: Context = {}): Need => ({
  action: `s3:${action}`,
  resource: `arn:aws:s3:::${bucket.name}`,
  context: { ...EVERY_REQUEST, ...context },
  resourcePolicy: policyOf(bucket),
});

/** The permission `s3:ACTION` on an object. */
export const objectNeed = (bucket: Bucket, key: string, action: string, context: Context = {}): Need => ({
  ...bucketNeed(bucket, action, context),
  resource: `arn:aws:s3:::${bucket.name}/${key}`,
});

/** Condition keys for tags that a request brings. */
export const requestTagContext = (tags: Tag[]): Context =>
  tags.length === 0
    ? {}
    : {
        "s3:RequestObjectTagKeys": tags.map(({ Key }) => Key),
        ...Object.fromEntries(tags.map(({ Key, Value }) => [`s3:RequestObjectTag/${Key}`, Value])),
      };

/** Condition keys for the tags that an object has. */
export const existingTagContext = (tags: Tag[] = []): Context =>
  Object.fromEntries(tags.map(({ Key, Value }) => [`s3:ExistingObjectTag/${Key}`, Value]));

/** Whether the caller may do this. */
export async function isAllowed(call: Call, ...needs: Need[]): Promise<boolean> {
  try {
    await call.authorize(...needs);
    return true;
  } catch (error) {
    if (isAwsError(error) && error.statusCode === 403) return false;
    throw error;
  }
}

/** The error for an absent key: only who may list the bucket is told that it is absent (GetObject, "Permissions"). */
export async function absentKeyError(call: Call, bucket: Bucket, key: string, detail: object = {}) {
  const mayList = await isAllowed(call, bucketNeed(bucket, "ListBucket"));
  return mayList ? s3Error("NoSuchKey", { Key: key, ...detail }) : s3Error("AccessDenied");
}
