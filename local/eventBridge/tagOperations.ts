import type {
  ListTagsForResourceRequest,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-eventbridge";
import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import type { Buses } from "./buses";
import { checks, checkTagCount, tagsOf } from "./inputs";
import type { Rules } from "./rules";

/** The operations on the tags of rules and buses. */
export function makeTagOperations(buses: Buses, rules: Rules) {
  const lookUp = (arn: string) =>
    rules.all().find((rule) => rules.arnOf(rule) === arn) ??
    Object.values(buses.made).find(({ name }) => buses.arnOf(name) === arn);

  const find = (arn: string) => {
    const found = lookUp(arn);
    if (!found) throw awsError("ResourceNotFoundException", 400, `There is no rule or event bus ${arn}`);
    return found;
  };
  const need = (action: string, arn: string) => ({
    action: `events:${action}`,
    resource: arn,
    context: resourceTagContext(lookUp(arn)?.tags),
  });
  const save = () => {
    rules.save();
    buses.save();
  };

  const operations = {
    async TagResource(input: TagResourceRequest, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      const added = tagsOf(checks.required(input.Tags, "tags"));
      await call.authorize(need("TagResource", arn));
      const tagged = find(arn);
      tagged.tags = checkTagCount({ ...tagged.tags, ...added });
      save();
      return {};
    },

    async UntagResource(input: UntagResourceRequest, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      const keys = checks.required(input.TagKeys, "tagKeys");
      await call.authorize(need("UntagResource", arn));
      const { tags } = find(arn);
      for (const key of keys) delete tags[key];
      save();
      return {};
    },

    async ListTagsForResource(input: ListTagsForResourceRequest, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      await call.authorize(need("ListTagsForResource", arn));
      return { Tags: Object.entries(find(arn).tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  } satisfies Record<string, Operation>;
  return operations;
}
