import type { Call } from "../core/service";
import { checksumAlgorithm, checksumMembers } from "./checksums";
import { checkWriteConditions, type WriteConditions } from "./conditions";
import type { S3Context } from "./context";
import { type CopySourceInput, copyPayload, findCopySource } from "./copySource";
import { s3Error } from "./errors";
import { useObjectKey } from "./objectKey";
import {
  dataProperties,
  describeObject,
  encryptionMembers,
  type ObjectDescription,
} from "./objectProperties";
import { writeNeeds } from "./putObject";
import { receiveObject, visibleVersionId } from "./writeObject";

/** Input of CopyObject. */
export interface CopyObjectInput extends ObjectDescription, CopySourceInput, WriteConditions {
  Bucket: string;
  Key: string;
  ChecksumAlgorithm?: string;
  MetadataDirective?: "COPY" | "REPLACE";
  TaggingDirective?: "COPY" | "REPLACE";
}

/** CopyObject. */
export function makeCopyObject(s3: S3Context) {
  return async function CopyObject(input: CopyObjectInput, call: Call) {
    const bucket = s3.buckets.get(input.Bucket);
    const { Key: key } = input;
    const { bucket: sourceBucket, source } = await findCopySource(s3, input, call);
    const isSame = sourceBucket === bucket && source === bucket.objects.versionsOf(key)[0];
    const changes = input.StorageClass ?? input.ServerSideEncryption ?? input.TaggingDirective;
    if (isSame && input.MetadataDirective !== "REPLACE" && changes === undefined)
      throw s3Error(
        "InvalidRequest",
        {},
        "This copy request is illegal because it is trying to copy an object to itself without changing the " +
          "object's metadata, storage class, website redirect location or encryption attributes.",
      );

    const described = describeObject(input, bucket, s3.clock.nowMs());
    const description: typeof described = {
      ...described,
      ...(input.MetadataDirective !== "REPLACE" && {
        properties: { ...described.properties, ...dataProperties(source.object) },
        metadata: source.object.metadata,
      }),
      tags: input.TaggingDirective === "REPLACE" ? described.tags : source.object.tags,
    };
    await call.authorize(...writeNeeds(bucket, key, input, description));
    checkWriteConditions(input, key, bucket.objects.versionsOf(key)[0]);
    await useObjectKey(s3, call, { bucket: sourceBucket, key: source.key }, source.object, "Decrypt");
    await useObjectKey(s3, call, { bucket, key }, description, "GenerateDataKey");

    const algorithm = input.ChecksumAlgorithm
      ? checksumAlgorithm(input.ChecksumAlgorithm)
      : source.object.checksum?.algorithm;
    const integrity = { checksum: algorithm && { algorithm } };
    const payload = copyPayload(sourceBucket, source);
    const write = { bucket, key, description, conditions: input, reason: "CopyObject" };
    const { object, version } = await receiveObject(s3, call, payload, integrity, write);
    return {
      CopyObjectResult: {
        ETag: `"${object.etag}"`,
        LastModified: new Date(version.lastModifiedMs),
        ...checksumMembers(object.checksum),
      },
      VersionId: visibleVersionId(bucket, version),
      CopySourceVersionId: visibleVersionId(sourceBucket, source),
      ...encryptionMembers(object),
    };
  };
}
