import * as fs from "node:fs";
import { Readable } from "node:stream";
import type { Call } from "../core/service";
import { objectNeed } from "./access";
import type { Bucket } from "./bucketStore";
import { type Checksum, checksumMember, checksumMembers } from "./checksums";
import { checkReadConditions, type ReadConditions } from "./conditions";
import type { S3Context } from "./context";
import { s3Error } from "./errors";
import { findVersion } from "./findVersion";
import { useObjectKey } from "./objectKey";
import { lockMembers } from "./objectLock";
import type { ObjectVersion } from "./objectStore";
import { type ByteRange, parseRange, partRange } from "./ranges";
import { visibleVersionId } from "./writeObject";

/** Input of GetObject and HeadObject. */
export interface GetObjectInput extends ReadConditions {
  Bucket: string;
  Key: string;
  VersionId?: string;
  Range?: string;
  PartNumber?: number;
  ChecksumMode?: string;
  ResponseCacheControl?: string;
  ResponseContentDisposition?: string;
  ResponseContentEncoding?: string;
  ResponseContentLanguage?: string;
  ResponseContentType?: string;
  ResponseExpires?: string;
}

/** Input of GetObjectAttributes. */
export interface GetObjectAttributesInput {
  Bucket: string;
  Key: string;
  VersionId?: string;
  ObjectAttributes?: string[];
  MaxParts?: number;
  PartNumberMarker?: number;
}

const READ = { action: "GetObject", versionAction: "GetObjectVersion" };

/** GetObject, HeadObject and GetObjectAttributes. */
export function makeReadOperations(s3: S3Context) {
  const { buckets } = s3;
  async function find(input: GetObjectInput, call: Call) {
    const bucket = buckets.get(input.Bucket);
    const version = await findVersion(call, bucket, input, READ);
    checkReadConditions(input, version);
    const { object } = version;
    if (input.PartNumber !== undefined && input.Range !== undefined)
      throw s3Error("InvalidRequest", {}, "Cannot specify both Range header and partNumber query parameter");
    const range =
      input.PartNumber === undefined
        ? parseRange(input.Range, object.sizeBytes)
        : partRange(version, input.PartNumber);
    return { bucket, version, range, members: membersOf(bucket, version, range, input) };
  }

  return {
    async GetObject(input: GetObjectInput, call: Call) {
      const { bucket, version, range, members } = await find(input, call);
      await useObjectKey(s3, call, { bucket, key: input.Key }, version.object, "Decrypt");
      const { start, end } = range ?? { start: 0, end: version.object.sizeBytes };
      // Opened here and now: a deletion may take the name away, not the open file.
      const fd = fs.openSync(bucket.objects.bytesOf(version), "r");
      if (start === end) fs.closeSync(fd);
      const Body = start === end ? Readable.from([]) : fs.createReadStream("", { fd, start, end: end - 1 });
      return { ...members, Body };
    },
    async HeadObject(input: GetObjectInput, call: Call) {
      const { bucket, version, members } = await find(input, call);
      // Only the checksum of an object is under its key ("HeadObject", API reference).
      if (input.ChecksumMode === "ENABLED") {
        await useObjectKey(s3, call, { bucket, key: input.Key }, version.object, "Decrypt");
      }
      return members;
    },
    async GetObjectAttributes(input: GetObjectAttributesInput, call: Call) {
      const bucket = buckets.get(input.Bucket);
      const version = await findVersion(call, bucket, input, READ);
      const action = input.VersionId === undefined ? "GetObjectAttributes" : "GetObjectVersionAttributes";
      await call.authorize(objectNeed(bucket, input.Key, action));
      const { object } = version;
      const wants = (name: string) => input.ObjectAttributes?.includes(name);
      return {
        VersionId: visibleVersionId(bucket, version),
        LastModified: new Date(version.lastModifiedMs),
        ETag: wants("ETag") ? object.etag : undefined,
        Checksum: wants("Checksum") && object.checksum ? checksumMembers(object.checksum) : undefined,
        ObjectParts: wants("ObjectParts") ? partsOf(version, input) : undefined,
        StorageClass: wants("StorageClass") ? (object.properties.StorageClass ?? "STANDARD") : undefined,
        ObjectSize: wants("ObjectSize") ? object.sizeBytes : undefined,
      };
    },
  };
}

function membersOf(
  bucket: Bucket,
  version: ObjectVersion,
  range: ByteRange | undefined,
  input: GetObjectInput,
) {
  const { object } = version;
  const { sizeBytes, properties } = object;
  const overrides = {
    CacheControl: input.ResponseCacheControl ?? properties.CacheControl,
    ContentDisposition: input.ResponseContentDisposition ?? properties.ContentDisposition,
    ContentEncoding: input.ResponseContentEncoding ?? properties.ContentEncoding,
    ContentLanguage: input.ResponseContentLanguage ?? properties.ContentLanguage,
    ContentType: input.ResponseContentType ?? properties.ContentType,
    Expires: input.ResponseExpires ?? properties.Expires,
  };
  return {
    ...properties,
    ...overrides,
    AcceptRanges: "bytes",
    ContentLength: range ? range.end - range.start : sizeBytes,
    ContentRange: range && `bytes ${range.start}-${range.end - 1}/${sizeBytes}`,
    ETag: `"${object.etag}"`,
    LastModified: new Date(version.lastModifiedMs),
    Metadata: object.metadata,
    PartsCount: input.PartNumber === undefined ? undefined : object.parts?.length,
    TagCount: object.tags.length || undefined,
    VersionId: visibleVersionId(bucket, version),
    ...lockMembers(object.lock),
    // The checksum is the whole object's; clients would hold part of it against that.
    ...(input.ChecksumMode === "ENABLED" && !range && checksumMembers(object.checksum)),
  };
}

const MAX_PARTS = 1000;

function partsOf(
  { object }: ObjectVersion,
  { MaxParts = MAX_PARTS, PartNumberMarker = 0 }: GetObjectAttributesInput,
) {
  const { parts, checksum } = object;
  if (!parts) return undefined;
  const rest = parts.map((part, index) => ({ ...part, partNumber: index + 1 })).slice(PartNumberMarker);
  const shown = rest.slice(0, Math.min(MaxParts, MAX_PARTS));
  return {
    IsTruncated: rest.length > shown.length,
    MaxParts,
    NextPartNumberMarker: PartNumberMarker + shown.length,
    PartNumberMarker,
    PartsCount: parts.length,
    // S3 lists the parts only of objects whose parts have checksums.
    Parts: checksum?.type === "COMPOSITE" ? shown.map((part) => partMembers(part, checksum)) : undefined,
  };
}

const partMembers = (
  part: { partNumber: number; sizeBytes: number; checksumValue?: string },
  { algorithm }: Checksum,
) => ({ PartNumber: part.partNumber, Size: part.sizeBytes, [checksumMember(algorithm)]: part.checksumValue });
