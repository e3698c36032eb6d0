import type { Checks } from "./checks";
import type { AwsError } from "./errors";
import type { Operation } from "./service";
import { resourceTagContext } from "./tagContext";

/** A tag as services take it that keep a list of them. */
interface Tag {
  Key?: string;
  Value?: string;
}

/** Something that has tags. */
interface Tagged {
  tags: Record<string, string>;
}

const MAX_TAGS = 50;

/** The tags of resources of services that take them as lists of Key and Value, and resources by their ARN. */
export function makeTags(checks: Checks, invalid: (message: string) => AwsError) {
  /** @throws what the service has for wrong input, where there are more than a resource may have */
  function checkCount(tags: Record<string, string>): Record<string, string> {
    if (Object.keys(tags).length > MAX_TAGS) throw invalid(`A resource can have at most ${MAX_TAGS} tags`);
    return tags;
  }

  /** Tags as a map, checked. */
  function tagsOf(tags: Tag[] | undefined): Record<string, string> {
    const map = (tags ?? []).map(({ Key, Value }) => [checks.required(Key, "tags.member.key"), Value ?? ""]);
    return checkCount(Object.fromEntries(map));
  }

  /**
   * TagResource, UntagResource and ListTagsForResource.
   * @param iamPrefix begins the names of the service's actions in policies, such as `events`
   */
  function tagOperations({
    iamPrefix,
    lookUp,
    absent,
    save,
  }: {
    iamPrefix: string;
    lookUp(arn: string): Tagged | undefined;
    absent(arn: string): AwsError;
    save(): void;
  }) {
    const find = (arn: string) => {
      const found = lookUp(arn);
      if (!found) throw absent(arn);
      return found;
    };
    const need = (action: string, arn: string) => ({
      action: `${iamPrefix}:${action}`,
      resource: arn,
      context: resourceTagContext(lookUp(arn)?.tags),
    });

    const operations = {
      async TagResource(input: { ResourceARN?: string; Tags?: Tag[] }, call) {
        const arn = checks.required(input.ResourceARN, "resourceARN");
        const added = tagsOf(checks.required(input.Tags, "tags"));
        await call.authorize(need("TagResource", arn));
        const tagged = find(arn);
        tagged.tags = checkCount({ ...tagged.tags, ...added });
        save();
        return {};
      },

      async UntagResource(input: { ResourceARN?: string; TagKeys?: string[] }, call) {
        const arn = checks.required(input.ResourceARN, "resourceARN");
        const keys = checks.required(input.TagKeys, "tagKeys");
        await call.authorize(need("UntagResource", arn));
        const { tags } = find(arn);
        for (const key of keys) delete tags[key];
        save();
        return {};
      },

      async ListTagsForResource(input: { ResourceARN?: string }, call) {
        const arn = checks.required(input.ResourceARN, "resourceARN");
        await call.authorize(need("ListTagsForResource", arn));
        return { Tags: Object.entries(find(arn).tags).map(([Key, Value]) => ({ Key, Value })) };
      },
    } satisfies Record<string, Operation>;
    return operations;
  }

  return { tagsOf, tagOperations };
}
