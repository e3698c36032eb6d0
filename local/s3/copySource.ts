import * as fs from "node:fs";
import type { Call } from "../core/service";
import { objectNeed } from "./access";
import type { Bucket } from "./bucketStore";
import { checkCopyConditions } from "./conditions";
import type { S3Context } from "./context";
import { s3Error } from "./errors";
import { findVersion } from "./findVersion";
import type { ObjectVersion } from "./objectStore";
import type { Payload } from "./payload";
import type { ByteRange } from "./ranges";

/** The members of CopyObject and UploadPartCopy that name what is copied. */
export interface CopySourceInput {
  /** `bucket/key`, percent-encoded, perhaps with a slash before it and `?versionId=ID` behind. */
  CopySource: string;
  CopySourceIfMatch?: string;
  CopySourceIfNoneMatch?: string;
  CopySourceIfModifiedSince?: Date;
  CopySourceIfUnmodifiedSince?: Date;
}

/**
 * Finds what is to be copied, which the caller must be allowed to read.
 * @throws InvalidArgument, PreconditionFailed, and the errors of reading
 */
export async function findCopySource({ buckets }: S3Context, input: CopySourceInput, call: Call) {
  const [, name, encodedKey, VersionId] =
    /^\/?([^/?]+)\/([^?]+)(?:\?versionId=(.+))?$/.exec(input.CopySource) ?? [];
  if (name === undefined || encodedKey === undefined)
    throw s3Error(
      "InvalidArgument",
      { ArgumentName: "x-amz-copy-source", ArgumentValue: input.CopySource },
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    );
  const bucket = buckets.get(name);
  // Like the query of a URL, and unlike its path, this header may write a space as a plus.
  const Key = decodeURIComponent(encodedKey.replaceAll("+", " "));
  const actions = { action: "GetObject", versionAction: "GetObjectVersion" };
  const source = await findVersion(call, bucket, { Key, VersionId }, actions);
  checkCopyConditions(
    {
      IfMatch: input.CopySourceIfMatch,
      IfNoneMatch: input.CopySourceIfNoneMatch,
      IfModifiedSince: input.CopySourceIfModifiedSince,
      IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    },
    source,
  );
  if (source.object.tags.length > 0) {
    const action = VersionId === undefined ? "GetObjectTagging" : "GetObjectVersionTagging";
    await call.authorize(objectNeed(bucket, Key, action));
  }
  return { bucket, source };
}

/** The bytes of an object, or a range of them, as a payload. */
export function copyPayload(bucket: Bucket, source: ObjectVersion, range?: ByteRange): Payload {
  const { start, end } = range ?? { start: 0, end: source.object.sizeBytes };
  if (start === end) return { expectedBytes: 0, bytes: (async function* () {})() };
  const fd = fs.openSync(bucket.objects.bytesOf(source), "r");
  return { expectedBytes: end - start, bytes: fs.createReadStream("", { fd, start, end: end - 1 }) };
}
