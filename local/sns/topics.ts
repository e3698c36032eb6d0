import { entryOf } from "../core/entryOf";
import type { CloudDeps, Need } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import { invalidParameter, notFound } from "./inputs";
import { defaultPolicy } from "./topicAttributes";

/** A topic as it is stored. */
export interface Topic {
  name: string;
  /** What was set, under the names of SetTopicAttributes. */
  attributes: Record<string, string>;
  tags: Record<string, string>;
}

/** How a subscription's endpoint is reached. */
export type Protocol = "sqs" | "lambda" | "email" | "email-json";

/** A subscription as it is stored. */
export interface Subscription {
  arn: string;
  topicArn: string;
  protocol: Protocol;
  /** An ARN, or an address of mail. */
  endpoint: string;
  owner: string;
  /** Of a subscription that its endpoint has yet to confirm. */
  pendingToken?: string;
  /** What was set, under the names of SetSubscriptionAttributes. */
  attributes: Record<string, string>;
}

/** The account's topics and their subscriptions. What changes them says `save()`. */
export interface Topics {
  /** By ARN. */
  topics: Record<string, Topic>;
  /** By ARN. */
  subscriptions: Record<string, Subscription>;
  arnOf(name: string): string;
  /** @throws NotFound */
  find(topicArn: string): Topic;
  /** @throws NotFound */
  findSubscription(subscriptionArn: string): Subscription;
  subscriptionsOf(topicArn: string): Subscription[];
  /** A permission on a topic, with the topic's policy and tags. @throws InvalidParameter for what is no topic's ARN */
  need(action: string, topicArn: string | undefined, context?: Need["context"]): Need;
  save(): void;
}

/** Opens the topics in `sns/topics` of the data folder. */
export function openTopics({ store, region, accountId }: CloudDeps): Topics {
  const document = store.document<Pick<Topics, "topics" | "subscriptions">>("sns/topics", {
    topics: {},
    subscriptions: {},
  });
  const { topics, subscriptions } = document.value;
  const arnOf = (name: string) => `arn:aws:sns:${region}:${accountId}:${name}`;

  return {
    topics,
    subscriptions,
    arnOf,
    find(topicArn) {
      const topic = entryOf(topics, topicArn);
      if (!topic) throw notFound("Topic");
      return topic;
    },
    findSubscription(subscriptionArn) {
      const subscription = entryOf(subscriptions, subscriptionArn);
      if (!subscription) throw notFound("Subscription");
      return subscription;
    },
    subscriptionsOf: (topicArn) =>
      Object.values(subscriptions).filter((subscription) => subscription.topicArn === topicArn),
    need(action, topicArn, context = {}) {
      if (!topicArn?.startsWith(arnOf(""))) {
        throw invalidParameter(
          "TopicArn",
          `${topicArn ?? "nothing"} is not the ARN of a topic of this account`,
        );
      }
      const topic = entryOf(topics, topicArn);
      return {
        action: `sns:${action}`,
        resource: topicArn,
        context: { ...resourceTagContext(topic?.tags), ...context },
        resourcePolicy:
          topic && (JSON.parse(topic.attributes.Policy ?? defaultPolicy(topicArn, accountId)) as object),
      };
    },
    save: document.save,
  };
}
