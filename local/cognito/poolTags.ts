import type { Checks } from "../core/checks";
import type { Need, Operation } from "../core/service";
import { requestTagContext } from "../core/tagContext";

/** Pools of either kind, as far as their tags go. */
interface TaggedPools {
  need(action: string, poolId: string | undefined, context?: Need["context"]): Need;
  find(poolId: string | undefined): { tags: Record<string, string> };
  save(): void;
}

/** The operations on the tags of pools, which user pools and identity pools have alike. */
export function makePoolTagOperations(pools: TaggedPools, checks: Checks) {
  const idIn = (arn: string | undefined) => checks.required(arn, "resourceArn").split("/").at(-1);

  const operations = {
    async TagResource(input: { ResourceArn?: string; Tags?: Record<string, string> }, call) {
      const id = idIn(input.ResourceArn);
      const tags = checks.required(input.Tags, "tags");
      await call.authorize(pools.need("TagResource", id, requestTagContext(tags)));
      Object.assign(pools.find(id).tags, tags);
      pools.save();
      return {};
    },

    async UntagResource(input: { ResourceArn?: string; TagKeys?: string[] }, call) {
      const id = idIn(input.ResourceArn);
      const keys = checks.required(input.TagKeys, "tagKeys");
      await call.authorize(pools.need("UntagResource", id, { "aws:TagKeys": keys }));
      for (const key of keys) delete pools.find(id).tags[key];
      pools.save();
      return {};
    },

    async ListTagsForResource(input: { ResourceArn?: string }, call) {
      const id = idIn(input.ResourceArn);
      await call.authorize(pools.need("ListTagsForResource", id));
      return { Tags: pools.find(id).tags };
    },
  } satisfies Record<string, Operation>;
  return operations;
}
