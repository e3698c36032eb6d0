import type * as aws from "@pulumi/aws";
import {
  type Plain,
  policyText,
  type ResourceType,
  type ResourceTypes,
  tagList,
  tagMap,
} from "../resourceType";

/** SNS's names of the inputs that are attributes. An empty text takes one away. */
type Attributes<Inputs> = { [Name in keyof Inputs]?: string };

const textOf = (value: unknown): string =>
  value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

const attributesOf = <Inputs>(inputs: Inputs, names: Attributes<Inputs>): Record<string, string> =>
  Object.fromEntries(
    (Object.entries(names) as [keyof Inputs, string][])
      .filter(([input]) => inputs[input] !== undefined)
      .map(([input, name]) => [name, textOf(inputs[input])]),
  );

/** Attributes that a change of inputs sets. */
const changesOf = <Inputs>(
  inputs: Inputs,
  changed: string[],
  names: Attributes<Inputs>,
): [string, string][] =>
  (Object.entries(names) as [keyof Inputs & string, string][])
    .filter(([input]) => changed.includes(input))
    .map(([input, name]) => [name, textOf(inputs[input])]);

type TopicInputs = Plain<aws.sns.TopicArgs>;

const TOPIC_ATTRIBUTES: Attributes<TopicInputs> = {
  displayName: "DisplayName",
  policy: "Policy",
  deliveryPolicy: "DeliveryPolicy",
  kmsMasterKeyId: "KmsMasterKeyId",
  tracingConfig: "TracingConfig",
};

const topic: ResourceType<TopicInputs> = {
  inputs: {
    name: "replaces",
    displayName: "updates",
    policy: "updates",
    deliveryPolicy: "updates",
    kmsMasterKeyId: "updates",
    tracingConfig: "updates",
    signatureVersion: "updates",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, { sns }) {
    const Attributes = {
      ...attributesOf(inputs, TOPIC_ATTRIBUTES),
      ...(inputs.signatureVersion && { SignatureVersion: String(inputs.signatureVersion) }),
    };
    const { TopicArn = "" } = await sns.createTopic({
      Name: inputs.name,
      Attributes,
      Tags: tagList(inputs.tags),
    });
    return TopicArn;
  },
  async read(TopicArn, _known, { sns }) {
    const { Attributes = {} } = await sns.getTopicAttributes({ TopicArn });
    return {
      name: TopicArn.split(":").at(-1),
      arn: TopicArn,
      owner: Attributes.Owner,
      policy: Attributes.Policy,
      displayName: Attributes.DisplayName || undefined,
      deliveryPolicy: Attributes.DeliveryPolicy,
      kmsMasterKeyId: Attributes.KmsMasterKeyId,
      tracingConfig: Attributes.TracingConfig,
      signatureVersion: Attributes.SignatureVersion && Number(Attributes.SignatureVersion),
    };
  },
  async update(TopicArn, inputs, { sns }, { changed }) {
    const changes = changesOf(inputs, changed, TOPIC_ATTRIBUTES);
    if (changed.includes("signatureVersion")) {
      changes.push(["SignatureVersion", String(inputs.signatureVersion ?? 1)]);
    }
    for (const [AttributeName, AttributeValue] of changes) {
      await sns.setTopicAttributes({ TopicArn, AttributeName, AttributeValue });
    }
  },
  delete: (TopicArn, _known, { sns }) => sns.deleteTopic({ TopicArn }),
  tagging: {
    async list({ arn }, { sns }) {
      return tagMap((await sns.listTagsForResource({ ResourceArn: arn })).Tags);
    },
    add: ({ arn }, tags, { sns }) => sns.tagResource({ ResourceArn: arn, Tags: tagList(tags) }),
    remove: ({ arn }, TagKeys, { sns }) => sns.untagResource({ ResourceArn: arn, TagKeys }),
  },
};

