import type { Call } from "../core/service";
import { bucketNeed } from "./access";
import type { Bucket } from "./bucketStore";
import { ownerOf, type S3Context } from "./context";
import { s3Error } from "./errors";
import { keyWriter, type ListingInput, listContext, MAX_ENTRIES, takePage } from "./listing";
import { contentOf } from "./listObjects";
import { isObject, type StoredVersion } from "./objectStore";
import { walkKeys } from "./sortedKeys";

/** Input of ListObjectVersions. */
export interface ListObjectVersionsInput extends ListingInput {
  MaxKeys?: number;
  KeyMarker?: string;
  VersionIdMarker?: string;
}

type Entry = { version: StoredVersion; isLatest: boolean } | { commonPrefix: string };

/** Every version of every key, newest first within a key, from behind the markers on. */
function* walkVersions(bucket: Bucket, input: ListObjectVersionsInput): Generator<Entry> {
  const { Prefix: prefix = "", Delimiter: delimiter = "", KeyMarker = "", VersionIdMarker } = input;
  const walk = { prefix, delimiter, after: KeyMarker, including: VersionIdMarker !== undefined };
  for (const entry of walkKeys(bucket.objects.keys, walk, () => true)) {
    if ("commonPrefix" in entry) {
      yield entry;
      continue;
    }
    const versions = bucket.objects.versionsOf(entry.key);
    const isMarker = entry.key === KeyMarker;
    // A marker whose version is gone meanwhile hides nothing: the key is listed from its newest version.
    const start = isMarker ? versions.findIndex(({ versionId }) => versionId === VersionIdMarker) + 1 : 0;
    for (const version of versions.slice(start)) yield { version, isLatest: version === versions[0] };
  }
}

/** ListObjectVersions. */
export function makeListObjectVersions({ buckets }: S3Context) {
  return async function ListObjectVersions(input: ListObjectVersionsInput, call: Call) {
    const bucket = buckets.get(input.Bucket);
    await call.authorize(bucketNeed(bucket, "ListBucketVersions", listContext(input)));
    if (input.VersionIdMarker !== undefined && !input.KeyMarker)
      throw s3Error("InvalidArgument", {}, "A version-id marker cannot be specified without a key marker.");
    const { MaxKeys = MAX_ENTRIES } = input;
    const write = keyWriter(input.EncodingType);
    const { shown, isTruncated } = takePage(walkVersions(bucket, input), Math.min(MaxKeys, MAX_ENTRIES));
    const versions = shown.flatMap((entry) => ("version" in entry ? [entry] : []));
    const owner = ownerOf(call.accountId);
    const last = isTruncated ? shown.at(-1) : undefined;
    const lastKey = last && ("version" in last ? last.version.key : last.commonPrefix);
    return {
      Name: bucket.name,
      Prefix: write(input.Prefix ?? ""),
      Delimiter: input.Delimiter === undefined ? undefined : write(input.Delimiter),
      KeyMarker: write(input.KeyMarker ?? ""),
      VersionIdMarker: input.VersionIdMarker ?? "",
      MaxKeys,
      EncodingType: input.EncodingType,
      IsTruncated: isTruncated,
      NextKeyMarker: lastKey === undefined ? undefined : write(lastKey),
      NextVersionIdMarker: last && "version" in last ? last.version.versionId : undefined,
      Versions: versions.flatMap(({ version, isLatest }) =>
        isObject(version)
          ? [{ ...contentOf(version, write, owner), VersionId: version.versionId, IsLatest: isLatest }]
          : [],
      ),
      DeleteMarkers: versions.flatMap(({ version, isLatest }) =>
        version.object
          ? []
          : [
              {
                Key: write(version.key),
                VersionId: version.versionId,
                IsLatest: isLatest,
                LastModified: new Date(version.lastModifiedMs),
                Owner: owner,
              },
            ],
      ),
      CommonPrefixes: shown.flatMap((entry) =>
        "commonPrefix" in entry ? [{ Prefix: write(entry.commonPrefix) }] : [],
      ),
    };
  };
}
