import type {
  ListTagsForResourceRequest,
  ListTagsLogGroupRequest,
  TagLogGroupRequest,
  TagResourceRequest,
  UntagLogGroupRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-cloudwatch-logs";
import { awsError } from "../core/errors";
import type { Call, Operation } from "../core/service";
import type { LogGroups } from "./groups";
import { checks, groupName, groupOfArn, notFound } from "./inputs";

const MAX_TAGS = 50;

/** The operations on the tags of log groups, by ARN and in their older form by name. */
export function makeTagOperations(logs: LogGroups) {
  /** Policies name the group of a tagging call without `:*`, unlike that of every other. */
  const authorize = (call: Call, action: string, name: string) =>
    call.authorize({ ...logs.need(action, name), resource: logs.arnOf(name) });

  const tag = (name: string, tags: Record<string, string> | undefined) => {
    const group = logs.find(name);
    group.tags = checkTags({ ...group.tags, ...checks.required(tags, "tags") });
    logs.save();
    return undefined;
  };
  const untag = (name: string, keys: string[] | undefined) => {
    const { tags } = logs.find(name);
    for (const key of checks.required(keys, "tagKeys")) delete tags[key];
    logs.save();
    return undefined;
  };
  const named = (arn: string | undefined) => {
    const name = groupOfArn(checks.required(arn, "resourceArn"));
    if (name === undefined) throw notFound("resource");
    return name;
  };

  const operations = {
    async TagResource(input: TagResourceRequest, call) {
      const name = named(input.resourceArn);
      await authorize(call, "TagResource", name);
      return tag(name, input.tags);
    },
    async UntagResource(input: UntagResourceRequest, call) {
      const name = named(input.resourceArn);
      await authorize(call, "UntagResource", name);
      return untag(name, input.tagKeys);
    },
    async ListTagsForResource(input: ListTagsForResourceRequest, call) {
      const name = named(input.resourceArn);
      await authorize(call, "ListTagsForResource", name);
      return { tags: logs.find(name).tags };
    },
    async TagLogGroup(input: TagLogGroupRequest, call) {
      const name = groupName(input.logGroupName);
      await authorize(call, "TagLogGroup", name);
      return tag(name, input.tags);
    },
    async UntagLogGroup(input: UntagLogGroupRequest, call) {
      const name = groupName(input.logGroupName);
      await authorize(call, "UntagLogGroup", name);
      return untag(name, input.tags);
    },
    async ListTagsLogGroup(input: ListTagsLogGroupRequest, call) {
      const name = groupName(input.logGroupName);
      await authorize(call, "ListTagsLogGroup", name);
      return { tags: logs.find(name).tags };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** @throws TooManyTagsException for more tags than a log group may have */
export function checkTags(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length <= MAX_TAGS) return tags;
  throw awsError("TooManyTagsException", 400, `A log group can have at most ${MAX_TAGS} tags.`);
}
