import type { Call } from "../core/service";
import { bucketNeed, objectNeed } from "./access";
import { checksumMember } from "./checksums";
import { ownerOf, type S3Context } from "./context";
import { keyWriter, type ListingInput, MAX_ENTRIES, takePage } from "./listing";
import { findUpload, type UploadInput } from "./multipartUpload";
import { compareKeys, walkKeys } from "./sortedKeys";
import type { Upload } from "./uploadStore";

/** Input of ListMultipartUploads. */
export interface ListMultipartUploadsInput extends ListingInput {
  KeyMarker?: string;
  UploadIdMarker?: string;
  MaxUploads?: number;
}

type Entry = { upload: Upload } | { commonPrefix: string };

/** Uploads by key, the oldest first within a key, from behind the markers on. */
function* walkUploads(uploads: Upload[], input: ListMultipartUploadsInput): Generator<Entry> {
  const { Prefix: prefix = "", Delimiter: delimiter = "", KeyMarker = "", UploadIdMarker } = input;
  const keys = [...new Set(uploads.map(({ key }) => key))].sort(compareKeys);
  const walk = { prefix, delimiter, after: KeyMarker, including: UploadIdMarker !== undefined };
  for (const entry of walkKeys(keys, walk, () => true)) {
    if ("commonPrefix" in entry) {
      yield entry;
      continue;
    }
    const ofKey = uploads
      .filter(({ key }) => key === entry.key)
      .sort((a, b) => a.initiatedMs - b.initiatedMs);
    const isMarker = entry.key === KeyMarker;
    const start = isMarker ? ofKey.findIndex(({ uploadId }) => uploadId === UploadIdMarker) + 1 : 0;
    for (const upload of ofKey.slice(start)) yield { upload };
  }
}

/** ListMultipartUploads and ListParts. */
export function makeListUploads(s3: S3Context) {
  return {
    async ListMultipartUploads(input: ListMultipartUploadsInput, call: Call) {
      const bucket = s3.buckets.get(input.Bucket);
      await call.authorize(bucketNeed(bucket, "ListBucketMultipartUploads"));
      const { MaxUploads = MAX_ENTRIES } = input;
      const write = keyWriter(input.EncodingType);
      const found = walkUploads(bucket.uploads.all(), input);
      const { shown, isTruncated } = takePage(found, Math.min(MaxUploads, MAX_ENTRIES));
      const last = isTruncated ? shown.at(-1) : undefined;
      const lastKey = last && ("upload" in last ? last.upload.key : last.commonPrefix);
      const owner = ownerOf(call.accountId);
      return {
        Bucket: bucket.name,
        Prefix: write(input.Prefix ?? ""),
        Delimiter: input.Delimiter === undefined ? undefined : write(input.Delimiter),
        KeyMarker: write(input.KeyMarker ?? ""),
        UploadIdMarker: input.UploadIdMarker ?? "",
        NextKeyMarker: lastKey === undefined ? undefined : write(lastKey),
        NextUploadIdMarker: last && "upload" in last ? last.upload.uploadId : undefined,
        MaxUploads,
        EncodingType: input.EncodingType,
        IsTruncated: isTruncated,
        Uploads: shown.flatMap((entry) =>
          "upload" in entry ? [{ ...uploadMembers(entry.upload, owner), Key: write(entry.upload.key) }] : [],
        ),
        CommonPrefixes: shown.flatMap((entry) =>
          "commonPrefix" in entry ? [{ Prefix: write(entry.commonPrefix) }] : [],
        ),
      };
    },
    async ListParts(input: UploadInput & { MaxParts?: number; PartNumberMarker?: number }, call: Call) {
      const { bucket, upload } = findUpload(s3, input);
      await call.authorize(objectNeed(bucket, input.Key, "ListMultipartUploadParts"));
      const { MaxParts = MAX_ENTRIES } = input;
      const PartNumberMarker = Number(input.PartNumberMarker ?? 0);
      const parts = [...upload.parts.values()]
        .filter(({ partNumber }) => partNumber > PartNumberMarker)
        .sort((a, b) => a.partNumber - b.partNumber);
      const { shown, isTruncated } = takePage(parts, Math.min(MaxParts, MAX_ENTRIES));
      const { Initiated: _, ...members } = uploadMembers(upload, ownerOf(call.accountId));
      return {
        ...members,
        Bucket: bucket.name,
        PartNumberMarker,
        NextPartNumberMarker: shown.at(-1)?.partNumber ?? 0,
        MaxParts,
        IsTruncated: isTruncated,
        Parts: shown.map((part) => ({
          PartNumber: part.partNumber,
          LastModified: new Date(part.lastModifiedMs),
          ETag: `"${part.etag}"`,
          Size: part.sizeBytes,
          ...(part.checksum && { [checksumMember(part.checksum.algorithm)]: part.checksum.value }),
        })),
      };
    },
  };
}

const uploadMembers = (upload: Upload, owner: object) => ({
  Key: upload.key,
  UploadId: upload.uploadId,
  Initiator: owner,
  Owner: owner,
  StorageClass: upload.object.properties.StorageClass ?? "STANDARD",
  Initiated: new Date(upload.initiatedMs),
  ChecksumAlgorithm: upload.checksum?.algorithm,
  ChecksumType: upload.checksum?.type,
});
