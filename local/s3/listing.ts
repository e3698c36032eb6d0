import type { Context } from "./access";
import { s3Error } from "./errors";

/** S3's pages hold at most 1,000 entries, keys and common prefixes together. */
export const MAX_ENTRIES = 1000;

/** Members that all listings of keys share. */
export interface ListingInput {
  Bucket: string;
  Prefix?: string;
  Delimiter?: string;
  EncodingType?: string;
}

/** Condition keys of a listing's permission. */
export const listContext = ({
  Prefix,
  Delimiter,
  MaxKeys,
}: ListingInput & { MaxKeys?: number }): Context => ({
  // An absent prefix is the empty one; policies that want a prefix refuse it.
  "s3:prefix": Prefix ?? "",
  ...(Delimiter !== undefined && { "s3:delimiter": Delimiter }),
  ...(MaxKeys !== undefined && { "s3:max-keys": String(MaxKeys) }),
});

/**
 * How a listing writes keys: as they are, or percent-encoded for keys that XML 1.0 cannot hold.
 * @throws InvalidArgument for an encoding other than `url`
 */
export function keyWriter(encodingType: string | undefined): (key: string) => string {
  if (encodingType === undefined) return (key) => key;
  if (encodingType !== "url")
    throw s3Error("InvalidArgument", { ArgumentName: "encoding-type", ArgumentValue: encodingType });
  return (key) => encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+");
}

/** Takes entries up to `limit` and says whether there are more. */
export function takePage<T>(entries: Iterable<T>, limit: number): { shown: T[]; isTruncated: boolean } {
  const shown: T[] = [];
  if (limit === 0) return { shown, isTruncated: false };
  for (const entry of entries) {
    if (shown.length === limit) return { shown, isTruncated: true };
    shown.push(entry);
  }
  return { shown, isTruncated: false };
}
