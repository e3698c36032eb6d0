import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { isAwsError } from "../core/errors";
import type { Call } from "../core/service";
import type { Bucket } from "./bucketStore";
import {
  type Checksum,
  checksumMember,
  checksumMembers,
  compositeChecksum,
  statedChecksum,
} from "./checksums";
import { checkWriteConditions, type WriteConditions } from "./conditions";
import type { S3Context } from "./context";
import { s3Error } from "./errors";
import { findUpload, type UploadInput } from "./multipartUpload";
import { encryptionMembers } from "./objectProperties";
import { type Payload, receivePayload } from "./payload";
import { writeNeeds } from "./putObject";
import type { Part, Upload } from "./uploadStore";
import { commitObject, visibleVersionId } from "./writeObject";

/** A part as CompleteMultipartUpload names it; checksums are `ChecksumCRC32` and the like. */
type NamedPart = { PartNumber?: number; ETag?: string } & Record<string, unknown>;

/** Input of CompleteMultipartUpload. */
export interface CompleteMultipartUploadInput extends UploadInput, WriteConditions {
  MultipartUpload?: { Parts?: NamedPart[] };
  MpuObjectSize?: number;
  ChecksumType?: string;
}

/** The least that a part other than the last may have, 5 MiB (S3 User Guide, "Multipart upload limits"). */
const MIN_PART_BYTES = 5 * 1024 ** 2;
/** The most that an object may have, 50 TB. */
const MAX_OBJECT_BYTES = 50 * 1024 ** 4;

/** CompleteMultipartUpload. */
export function makeCompleteUpload(s3: S3Context) {
  return async function CompleteMultipartUpload(input: CompleteMultipartUploadInput, call: Call) {
    const { bucket, upload } = findUpload(s3, input);
    const { key } = upload;
    const needs = writeNeeds(bucket, key, input, upload.object).filter(
      ({ action }) => action === "s3:PutObject",
    );
    await call.authorize(...needs);
    checkWriteConditions(input, key, bucket.objects.versionsOf(key)[0]);
    const parts = chooseParts(upload, input);
    if (input.ChecksumType !== undefined && input.ChecksumType !== upload.checksum?.type)
      throw s3Error(
        "InvalidRequest",
        {},
        `The upload was created with the checksum type ${upload.checksum?.type ?? "null"}, not ${input.ChecksumType}`,
      );

    const algorithm = upload.checksum?.type === "FULL_OBJECT" ? upload.checksum.algorithm : undefined;
    const integrity = { checksum: algorithm && { algorithm } };
    const received = await receivePayload(partsPayload(bucket, upload, parts), integrity, {
      folder: s3.buckets.incomingFolder,
      maxBytes: MAX_OBJECT_BYTES,
    });
    const checksum = checksumOf(upload, parts, received.checksumValue);
    const refuse = (error: Error) => {
      fs.rmSync(received.file, { force: true });
      throw error;
    };
    const stated = statedChecksum(input);
    if (stated && stated.value !== checksum?.value) refuse(s3Error("BadDigest"));
    if (bucket.uploads.find(upload.uploadId) !== upload)
      refuse(s3Error("NoSuchUpload", { UploadId: upload.uploadId }));

    const object = {
      ...upload.object,
      sizeBytes: received.sizeBytes,
      etag: multipartEtag(parts),
      checksum,
      parts: parts.map((part) => ({
        partNumber: part.partNumber,
        sizeBytes: part.sizeBytes,
        checksumValue: part.checksum?.value,
      })),
    };
    const reason = "CompleteMultipartUpload";
    try {
      const version = commitObject(s3, call, { bucket, key, received, object, conditions: input, reason });
      bucket.uploads.remove(upload);
      return {
        Location: `${s3.endpointUrl()}/${bucket.name}/${encodeURIComponent(key)}`,
        Bucket: bucket.name,
        Key: key,
        ETag: `"${object.etag}"`,
        VersionId: visibleVersionId(bucket, version),
        ...checksumMembers(checksum),
        ...encryptionMembers(object),
      };
    } catch (error) {
      // After 409 the parts are to be uploaded anew (CompleteMultipartUpload, "If-None-Match").
      if (isAwsError(error) && error.code === "ConditionalRequestConflict") bucket.uploads.remove(upload);
      throw error;
    }
  };
}

/** @throws MalformedXML, InvalidPartOrder, InvalidPart, EntityTooSmall or InvalidRequest */
function chooseParts(
  upload: Upload,
  { MultipartUpload, MpuObjectSize }: CompleteMultipartUploadInput,
): Part[] {
  const named = MultipartUpload?.Parts ?? [];
  if (named.length === 0) throw s3Error("MalformedXML");
  named.forEach(({ PartNumber = 0 }, index) => {
    const before = named[index - 1]?.PartNumber ?? 0;
    if (PartNumber <= before) throw s3Error("InvalidPartOrder", { UploadId: upload.uploadId });
  });
  const parts = named.map((one) => choosePart(upload, one));
  for (const part of parts.slice(0, -1)) {
    if (part.sizeBytes < MIN_PART_BYTES)
      throw s3Error("EntityTooSmall", {
        ETag: part.etag,
        PartNumber: part.partNumber,
        ProposedSize: part.sizeBytes,
        MinSizeAllowed: MIN_PART_BYTES,
      });
  }
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (MpuObjectSize !== undefined && MpuObjectSize !== sizeBytes)
    throw s3Error(
      "InvalidRequest",
      {},
      `The provided 'x-amz-mp-object-size' header value ${MpuObjectSize} does not match what was computed: ${sizeBytes}`,
    );
  return parts;
}

function choosePart({ uploadId, parts, checksum }: Upload, named: NamedPart): Part {
  const { PartNumber = 0, ETag = "" } = named;
  const part = parts.get(PartNumber);
  const invalid = s3Error("InvalidPart", { UploadId: uploadId, PartNumber, ETag });
  if (part?.etag !== ETag.replaceAll('"', "")) throw invalid;
  if (part.checksum) {
    const stated = named[checksumMember(part.checksum.algorithm)];
    if (stated !== undefined && stated !== part.checksum.value) throw invalid;
    if (stated === undefined && checksum?.type === "COMPOSITE") {
      const name = checksum.algorithm.toLowerCase();
      throw s3Error(
        "InvalidRequest",
        {},
        `The upload was created using a ${name} checksum. The complete request must include the checksum for each ` +
          `part. It was missing for part ${PartNumber} in the request.`,
      );
    }
  }
  return part;
}

function partsPayload(bucket: Bucket, upload: Upload, parts: Part[]): Payload {
  return {
    expectedBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    bytes: (async function* () {
      for (const part of parts) yield* fs.createReadStream(bucket.uploads.bytesOf(upload, part));
    })(),
  };
}

/** The MD5 of the parts' MD5s, and how many they are. */
function multipartEtag(parts: Part[]): string {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(Buffer.from(etag, "hex"));
  return `${md5.digest("hex")}-${parts.length}`;
}

function checksumOf(
  { checksum }: Upload,
  parts: Part[],
  fullValue: string | undefined,
): Checksum | undefined {
  if (!checksum) return undefined;
  const { algorithm, type } = checksum;
  const values = parts.map((part) => part.checksum?.value ?? "");
  return {
    algorithm,
    type,
    value: type === "COMPOSITE" ? compositeChecksum(algorithm, values) : (fullValue ?? ""),
  };
}
