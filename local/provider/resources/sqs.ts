import type * as aws from "@pulumi/aws";
import type { Plain, ResourceType, ResourceTypes } from "../resourceType";

const queue: ResourceType<Plain<aws.sqs.QueueArgs>> = {
  nameInput: "name",
  async create(inputs, { sqs }) {
    const settings = {
      MessageRetentionPeriod: inputs.messageRetentionSeconds,
      VisibilityTimeout: inputs.visibilityTimeoutSeconds,
      SqsManagedSseEnabled: inputs.sqsManagedSseEnabled,
    };
    const stated = Object.entries(settings).filter(([, value]) => value !== undefined);
    const { QueueUrl } = await sqs.createQueue({
      QueueName: inputs.name,
      Attributes: Object.fromEntries(stated.map(([name, value]) => [name, String(value)])),
      tags: inputs.tags,
    });
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["QueueArn"] });
    return { id: QueueUrl ?? "", outputs: { ...inputs, url: QueueUrl, arn: Attributes?.QueueArn } };
  },
  async delete(QueueUrl, _outputs, { sqs }) {
    await sqs.deleteQueue({ QueueUrl });
  },
};

const queuePolicy: ResourceType<Plain<aws.sqs.QueuePolicyArgs>> = {
  async create(inputs, { sqs }) {
    await sqs.setQueueAttributes({
      QueueUrl: inputs.queueUrl,
      Attributes: { Policy: inputs.policy as string },
    });
    return { id: inputs.queueUrl, outputs: { ...inputs } };
  },
  async delete(QueueUrl, _outputs, { sqs }) {
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: "" } });
  },
};

export const sqsResources: ResourceTypes = {
  "aws:sqs/queue:Queue": queue,
  "aws:sqs/queuePolicy:QueuePolicy": queuePolicy,
};
