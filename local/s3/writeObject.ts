import { randomBytes } from "node:crypto";
import type { Call } from "../core/service";
import type { Bucket } from "./bucketStore";
import type { Checksum, ChecksumAlgorithm } from "./checksums";
import { checkWriteConditions, type WriteConditions } from "./conditions";
import type { S3Context } from "./context";
import { s3Error } from "./errors";
import { publishObjectEvent } from "./events";
import type { StoredObject, StoredVersion } from "./objectStore";
import { type Integrity, type Payload, receivePayload } from "./payload";

/** The version id that a write to a bucket gets: a new one where versioning is enabled, else `null`. */
export function newVersionId(bucket: Bucket): string {
  const versioning = bucket.record.value.settings.versioning as { Status?: string } | undefined;
  return versioning?.Status === "Enabled" ? randomBytes(24).toString("base64url") : "null";
}

/** A version's id as answers tell it: not at all in a bucket that never had versioning. */
export const visibleVersionId = (bucket: Bucket, { versionId }: StoredVersion): string | undefined =>
  bucket.record.value.settings.versioning === undefined ? undefined : versionId;

/**
 * Makes a received payload the newest version of its key. Conditions that held when the request came and no longer do
 * have met another writer.
 * @throws ConditionalRequestConflict, or NoSuchBucket when the bucket was deleted while the bytes came in
 */
export function commitObject(
  s3: S3Context,
  call: Call,
  write: {
    bucket: Bucket;
    key: string;
    file: string;
    object: StoredObject;
    conditions: WriteConditions;
    reason: string;
  },
): StoredVersion {
  const { bucket, key, file, object, conditions, reason } = write;
  if (s3.buckets.get(bucket.name) !== bucket) throw s3Error("NoSuchBucket", { BucketName: bucket.name });
  try {
    checkWriteConditions(conditions, key, bucket.objects.versionsOf(key)[0]);
  } catch {
    throw s3Error("ConditionalRequestConflict", { Key: key });
  }
  const version = { key, versionId: newVersionId(bucket), lastModifiedMs: s3.clock.nowMs(), object };
  const stored = bucket.objects.add(version, file);
  publishObjectEvent(s3, call, bucket, stored, { detailType: "Object Created", reason });
  return stored;
}

/** Receives the bytes of one request as an object and makes it the newest version of its key. */
export function receiveObject(
  s3: S3Context,
  call: Call,
  payload: Payload,
  integrity: Integrity,
  {
    bucket,
    key,
    description,
    conditions,
    reason,
  }: {
    bucket: Bucket;
    key: string;
    /** All of the object that does not come with its bytes. */
    description: Omit<StoredObject, "sizeBytes" | "etag" | "checksum">;
    conditions: WriteConditions;
    reason: string;
  },
): Promise<{ object: StoredObject; version: StoredVersion }> {
  const folder = s3.buckets.incomingFolder;
  return receivePayload(payload, integrity, { folder }, ({ file, sizeBytes, md5Hex, checksumValue }) => {
    const checksum = fullChecksum(integrity, checksumValue);
    const object: StoredObject = { ...description, sizeBytes, etag: md5Hex, checksum };
    return { object, version: commitObject(s3, call, { bucket, key, file, object, conditions, reason }) };
  });
}

/** A checksum of an object's bytes as they are. */
const fullChecksum = (
  integrity: { checksum?: { algorithm: ChecksumAlgorithm } },
  value: string | undefined,
): Checksum | undefined =>
  integrity.checksum && value !== undefined
    ? { algorithm: integrity.checksum.algorithm, type: "FULL_OBJECT", value }
    : undefined;
