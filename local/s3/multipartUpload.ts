import type { Call } from "../core/service";
import { objectNeed } from "./access";
import {
  type ChecksumAlgorithm,
  type ChecksumType,
  checksumAlgorithm,
  checksumMember,
  LINEAR_ALGORITHMS,
} from "./checksums";
import type { S3Context } from "./context";
import { type CopySourceInput, copyPayload, findCopySource } from "./copySource";
import { s3Error } from "./errors";
import { useObjectKey } from "./objectKey";
import { describeObject, encryptionMembers, type ObjectDescription } from "./objectProperties";
import { type Integrity, type Payload, receivePayload } from "./payload";
import { type Body, bodyPayload, integrityOf, writeNeeds } from "./putObject";
import { parseRange } from "./ranges";
import type { Part, Upload } from "./uploadStore";
import { visibleVersionId } from "./writeObject";

/** Input of CreateMultipartUpload. */
export interface CreateMultipartUploadInput extends ObjectDescription {
  Bucket: string;
  Key: string;
  ChecksumAlgorithm?: string;
  ChecksumType?: string;
}

/** The members that name an upload. */
export interface UploadInput {
  Bucket: string;
  Key: string;
  UploadId: string;
}

/** Input of UploadPart. */
export interface UploadPartInput extends UploadInput {
  PartNumber: number;
  Body?: Body;
  ContentMD5?: string;
  ChecksumAlgorithm?: string;
}

/** Input of UploadPartCopy. */
export interface UploadPartCopyInput extends UploadInput, CopySourceInput {
  PartNumber: number;
  CopySourceRange?: string;
}

/** Parts are numbered 1 to 10,000 (S3 User Guide, "Multipart upload limits"). */
const MAX_PART_NUMBER = 10_000;

/** @throws NoSuchUpload unless the key has this upload */
export function findUpload({ buckets }: S3Context, { Bucket, Key, UploadId }: UploadInput) {
  const bucket = buckets.get(Bucket);
  const upload = bucket.uploads.find(UploadId);
  if (upload?.key !== Key) throw s3Error("NoSuchUpload", { UploadId });
  return { bucket, upload };
}