const topicPolicy: ResourceType<Plain<aws.sns.TopicPolicyArgs>> = {
  inputs: { arn: "replaces", policy: "updates" },
  deleteBeforeReplace: true,
  async create({ arn }) {
    return arn;
  },
  configure: (TopicArn, { policy }, { sns }) =>
    sns.setTopicAttributes({ TopicArn, AttributeName: "Policy", AttributeValue: policyText(policy) }),
  async read(TopicArn, _known, { sns }) {
    const { Attributes = {} } = await sns.getTopicAttributes({ TopicArn });
    return { arn: TopicArn, policy: Attributes.Policy, owner: Attributes.Owner };
  },
  /** A topic is never without a policy: it gets the one back that SNS gives to new topics. */
  delete: (TopicArn, _known, { sns }) =>
    sns.setTopicAttributes({
      TopicArn,
      AttributeName: "Policy",
      AttributeValue: initialPolicy(TopicArn),
    }),
};

function initialPolicy(topicArn: string): string {
  const actions = ["GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission"];
  const Action = [...actions, "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"];
  const statement = {
    Sid: "__default_statement_ID",
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action: Action.map((name) => `SNS:${name}`),
    Resource: topicArn,
    Condition: { StringEquals: { "AWS:SourceOwner": topicArn.split(":")[4] } },
  };
  return JSON.stringify({ Version: "2008-10-17", Id: "__default_policy_ID", Statement: [statement] });
}

type SubscriptionInputs = Plain<aws.sns.TopicSubscriptionArgs>;

const SUBSCRIPTION_ATTRIBUTES: Attributes<SubscriptionInputs> = {
  rawMessageDelivery: "RawMessageDelivery",
  filterPolicy: "FilterPolicy",
  filterPolicyScope: "FilterPolicyScope",
  redrivePolicy: "RedrivePolicy",
  deliveryPolicy: "DeliveryPolicy",
};

const topicSubscription: ResourceType<SubscriptionInputs> = {
  inputs: {
    topic: "replaces",
    protocol: "replaces",
    endpoint: "replaces",
    rawMessageDelivery: "updates",
    filterPolicy: "updates",
    filterPolicyScope: "updates",
    redrivePolicy: "updates",
    deliveryPolicy: "updates",
    endpointAutoConfirms: "updates",
    confirmationTimeoutInMinutes: "updates",
  },
  async create(inputs, { sns }) {
    const { SubscriptionArn = "" } = await sns.subscribe({
      TopicArn: inputs.topic as string,
      Protocol: inputs.protocol,
      Endpoint: inputs.endpoint,
      Attributes: attributesOf(inputs, SUBSCRIPTION_ATTRIBUTES),
      ReturnSubscriptionArn: true,
    });
    return SubscriptionArn;
  },
  async read(SubscriptionArn, known, { sns }) {
    const { Attributes = {} } = await sns.getSubscriptionAttributes({ SubscriptionArn });
    return {
      arn: SubscriptionArn,
      topic: Attributes.TopicArn,
      protocol: Attributes.Protocol,
      endpoint: Attributes.Endpoint,
      ownerId: Attributes.Owner,
      pendingConfirmation: Attributes.PendingConfirmation === "true",
      confirmationWasAuthenticated: Attributes.ConfirmationWasAuthenticated === "true",
      rawMessageDelivery:
        known.rawMessageDelivery === undefined ? undefined : Attributes.RawMessageDelivery === "true",
      filterPolicy: Attributes.FilterPolicy,
      filterPolicyScope: Attributes.FilterPolicyScope,
      redrivePolicy: Attributes.RedrivePolicy,
      deliveryPolicy: Attributes.DeliveryPolicy,
    };
  },
  async update(SubscriptionArn, inputs, { sns }, { changed }) {
    for (const [AttributeName, AttributeValue] of changesOf(inputs, changed, SUBSCRIPTION_ATTRIBUTES)) {
      await sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName, AttributeValue });
    }
  },
  delete: (SubscriptionArn, _known, { sns }) => sns.unsubscribe({ SubscriptionArn }),
};

export const snsResources: ResourceTypes = {
  "aws:sns/topic:Topic": topic,
  "aws:sns/topicPolicy:TopicPolicy": topicPolicy,
  "aws:sns/topicSubscription:TopicSubscription": topicSubscription,
};
