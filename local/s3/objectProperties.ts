import type { Bucket } from "./bucketStore";
import { s3Error } from "./errors";
import { type LockMembers, lockOf } from "./objectLock";
import type { StoredObject } from "./objectStore";
import { parseTagging } from "./tags";

/** The members of PutObject, CreateMultipartUpload and CopyObject that describe the object to be. */
export interface ObjectDescription extends LockMembers {
  ACL?: string;
  BucketKeyEnabled?: boolean;
  CacheControl?: string;
  ContentDisposition?: string;
  ContentEncoding?: string;
  ContentLanguage?: string;
  ContentType?: string;
  Expires?: Date | string;
  Metadata?: Record<string, string>;
  ServerSideEncryption?: string;
  SSEKMSKeyId?: string;
  StorageClass?: string;
  Tagging?: string;
}

/** Kept and answered, like the data of the object, exactly as they came. */
const PLAIN = [
  "CacheControl",
  "ContentDisposition",
  "ContentEncoding",
  "ContentLanguage",
  "ContentType",
  "Expires",
] as const;

const MAX_KEY_BYTES = 1024;
const MAX_METADATA_BYTES = 2048;
/** Classes whose objects can be read at once; the archival ones would have to be restored first. */
const STORAGE_CLASSES = [
  "STANDARD",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
  "REDUCED_REDUNDANCY",
];

interface EncryptionRule {
  ApplyServerSideEncryptionByDefault?: { SSEAlgorithm?: string; KMSMasterKeyID?: string };
  BucketKeyEnabled?: boolean;
}

/**
 * What a write says of its object, checked, with the bucket's defaults.
 * @throws KeyTooLongError, MetadataTooLarge, InvalidTag, InvalidStorageClass, AccessControlListNotSupported
 */
export function describeObject(
  input: ObjectDescription & { Key?: string },
  bucket: Bucket,
  nowMs: number,
): Pick<StoredObject, "properties" | "metadata" | "tags" | "lock"> {
  const { Key = "", Metadata = {}, StorageClass = "STANDARD", ACL } = input;
  const keyBytes = Buffer.byteLength(Key);
  if (keyBytes > MAX_KEY_BYTES)
    throw s3Error("KeyTooLongError", { Size: keyBytes, MaxSizeAllowed: MAX_KEY_BYTES });
  if (Buffer.byteLength(Object.entries(Metadata).flat().join("")) > MAX_METADATA_BYTES)
    throw s3Error("MetadataTooLarge", { MaxSizeAllowed: MAX_METADATA_BYTES });
  // ACLs are off, as they are in every new bucket; these two say nothing that would not hold anyway.
  if (ACL !== undefined && ACL !== "private" && ACL !== "bucket-owner-full-control")
    throw s3Error("AccessControlListNotSupported");
  if (!STORAGE_CLASSES.includes(StorageClass))
    throw s3Error(
      "InvalidStorageClass",
      { StorageClassRequested: StorageClass },
      `The local cloud keeps objects of the classes ${STORAGE_CLASSES.join(", ")}`,
    );
  const properties: StoredObject["properties"] = {
    ContentType: "binary/octet-stream",
    ...encryptionOf(input, bucket),
  };
  for (const name of PLAIN) if (input[name] !== undefined) properties[name] = String(input[name]);
  if (StorageClass !== "STANDARD") properties.StorageClass = StorageClass;
  return {
    properties,
    metadata: Metadata,
    tags: parseTagging(input.Tagging),
    lock: lockOf(input, bucket, nowMs),
  };
}

/** The encryption that an object is told to have. The bytes on this machine's disk are as they came. */
function encryptionOf(input: ObjectDescription, bucket: Bucket): StoredObject["properties"] {
  const rules = bucket.record.value.settings.encryption as { Rules?: EncryptionRule[] } | undefined;
  const { ApplyServerSideEncryptionByDefault: byDefault = {}, BucketKeyEnabled } = rules?.Rules?.[0] ?? {};
  const isDefault = input.ServerSideEncryption === undefined;
  const algorithm = input.ServerSideEncryption ?? byDefault.SSEAlgorithm ?? "AES256";
  if (algorithm !== "AES256" && algorithm !== "aws:kms")
    throw s3Error("InvalidArgument", {
      ArgumentName: "x-amz-server-side-encryption",
      ArgumentValue: algorithm,
    });
  const keyId = input.SSEKMSKeyId ?? (isDefault ? byDefault.KMSMasterKeyID : undefined);
  const bucketKey = input.BucketKeyEnabled ?? BucketKeyEnabled;
  if (algorithm === "AES256") return { ServerSideEncryption: algorithm };
  return {
    ServerSideEncryption: algorithm,
    ...(keyId && { SSEKMSKeyId: keyId }),
    ...(bucketKey && { BucketKeyEnabled: true }),
  };
}

/** The properties that a copy takes over with the data; encryption and storage class are the copy's own. */
export const dataProperties = ({ properties }: Pick<StoredObject, "properties">) =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => PLAIN.some((plain) => plain === name)));

const ENCRYPTION = ["ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"];

/** The members about encryption that every answer to a write repeats. */
export const encryptionMembers = ({ properties }: Pick<StoredObject, "properties">) =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => ENCRYPTION.includes(name)));
