import type { Need, Operation } from "../core/service";
import { requestTagContext } from "../core/tagContext";
import { arnOfIdentity, type IdentityInput, type IdentityKind, requireIdentity } from "./identities";
import { checkQuota, cutPage, type PageInput, validationError } from "./inputs";
import type { IamState } from "./state";

/** A tag as inputs and outputs write it. */
export interface Tag {
  Key?: string;
  Value?: string;
}

type TagsInput = IdentityInput & PageInput & { Tags?: Tag[]; TagKeys?: string[] };

/** TagRole, UntagRole and ListRoleTags, or those of users. */
export function makeTagOperations(state: IamState, kind: IdentityKind) {
  const tag: Operation = async (input: TagsInput, call) => {
    await call.authorize(tagNeed(`iam:Tag${kind}`, arnOfIdentity(state, kind, input), input.Tags));
    const identity = requireIdentity(state, kind, input);
    identity.tags = readTags(input.Tags, identity.tags);
    state.save();
    return {};
  };

  const untag: Operation = async (input: TagsInput, call) => {
    const keys = input.TagKeys ?? [];
    const context = keys.length > 0 ? { "aws:TagKeys": keys } : undefined;
    await call.authorize({
      action: `iam:Untag${kind}`,
      resource: arnOfIdentity(state, kind, input),
      context,
    });
    const identity = requireIdentity(state, kind, input);
    for (const key of keys) delete identity.tags[key];
    state.save();
    return {};
  };

  const list: Operation = async (input: TagsInput, call) => {
    await call.authorize({ action: `iam:List${kind}Tags`, resource: arnOfIdentity(state, kind, input) });
    const tags = writeTags(requireIdentity(state, kind, input).tags);
    const { shown, rest } = cutPage(tags, ({ Key = "" }) => Key, input);
    return { Tags: shown, ...rest };
  };

  return { tag, untag, list };
}

/** The need to put `tags` on a resource, with the condition keys of a tagging request. */
export function tagNeed(action: string, resource: string, tags?: Tag[]): Need {
  // In the Query protocol an empty list is an empty text.
  const requested = Object.fromEntries((tags || []).map(({ Key = "", Value = "" }) => [Key, Value]));
  return { action, resource, context: requestTagContext(requested) };
}

/**
 * Tags of an input over those that were there.
 * @throws ValidationError (400) for an empty or long key or value, LimitExceeded (409) above 50 tags
 */
export function readTags(tags: Tag[] = [], existing: Record<string, string> = {}): Record<string, string> {
  const read = { ...existing };
  for (const { Key = "", Value = "" } of tags) {
    if (Key.length < 1 || Key.length > 128) throw validationError(`Tag key '${Key}' is not 1 to 128 long`);
    if (Value.length > 256) throw validationError(`The value of tag '${Key}' is longer than 256`);
    read[Key] = Value;
  }
  checkQuota("TagsPerResource", 50, Object.keys(read).length);
  return read;
}

/** Tags as outputs write them. */
export const writeTags = (tags: Record<string, string>): Tag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
