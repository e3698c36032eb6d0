import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { isAwsError } from "../core/errors";
import type { Call } from "../core/service";
import type { Bucket } from "./bucketStore";
import { type Checksum, checksumMembers, compositeChecksum, statedChecksum } from "./checksums";
import { chooseParts, type NamedPart } from "./chooseParts";
import { checkWriteConditions, type WriteConditions } from "./conditions";
import type { S3Context } from "./context";
import { s3Error } from "./errors";
import { findUpload, type UploadInput } from "./multipartUpload";
import { useObjectKey } from "./objectKey";
import { encryptionMembers } from "./objectProperties";
import type { StoredObject } from "./objectStore";
import { type Integrity, type Payload, type ReceivedPayload, receivePayload } from "./payload";
import { writeNeeds } from "./putObject";
import type { Part, Upload } from "./uploadStore";
import { commitObject, visibleVersionId } from "./writeObject";

/** Input of CompleteMultipartUpload. */
export interface CompleteMultipartUploadInput extends UploadInput, WriteConditions {
  MultipartUpload?: { Parts?: NamedPart[] };
  MpuObjectSize?: number;
  ChecksumType?: string;
}

/** The most that an object may have, 50 TB. */
const MAX_OBJECT_BYTES = 50 * 1024 ** 4;

/** CompleteMultipartUpload. */
export function makeCompleteUpload(s3: S3Context) {
  return async function CompleteMultipartUpload(input: CompleteMultipartUploadInput, call: Call) {
    const { bucket, upload } = findUpload(s3, input);
    const { key } = upload;
    // Tags and locks were allowed, or not, when the upload was created.
    const needs = writeNeeds(bucket, key, input, { tags: [] });
    await call.authorize(...needs);
    checkWriteConditions(input, key, bucket.objects.versionsOf(key)[0]);
    await useObjectKey(s3, call, { bucket, key }, upload.object, "Decrypt");
    const parts = chooseParts(upload, input.MultipartUpload?.Parts ?? [], input.MpuObjectSize);
    const { composite, integrity } = await expectedChecksum(upload, parts, input);

    const settings = { folder: s3.buckets.incomingFolder, maxBytes: MAX_OBJECT_BYTES };
    const payload = partsPayload(bucket, upload, parts);
    const { object, version } = await receivePayload(payload, integrity, settings, (received) => {
      findUpload(s3, input);
      const object = objectOf(upload, parts, received, composite);
      const reason = "CompleteMultipartUpload";
      const write = { bucket, key, file: received.file, object, conditions: input, reason };
      return { object, version: commitOrGiveUp(bucket, upload, () => commitObject(s3, call, write)) };
    });
    return {
      Location: `${s3.endpointUrl()}/${bucket.name}/${encodeURIComponent(key)}`,
      Bucket: bucket.name,
      Key: key,
      ETag: `"${object.etag}"`,
      VersionId: visibleVersionId(bucket, version),
      ...checksumMembers(object.checksum),
      ...encryptionMembers(object),
    };
  };
}

/** Ends the upload with its object, or with 409: after that the parts are to be uploaded anew ("If-None-Match"). */
function commitOrGiveUp<T>(bucket: Bucket, upload: Upload, commit: () => T): T {
  try {
    const committed = commit();
    bucket.uploads.remove(upload);
    return committed;
  } catch (error) {
    if (isAwsError(error) && error.code === "ConditionalRequestConflict") bucket.uploads.remove(upload);
    throw error;
  }
}

/**
 * The checksum that the object is to have: a composite one follows from the parts, a full one from the bytes.
 * @throws BadDigest, or InvalidRequest when the completion speaks of another kind of checksum than the upload
 */
async function expectedChecksum(
  { checksum }: Upload,
  parts: Part[],
  input: CompleteMultipartUploadInput,
): Promise<{ composite?: Checksum; integrity: Integrity }> {
  const stated = statedChecksum(input);
  const isOther =
    (stated && stated.algorithm !== checksum?.algorithm) ||
    (input.ChecksumType !== undefined && input.ChecksumType !== checksum?.type);
  if (isOther)
    throw s3Error(
      "InvalidRequest",
      {},
      `The upload was created with the checksum ${checksum?.algorithm ?? "null"}, ${checksum?.type ?? "null"}; the ` +
        `completion has ${stated?.algorithm ?? "none"}, ${input.ChecksumType ?? "no type"}`,
    );
  if (!checksum) return { integrity: {} };
  const { algorithm, type } = checksum;
  if (type === "FULL_OBJECT") return { integrity: { checksum: { algorithm, value: stated?.value } } };
  const values = parts.map((part) => part.checksum?.value ?? "");
  const value = await compositeChecksum(algorithm, values);
  if (stated && stated.value !== value) throw s3Error("BadDigest");
  return { composite: { algorithm, type, value }, integrity: {} };
}

/** The bytes of the parts, one behind the other. */
function partsPayload(bucket: Bucket, upload: Upload, parts: Part[]): Payload {
  async function* join() {
    try {
      for (const part of parts) yield* fs.createReadStream(bucket.uploads.bytesOf(upload, part));
    } catch (error) {
      // Aborted, or completed by someone else, between two parts.
      const { uploadId } = upload;
      throw bucket.uploads.find(uploadId) ? error : s3Error("NoSuchUpload", { UploadId: uploadId });
    }
  }
  return { expectedBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0), bytes: join() };
}

function objectOf(
  { object, checksum }: Upload,
  parts: Part[],
  { sizeBytes, checksumValue }: ReceivedPayload,
  composite: Checksum | undefined,
): StoredObject {
  return {
    ...object,
    sizeBytes,
    etag: multipartEtag(parts),
    checksum: checksumValue === undefined || !checksum ? composite : { ...checksum, value: checksumValue },
    parts: parts.map((part) => ({
      partNumber: part.partNumber,
      sizeBytes: part.sizeBytes,
      checksumValue: part.checksum?.value,
    })),
  };
}

/** The MD5 of the parts' MD5s, and how many they are. */
function multipartEtag(parts: Part[]): string {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(Buffer.from(etag, "hex"));
  return `${md5.digest("hex")}-${parts.length}`;
}
