import type {
  CreateTopicInput,
  DeleteTopicInput,
  GetTopicAttributesInput,
  ListTagsForResourceRequest,
  ListTopicsInput,
  SetTopicAttributesInput,
  Tag,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-sns";
import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { CloudDeps, Operation } from "../core/service";
import { requestTagContext } from "../core/tagContext";
import { badToken, checks, invalidParameter } from "./inputs";
import { checkAttributes, defaultPolicy } from "./topicAttributes";
import type { Topic, Topics } from "./topics";

const MAX_TAGS = 50;
const PAGE_SIZE = 100;

/** What SNS does with HTTP endpoints unless told otherwise; it is shown and, here, of no effect. */
const DELIVERY_POLICY = {
  http: {
    defaultHealthyRetryPolicy: {
      ...{ minDelayTarget: 20, maxDelayTarget: 20, numRetries: 3, numMaxDelayRetries: 0 },
      ...{ numNoDelayRetries: 0, numMinDelayRetries: 0, backoffFunction: "linear" },
    },
    disableSubscriptionOverrides: false,
    defaultRequestPolicy: { headerContentType: "text/plain; charset=UTF-8" },
  },
};

/** The operations on topics, their attributes and tags. */
export function makeTopicOperations({ accountId }: CloudDeps, store: Topics) {
  const { topics, need } = store;

  const describe = (topic: Topic): Map<string, string> => {
    const arn = store.arnOf(topic.name);
    const subscriptions = store.subscriptionsOf(arn);
    const pending = subscriptions.filter(({ pendingToken }) => pendingToken !== undefined);
    return new Map(
      Object.entries({
        Policy: defaultPolicy(arn, accountId),
        DisplayName: "",
        EffectiveDeliveryPolicy: JSON.stringify(DELIVERY_POLICY),
        ...topic.attributes,
        TopicArn: arn,
        Owner: accountId,
        SubscriptionsConfirmed: String(subscriptions.length - pending.length),
        SubscriptionsPending: String(pending.length),
        SubscriptionsDeleted: "0",
      }),
    );
  };

  /** Sets attributes; an empty one is removed. */
  const setAttributes = (topic: Topic, given: Record<string, string>) => {
    checkAttributes(given);
    const merged = Object.entries({ ...topic.attributes, ...given });
    topic.attributes = Object.fromEntries(merged.filter(([, value]) => value !== ""));
  };

  const operations = {
    async CreateTopic(input: CreateTopicInput, call) {
      const name = input.Name ?? "";
      if (!/^[\w-]{1,256}$/.test(name)) {
        const isFifo = name.endsWith(".fifo");
        throw invalidParameter(
          "Topic Name",
          isFifo ? "FIFO topics are not supported by the local cloud" : undefined,
        );
      }
      const arn = store.arnOf(name);
      const tags = tagsOf(input.Tags);
      await call.authorize(need("CreateTopic", arn, requestTagContext(tags)));
      if (input.Tags?.length) await call.authorize(need("TagResource", arn, requestTagContext(tags)));
      const created: Topic = { name, attributes: {}, tags };
      setAttributes(created, input.Attributes ?? {});
      const existing = entryOf(topics, arn);
      if (existing) {
        checkIsSame(existing, input, created);
        return { TopicArn: arn };
      }
      topics[arn] = created;
      store.save();
      return { TopicArn: arn };
    },

    async DeleteTopic(input: DeleteTopicInput, call) {
      await call.authorize(need("DeleteTopic", input.TopicArn));
      const arn = input.TopicArn as string;
      // Deleting what is gone succeeds ("DeleteTopic", API reference), and takes the subscriptions along.
      delete topics[arn];
      for (const subscription of store.subscriptionsOf(arn)) delete store.subscriptions[subscription.arn];
      store.save();
      return undefined;
    },

    async GetTopicAttributes(input: GetTopicAttributesInput, call) {
      await call.authorize(need("GetTopicAttributes", input.TopicArn));
      return { Attributes: describe(store.find(input.TopicArn as string)) };
    },

    async SetTopicAttributes(input: SetTopicAttributesInput, call) {
      await call.authorize(need("SetTopicAttributes", input.TopicArn));
      const topic = store.find(input.TopicArn as string);
      const name = checks.required(input.AttributeName, "attributeName");
      setAttributes(topic, { [name]: input.AttributeValue ?? "" });
      store.save();
      return undefined;
    },

    async ListTopics(input: ListTopicsInput, call) {
      await call.authorize({ action: "sns:ListTopics", resource: "*" });
      const arns = Object.keys(topics).sort(byKey((arn) => arn));
      const listed = page(arns, (arn) => arn, { limit: PAGE_SIZE, token: input.NextToken, badToken });
      return { Topics: listed.items.map((TopicArn) => ({ TopicArn })), NextToken: listed.nextToken };
    },

    async TagResource(input: TagResourceRequest, call) {
      const added = tagsOf(input.Tags);
      await call.authorize(need("TagResource", input.ResourceArn, requestTagContext(added)));
      const topic = findTagged(store, input.ResourceArn);
      topic.tags = checkCount({ ...topic.tags, ...added });
      store.save();
      return {};
    },

    async UntagResource(input: UntagResourceRequest, call) {
      const keys = checks.required(input.TagKeys, "tagKeys");
      await call.authorize(need("UntagResource", input.ResourceArn, { "aws:TagKeys": keys }));
      const topic = findTagged(store, input.ResourceArn);
      for (const key of keys) delete topic.tags[key];
      store.save();
      return {};
    },

    async ListTagsForResource(input: ListTagsForResourceRequest, call) {
      await call.authorize(need("ListTagsForResource", input.ResourceArn));
      const { tags } = findTagged(store, input.ResourceArn);
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** CreateTopic answers an existing topic only if nothing about it would be another. */
function checkIsSame(existing: Topic, input: CreateTopicInput, wanted: Topic): void {
  const isOther = ([name, value]: [string, string]) => (existing.attributes[name] ?? "") !== value;
  if (Object.entries(input.Attributes ?? {}).some(isOther)) {
    throw invalidParameter("Attributes", "Topic already exists with different attributes");
  }
  const entries = Object.entries(wanted.tags);
  const hasOtherTags =
    entries.length !== Object.keys(existing.tags).length ||
    entries.some(([key, value]) => existing.tags[key] !== value);
  if (input.Tags?.length && hasOtherTags) {
    throw invalidParameter("Tags", "Topic already exists with different tags");
  }
}

function findTagged(store: Topics, arn: string | undefined): Topic {
  const topic = arn === undefined ? undefined : entryOf(store.topics, arn);
  if (!topic) throw awsError("ResourceNotFound", 404, `There is no topic ${arn}`);
  return topic;
}

/** Tags as a map, checked. In the Query protocol an empty list is an empty text. */
const tagsOf = (tags: Tag[] | undefined): Record<string, string> =>
  checkCount(
    Object.fromEntries(
      (tags || []).map(({ Key, Value }) => [checks.required(Key, "tags.member.key"), Value ?? ""]),
    ),
  );

function checkCount(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length <= MAX_TAGS) return tags;
  throw awsError("TagLimitExceeded", 400, `A topic can have at most ${MAX_TAGS} tags`);
}
