import type { QueueAttributeName } from "@aws-sdk/client-sqs";
import type * as aws from "@pulumi/aws";
import { type Plain, policyText, type ResourceType, type ResourceTypes } from "../resourceType";

type QueueInputs = Plain<aws.sqs.QueueArgs>;

/** SQS's names of the inputs that are attributes of a queue, and what they are when nothing is said. */
const ATTRIBUTES = {
  messageRetentionSeconds: { name: "MessageRetentionPeriod", otherwise: 345_600 },
  visibilityTimeoutSeconds: { name: "VisibilityTimeout", otherwise: 30 },
  receiveWaitTimeSeconds: { name: "ReceiveMessageWaitTimeSeconds", otherwise: 0 },
  delaySeconds: { name: "DelaySeconds", otherwise: 0 },
  sqsManagedSseEnabled: { name: "SqsManagedSseEnabled", otherwise: true },
  kmsMasterKeyId: { name: "KmsMasterKeyId", otherwise: "" },
  kmsDataKeyReusePeriodSeconds: { name: "KmsDataKeyReusePeriodSeconds", otherwise: 300 },
} as const;

type AttributeInput = keyof typeof ATTRIBUTES;
const ATTRIBUTE_INPUTS = Object.keys(ATTRIBUTES) as AttributeInput[];

const attributesOf = (inputs: QueueInputs, which: AttributeInput[]) =>
  Object.fromEntries(
    which.map((input) => [ATTRIBUTES[input].name, String(inputs[input] ?? ATTRIBUTES[input].otherwise)]),
  );

const queue: ResourceType<QueueInputs> = {
  inputs: {
    name: "replaces",
    messageRetentionSeconds: "updates",
    visibilityTimeoutSeconds: "updates",
    receiveWaitTimeSeconds: "updates",
    delaySeconds: "updates",
    sqsManagedSseEnabled: "updates",
    kmsMasterKeyId: "updates",
    kmsDataKeyReusePeriodSeconds: "updates",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, { sqs }) {
    const stated = ATTRIBUTE_INPUTS.filter((input) => inputs[input] !== undefined);
    const { QueueUrl = "" } = await sqs.createQueue({
      QueueName: inputs.name,
      Attributes: attributesOf(inputs, stated),
      tags: inputs.tags,
    });
    return QueueUrl;
  },
  async read(QueueUrl, known, { sqs }) {
    const { Attributes = {} } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] });
    const said = ATTRIBUTE_INPUTS.filter((input) => known[input] !== undefined).map((input) => {
      const text = Attributes[ATTRIBUTES[input].name as QueueAttributeName] ?? "";
      const { otherwise } = ATTRIBUTES[input];
      if (typeof otherwise === "string") return [input, text || undefined];
      return [input, typeof otherwise === "boolean" ? text === "true" : Number(text)];
    });
    return {
      ...Object.fromEntries(said),
      name: QueueUrl.split("/").at(-1),
      url: QueueUrl,
      arn: Attributes.QueueArn,
    };
  },
  async update(QueueUrl, inputs, { sqs }, { changed }) {
    // A queue that is given a key gives SQS's own encryption up by itself.
    const givesUp = (input: AttributeInput) =>
      input === "sqsManagedSseEnabled" && inputs.kmsMasterKeyId !== undefined && !inputs[input];
    const which = ATTRIBUTE_INPUTS.filter((input) => changed.includes(input) && !givesUp(input));
    if (which.length === 0) return;
    await sqs.setQueueAttributes({ QueueUrl, Attributes: attributesOf(inputs, which) });
  },
  delete: (QueueUrl, _known, { sqs }) => sqs.deleteQueue({ QueueUrl }),
  tagging: {
    async list({ id }, { sqs }) {
      return (await sqs.listQueueTags({ QueueUrl: id })).Tags ?? {};
    },
    add: ({ id }, Tags, { sqs }) => sqs.tagQueue({ QueueUrl: id, Tags }),
    remove: ({ id }, TagKeys, { sqs }) => sqs.untagQueue({ QueueUrl: id, TagKeys }),
  },
};

const queuePolicy: ResourceType<Plain<aws.sqs.QueuePolicyArgs>> = {
  inputs: { queueUrl: "replaces", policy: "updates" },
  deleteBeforeReplace: true,
  async create({ queueUrl }) {
    return queueUrl;
  },
  configure: (QueueUrl, { policy }, { sqs }) =>
    sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: policyText(policy) } }),
  async read(QueueUrl, _known, { sqs }) {
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["Policy"] });
    return Attributes?.Policy ? { queueUrl: QueueUrl, policy: Attributes.Policy } : undefined;
  },
  delete: (QueueUrl, _known, { sqs }) => sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: "" } }),
};

export const sqsResources: ResourceTypes = {
  "aws:sqs/queue:Queue": queue,
  "aws:sqs/queuePolicy:QueuePolicy": queuePolicy,
};
