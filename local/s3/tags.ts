import { s3Error } from "./errors";
import type { Tag } from "./objectStore";

/**
 * Checks a tag set: unique keys of 1 to 128 characters, values of up to 256, none under `aws:`.
 * @param maxTags 10 for an object, 50 for a bucket (S3 User Guide, "Object tagging" and "Using cost allocation tags")
 * @throws InvalidTag or InvalidArgument
 */
export function checkTags(tags: Tag[], maxTags: number): Tag[] {
  if (tags.length > maxTags)
    throw s3Error("InvalidTag", {}, `A tag set has at most ${maxTags} tags; this one has ${tags.length}`);
  const keys = new Set<string>();
  for (const { Key = "", Value = "" } of tags) {
    if (Key === "" || Key.length > 128 || Value.length > 256)
      throw s3Error(
        "InvalidTag",
        { TagKey: Key },
        "The TagKey or TagValue you have provided is too long or empty",
      );
    if (Key.startsWith("aws:"))
      throw s3Error("InvalidTag", { TagKey: Key }, "System tags cannot be added/updated by requester");
    if (keys.has(Key))
      throw s3Error("InvalidTag", { TagKey: Key }, "Cannot provide multiple Tags with the same key");
    keys.add(Key);
  }
  return tags.map(({ Key, Value }) => ({ Key, Value: Value ?? "" }));
}

/** Reads the tags of an `x-amz-tagging` header: `stack=derby&stream=gate`. */
export const parseTagging = (header: string | undefined): Tag[] =>
  checkTags(
    [...new URLSearchParams(header ?? "")].map(([Key, Value]) => ({ Key, Value })),
    10,
  );
