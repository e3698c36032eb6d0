import type { Tag } from "@aws-sdk/client-kms";
import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { requestTagContext } from "../core/tagContext";
import { checks, validation } from "./inputs";
import type { Keys } from "./keys";

const MAX_TAGS = 50;

/** The operations on the tags of keys. */
export function makeTagOperations(keys: Keys) {
  const operations = {
    async TagResource(input: { KeyId?: string; Tags?: Tag[] }, call) {
      const key = keys.find(input.KeyId);
      const added = tagsOf(input.Tags);
      await call.authorize(keys.need("TagResource", key, call, requestTagContext(added)));
      if (key.manager === "AWS")
        throw validation(`${keys.arnOf(key.id)} is managed by AWS and cannot be tagged`);
      key.tags = checkCount({ ...key.tags, ...added });
      keys.save();
      return undefined;
    },

    async UntagResource(input: { KeyId?: string; TagKeys?: string[] }, call) {
      const key = keys.find(input.KeyId);
      const names = checks.required(input.TagKeys, "tagKeys");
      await call.authorize(keys.need("UntagResource", key, call, { "aws:TagKeys": names }));
      for (const name of names) delete key.tags[name];
      keys.save();
      return undefined;
    },

    async ListResourceTags(input: { KeyId?: string }, call) {
      const key = keys.find(input.KeyId);
      await call.authorize(keys.need("ListResourceTags", key, call));
      const Tags = Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
      return { Tags, Truncated: false };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** Tags as a map, checked. */
export function tagsOf(tags: Tag[] | undefined): Record<string, string> {
  const entries = (tags ?? []).map(({ TagKey, TagValue }) => [
    checks.required(TagKey, "tags.member.tagKey"),
    TagValue ?? "",
  ]);
  return checkCount(Object.fromEntries(entries) as Record<string, string>);
}

function checkCount(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length <= MAX_TAGS) return tags;
  throw awsError("TagException", 400, `A key can have at most ${MAX_TAGS} tags`);
}
