import { awsError } from "../core/errors";
import type { Call, Operations } from "../core/service";
import { requestTagContext } from "../core/tagContext";
import { invalidArgument, requiredText } from "./input";
import type { StreamReference, Streams } from "./streams";

/** Most tags of one stream (quota page). */
const MAX_TAGS = 50;
const TAG_CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const TAG_KEY = { maxLength: 128, pattern: TAG_CHARACTERS };

type ResourceReference = { ResourceARN?: string };

/**
 * The tags of streams: the operations by stream (tags as a map) and by resource (tags as a list, as signaling channels
 * have them).
 */
export function makeTagOperations(streams: Streams): Operations {
  async function tag(reference: StreamReference, given: Record<string, string>, call: Call, action: string) {
    const stream = await streams.open(reference, call, action, requestTagContext(given));
    const tags = { ...stream.tags, ...given };
    checkCount(Object.keys(tags).length);
    streams.annotate(stream, { tags });
    return {};
  }

  async function untag(reference: StreamReference, given: unknown, call: Call, action: string) {
    if (!Array.isArray(given) || given.length === 0)
      throw invalidArgument("TagKeyList must list a tag's key.");
    const keys = given.map((key) => requiredText(key, "TagKeyList", TAG_KEY));
    const stream = await streams.open(reference, call, action, { "aws:TagKeys": keys });
    const left = Object.entries(stream.tags).filter(([key]) => !keys.includes(key));
    streams.annotate(stream, { tags: Object.fromEntries(left) });
    return {};
  }

  async function list(reference: StreamReference, call: Call, action: string) {
    return { Tags: (await streams.open(reference, call, action)).tags };
  }

  return {
    TagStream: async (input: StreamReference & { Tags?: unknown }, call: Call) =>
      tag(streamIn(input), tagsOf(input.Tags), call, "TagStream"),
    UntagStream: async (input: StreamReference & { TagKeyList?: unknown }, call: Call) =>
      untag(streamIn(input), input.TagKeyList, call, "UntagStream"),
    ListTagsForStream: async (input: StreamReference, call: Call) =>
      list(streamIn(input), call, "ListTagsForStream"),
    TagResource: async (input: ResourceReference & { Tags?: unknown }, call: Call) =>
      tag(resourceIn(input), tagsOf(mapOfList(input.Tags)), call, "TagResource"),
    UntagResource: async (input: ResourceReference & { TagKeyList?: unknown }, call: Call) =>
      untag(resourceIn(input), input.TagKeyList, call, "UntagResource"),
    ListTagsForResource: async (input: ResourceReference, call: Call) =>
      list(resourceIn(input), call, "ListTagsForResource"),
  };
}

const streamIn = ({ StreamName, StreamARN }: StreamReference) => ({ StreamName, StreamARN });
const resourceIn = ({ ResourceARN }: ResourceReference) => ({ StreamARN: ResourceARN });

/** Checks a map of tags. @throws InvalidArgumentException, TagsPerResourceExceededLimitException */
export function tagsOf(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null || Object.keys(given).length === 0) {
    throw invalidArgument("Tags must name at least one tag.");
  }
  const entries = Object.entries(given).map(([key, value]: [string, unknown]) => {
    if (typeof value !== "string" || value.length > 256 || !TAG_CHARACTERS.test(value)) {
      throw invalidArgument(`The tag ${key} must have a value of at most 256 letters, digits and _.:/=+-@`);
    }
    return [requiredText(key, "A tag's key", TAG_KEY), value];
  });
  checkCount(entries.length);
  return Object.fromEntries(entries);
}

function mapOfList(given: unknown): Record<string, unknown> {
  if (!Array.isArray(given)) throw invalidArgument("Tags must be a list of Key and Value.");
  return Object.fromEntries(
    given.map((tag: { Key?: string; Value?: unknown }) => [tag?.Key ?? "", tag?.Value]),
  );
}

function checkCount(count: number): void {
  if (count <= MAX_TAGS) return;
  throw awsError("TagsPerResourceExceededLimitException", 400, `A stream can have at most ${MAX_TAGS} tags.`);
}
