import type {
  ListTagsForResourceInput,
  Tag,
  TagResourceInput,
  UntagResourceInput,
} from "@aws-sdk/client-cloudwatch";
import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import type { AlarmStore } from "./alarmStore";
import { checks, invalidValue } from "./inputs";

const MAX_TAGS = 50;

/** The operations on the tags of alarms, the only resources here that have any. */
export function makeTagOperations({ alarms, arnOf, save }: AlarmStore) {
  const find = (resourceArn: string) => {
    const alarm = Object.values(alarms).find(
      ({ configuration }) => arnOf(configuration.AlarmName) === resourceArn,
    );
    if (!alarm) {
      throw awsError("ResourceNotFoundException", 404, `There is no alarm ${resourceArn}`, {
        ResourceType: "alarm",
        ResourceId: resourceArn,
      });
    }
    return alarm;
  };
  const need = (action: string, resourceArn: string) => ({
    action: `cloudwatch:${action}`,
    resource: resourceArn,
    context: resourceTagContext(
      Object.values(alarms).find(({ configuration }) => arnOf(configuration.AlarmName) === resourceArn)?.tags,
    ),
  });

  const operations = {
    async TagResource(input: TagResourceInput, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      const added = tagsOf(checks.required(input.Tags, "tags"));
      await call.authorize(need("TagResource", arn));
      const alarm = find(arn);
      alarm.tags = checkCount({ ...alarm.tags, ...added });
      save();
      return {};
    },

    async UntagResource(input: UntagResourceInput, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      const keys = checks.required(input.TagKeys, "tagKeys");
      await call.authorize(need("UntagResource", arn));
      const { tags } = find(arn);
      for (const key of keys) delete tags[key];
      save();
      return {};
    },

    async ListTagsForResource(input: ListTagsForResourceInput, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      await call.authorize(need("ListTagsForResource", arn));
      return { Tags: Object.entries(find(arn).tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** Tags as a map, checked. */
export function tagsOf(tags: Tag[] | undefined): Record<string, string> {
  return checkCount(
    Object.fromEntries(
      (tags ?? []).map(({ Key, Value }) => [checks.required(Key, "tags.member.key"), Value ?? ""]),
    ),
  );
}

function checkCount(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length > MAX_TAGS) throw invalidValue(`A resource can have at most ${MAX_TAGS} tags`);
  return tags;
}
