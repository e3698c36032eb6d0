import type { Call } from "../core/service";
import { bucketNeed } from "./access";
import { ownerOf, type S3Context } from "./context";
import { s3Error } from "./errors";
import { keyWriter, type ListingInput, listContext, MAX_ENTRIES, takePage } from "./listing";
import { isObject, type ObjectVersion } from "./objectStore";
import { walkKeys } from "./sortedKeys";

/** Input of ListObjectsV2. */
export interface ListObjectsV2Input extends ListingInput {
  MaxKeys?: number;
  ContinuationToken?: string;
  StartAfter?: string;
  FetchOwner?: boolean;
}

/** Input of ListObjects. */
export interface ListObjectsInput extends ListingInput {
  MaxKeys?: number;
  Marker?: string;
}

/** ListObjectsV2 and the older ListObjects. */
export function makeListObjects({ buckets }: S3Context) {
  async function list(
    input: ListingInput & { MaxKeys?: number },
    after: string,
    owner: object | undefined,
    call: Call,
  ) {
    const bucket = buckets.get(input.Bucket);
    await call.authorize(bucketNeed(bucket, "ListBucket", listContext(input)));
    const { Prefix: prefix = "", Delimiter: delimiter = "", MaxKeys = MAX_ENTRIES } = input;
    const write = keyWriter(input.EncodingType);
    const newest = (key: string) => bucket.objects.versionsOf(key)[0];
    const found = walkKeys(bucket.objects.keys, { prefix, delimiter, after }, (key) => isObject(newest(key)));
    const { shown, isTruncated } = takePage(found, Math.min(MaxKeys, MAX_ENTRIES));
    const objects = shown.flatMap((entry) => ("key" in entry ? newest(entry.key) : [])).filter(isObject);
    const last = shown.at(-1);
    return {
      next: isTruncated && last ? ("key" in last ? last.key : last.commonPrefix) : undefined,
      write,
      common: {
        Name: bucket.name,
        Prefix: write(prefix),
        Delimiter: input.Delimiter === undefined ? undefined : write(delimiter),
        MaxKeys,
        EncodingType: input.EncodingType,
        IsTruncated: isTruncated,
        Contents: objects.map((version) => contentOf(version, write, owner)),
        CommonPrefixes: shown.flatMap((entry) =>
          "commonPrefix" in entry ? [{ Prefix: write(entry.commonPrefix) }] : [],
        ),
      },
    };
  }

  return {
    async ListObjectsV2(input: ListObjectsV2Input, call: Call) {
      const { ContinuationToken, StartAfter = "", FetchOwner } = input;
      const after = ContinuationToken === undefined ? StartAfter : decodeToken(ContinuationToken);
      const owner = FetchOwner ? ownerOf(call.accountId) : undefined;
      const { common, next, write } = await list(input, after, owner, call);
      return {
        ...common,
        KeyCount: common.Contents.length + common.CommonPrefixes.length,
        ContinuationToken,
        NextContinuationToken: next === undefined ? undefined : encodeToken(next),
        StartAfter: input.StartAfter === undefined ? undefined : write(input.StartAfter),
      };
    },
    async ListObjects(input: ListObjectsInput, call: Call) {
      const { Marker = "", Delimiter } = input;
      const { common, next, write } = await list(input, Marker, ownerOf(call.accountId), call);
      // Without a delimiter clients go on from the last key themselves (ListObjects, "NextMarker").
      const NextMarker = next !== undefined && Delimiter ? write(next) : undefined;
      return { ...common, Marker: write(Marker), NextMarker };
    },
  };
}

/** An object as listings of all kinds tell it. */
export function contentOf(
  { key, lastModifiedMs, object }: ObjectVersion,
  write: (key: string) => string,
  owner: object | undefined,
) {
  const { checksum } = object;
  return {
    Key: write(key),
    LastModified: new Date(lastModifiedMs),
    ETag: `"${object.etag}"`,
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    Size: object.sizeBytes,
    StorageClass: object.properties.StorageClass ?? "STANDARD",
    Owner: owner,
  };
}

const TOKEN_PREFIX = "after:";

const encodeToken = (key: string) => Buffer.from(TOKEN_PREFIX + key).toString("base64");

function decodeToken(token: string): string {
  const text = Buffer.from(token, "base64").toString("utf8");
  if (text.startsWith(TOKEN_PREFIX)) return text.slice(TOKEN_PREFIX.length);
  throw s3Error(
    "InvalidArgument",
    { ArgumentName: "continuation-token" },
    "The continuation token provided is incorrect",
  );
}
