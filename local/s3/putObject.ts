import type { Call, Need } from "../core/service";
import { type Context, objectNeed, requestTagContext } from "./access";
import type { Bucket } from "./bucketStore";
import { checksumAlgorithm, checksumMembers, statedChecksum } from "./checksums";
import { checkWriteConditions, type WriteConditions } from "./conditions";
import type { S3Context } from "./context";
import { s3Error } from "./errors";
import { useObjectKey } from "./objectKey";
import { describeObject, encryptionMembers, type ObjectDescription } from "./objectProperties";
import type { StoredObject } from "./objectStore";
import { type Integrity, type Payload, payloadOf } from "./payload";
import { receiveObject, visibleVersionId } from "./writeObject";

/** Bytes of an upload: a request's payload, or what a caller in this process has in memory. */
export type Body = Payload | Uint8Array | string;

/** Input of PutObject. */
export interface PutObjectInput extends ObjectDescription, WriteConditions {
  Bucket: string;
  Key: string;
  Body?: Body;
  ContentMD5?: string;
  ChecksumAlgorithm?: string;
}

/** The payload of an upload's body. */
export const bodyPayload = (body: Body = ""): Payload =>
  typeof body === "object" && "bytes" in body ? body : payloadOf(body as Uint8Array | string);

/** The permissions for writing an object with these tags and this lock, each with the condition keys that it has. */
export function writeNeeds(
  bucket: Bucket,
  key: string,
  input: ObjectDescription & WriteConditions & { CopySource?: string; MetadataDirective?: string },
  { tags }: Pick<StoredObject, "tags">,
): Need[] {
  const tagKeys = requestTagContext(tags);
  const until = input.ObjectLockRetainUntilDate;
  const retention = stated({
    "s3:object-lock-mode": input.ObjectLockMode,
    "s3:object-lock-retain-until-date": until && new Date(until).toISOString(),
  });
  const legalHold = stated({ "s3:object-lock-legal-hold": input.ObjectLockLegalHoldStatus });
  const write = stated({
    "s3:if-match": input.IfMatch,
    "s3:if-none-match": input.IfNoneMatch,
    "s3:x-amz-acl": input.ACL,
    "s3:x-amz-copy-source": input.CopySource,
    "s3:x-amz-metadata-directive": input.MetadataDirective,
    "s3:x-amz-server-side-encryption": input.ServerSideEncryption,
    "s3:x-amz-server-side-encryption-aws-kms-key-id": input.SSEKMSKeyId,
    "s3:x-amz-storage-class": input.StorageClass,
  });
  const need = (action: string, context: Context) => objectNeed(bucket, key, action, context);
  return [
    need("PutObject", { ...write, ...tagKeys, ...retention, ...legalHold }),
    ...(tags.length > 0 ? [need("PutObjectTagging", tagKeys)] : []),
    ...(Object.keys(retention).length > 0 ? [need("PutObjectRetention", retention)] : []),
    ...(Object.keys(legalHold).length > 0 ? [need("PutObjectLegalHold", legalHold)] : []),
  ];
}

/** The condition keys that have a value. */
const stated = (keys: Record<string, string | undefined>): Context =>
  Object.fromEntries(
    Object.entries(keys).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

/**
 * What an upload says about the integrity of its body.
 * @throws InvalidRequest when an algorithm is named and no checksum comes
 */
export function integrityOf(
  input: { ContentMD5?: string; ChecksumAlgorithm?: string },
  payload: Payload,
): Integrity {
  const stated = statedChecksum(input);
  const trailer = /^x-amz-checksum-(.+)$/.exec(payload.trailer?.name ?? "")?.[1];
  const announced = trailer && { algorithm: checksumAlgorithm(trailer) };
  const named = input.ChecksumAlgorithm && { algorithm: checksumAlgorithm(input.ChecksumAlgorithm) };
  const checksum = stated ?? (announced || named || undefined);
  if (named && checksum && checksum.algorithm !== named.algorithm)
    throw s3Error(
      "InvalidRequest",
      {},
      `Value for x-amz-sdk-checksum-algorithm header is invalid: it names ${named.algorithm} and the request has ${checksum.algorithm}`,
    );
  return { contentMd5: input.ContentMD5, checksum };
}

/** PutObject. */
export function makePutObject(s3: S3Context) {
  return async function PutObject(input: PutObjectInput, call: Call) {
    const bucket = s3.buckets.get(input.Bucket);
    const { Key: key } = input;
    const description = describeObject(input, bucket, s3.clock.nowMs());
    await call.authorize(...writeNeeds(bucket, key, input, description));
    checkWriteConditions(input, key, bucket.objects.versionsOf(key)[0]);
    await useObjectKey(s3, call, { bucket, key }, description, "GenerateDataKey");
    const payload = bodyPayload(input.Body);
    const integrity = integrityOf(input, payload);
    const isLocked = input.ObjectLockMode ?? input.ObjectLockLegalHoldStatus;
    if (isLocked && !integrity.contentMd5 && !integrity.checksum)
      throw s3Error(
        "InvalidRequest",
        {},
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
      );
    const write = { bucket, key, description, conditions: input, reason: "PutObject" };
    const { object, version } = await receiveObject(s3, call, payload, integrity, write);
    return {
      ETag: `"${object.etag}"`,
      VersionId: visibleVersionId(bucket, version),
      ...checksumMembers(object.checksum),
      ...encryptionMembers(object),
    };
  };
}