/** The checksum that an upload promises, with the type that each algorithm has unless told otherwise. */
function uploadChecksum({ ChecksumAlgorithm, ChecksumType }: CreateMultipartUploadInput) {
  if (ChecksumAlgorithm === undefined) {
    if (ChecksumType === undefined) return undefined;
    throw s3Error("InvalidRequest", {}, "The x-amz-checksum-type header needs an x-amz-checksum-algorithm");
  }
  const algorithm = checksumAlgorithm(ChecksumAlgorithm);
  const type = ChecksumType ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  if (type !== "COMPOSITE" && type !== "FULL_OBJECT")
    throw s3Error("InvalidRequest", {}, `Value for x-amz-checksum-type header is invalid: ${type}`);
  if (type === "FULL_OBJECT" && !LINEAR_ALGORITHMS.has(algorithm))
    throw s3Error(
      "InvalidRequest",
      {},
      `The FULL_OBJECT checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return { algorithm, type: type as ChecksumType };
}

/** CreateMultipartUpload, UploadPart, UploadPartCopy and AbortMultipartUpload. */
export function makeMultipartUpload(s3: S3Context) {
  async function keepPart(
    input: UploadInput & { PartNumber: number },
    payload: Payload,
    integrity: Integrity,
  ): Promise<Part> {
    const { PartNumber: partNumber } = input;
    if (!(partNumber >= 1 && partNumber <= MAX_PART_NUMBER))
      throw s3Error(
        "InvalidArgument",
        { ArgumentName: "partNumber", ArgumentValue: partNumber },
        `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
      );
    return receivePayload(payload, integrity, { folder: s3.buckets.incomingFolder }, (received) => {
      // The upload may have been ended while the bytes came in.
      const { bucket, upload } = findUpload(s3, input);
      const part: Part = {
        partNumber,
        sizeBytes: received.sizeBytes,
        etag: received.md5Hex,
        lastModifiedMs: s3.clock.nowMs(),
        checksum:
          integrity.checksum && received.checksumValue !== undefined
            ? { algorithm: integrity.checksum.algorithm, value: received.checksumValue }
            : undefined,
      };
      bucket.uploads.addPart(upload, part, received.file);
      return part;
    });
  }

  return {
    async CreateMultipartUpload(input: CreateMultipartUploadInput, call: Call) {
      const bucket = s3.buckets.get(input.Bucket);
      const object = describeObject(input, bucket, s3.clock.nowMs());
      await call.authorize(...writeNeeds(bucket, input.Key, input, object));
      await useObjectKey(s3, call, { bucket, key: input.Key }, object, "GenerateDataKey");
      const checksum = uploadChecksum(input);
      const record = { key: input.Key, initiatedMs: s3.clock.nowMs(), checksum, object };
      const { uploadId } = bucket.uploads.start(record);
      return {
        Bucket: bucket.name,
        Key: input.Key,
        UploadId: uploadId,
        ChecksumAlgorithm: checksum?.algorithm,
        ChecksumType: checksum?.type,
        ...encryptionMembers(object),
      };
    },
    async UploadPart(input: UploadPartInput, call: Call) {
      const { bucket, upload } = findUpload(s3, input);
      await call.authorize(objectNeed(bucket, input.Key, "PutObject"));
      await useObjectKey(s3, call, { bucket, key: input.Key }, upload.object, "GenerateDataKey", "Decrypt");
      const payload = bodyPayload(input.Body);
      const integrity = integrityOf(input, payload);
      requireAlgorithm(upload, integrity.checksum?.algorithm);
      const part = await keepPart(input, payload, integrity);
      return { ...partMembers(part), ...encryptionMembers(upload.object) };
    },
    async UploadPartCopy(input: UploadPartCopyInput, call: Call) {
      const { bucket, upload } = findUpload(s3, input);
      await call.authorize(objectNeed(bucket, input.Key, "PutObject"));
      const { bucket: sourceBucket, source } = await findCopySource(s3, input, call);
      await useObjectKey(s3, call, { bucket: sourceBucket, key: source.key }, source.object, "Decrypt");
      await useObjectKey(s3, call, { bucket, key: input.Key }, upload.object, "GenerateDataKey", "Decrypt");
      const range = parseRange(input.CopySourceRange, source.object.sizeBytes);
      const algorithm = upload.checksum?.algorithm;
      const payload = copyPayload(sourceBucket, source, range);
      const part = await keepPart(input, payload, { checksum: algorithm && { algorithm } });
      return {
        CopyPartResult: { ...partMembers(part), LastModified: new Date(part.lastModifiedMs) },
        CopySourceVersionId: visibleVersionId(sourceBucket, source),
        ...encryptionMembers(upload.object),
      };
    },
    async AbortMultipartUpload(input: UploadInput, call: Call) {
      const { bucket, upload } = findUpload(s3, input);
      await call.authorize(objectNeed(bucket, input.Key, "AbortMultipartUpload"));
      bucket.uploads.remove(upload);
      return {};
    },
  };
}

/** The composite checksum of an upload needs the same algorithm for each part. */
function requireAlgorithm({ checksum }: Upload, algorithm: ChecksumAlgorithm | undefined): void {
  if (checksum?.type !== "COMPOSITE" || checksum.algorithm === algorithm) return;
  throw s3Error(
    "InvalidRequest",
    {},
    `Checksum Type mismatch occurred, expected checksum Type: ${checksum.algorithm.toLowerCase()}, actual checksum ` +
      `Type: ${algorithm?.toLowerCase() ?? "null"}`,
  );
}

/** A part's ETag and checksum, as answers tell them. */
const partMembers = ({ etag, checksum }: Part): Record<string, string> => ({
  ETag: `"${etag}"`,
  ...(checksum && { [checksumMember(checksum.algorithm)]: checksum.value }),
});
