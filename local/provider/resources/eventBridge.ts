import type * as aws from "@pulumi/aws";
import { type Plain, type ResourceType, type ResourceTypes, tagList } from "../resourceType";

const rule: ResourceType<Plain<aws.cloudwatch.EventRuleArgs>> = {
  nameInput: "name",
  async create(inputs, { eventBridge }) {
    const { RuleArn } = await eventBridge.putRule({
      Name: inputs.name,
      Description: inputs.description,
      EventPattern: inputs.eventPattern as string,
      ScheduleExpression: inputs.scheduleExpression,
      State: (inputs.state ?? "ENABLED") as "ENABLED" | "DISABLED",
      Tags: tagList(inputs.tags),
    });
    return { id: inputs.name ?? "", outputs: { ...inputs, arn: RuleArn } };
  },
  async delete(Name, _outputs, { eventBridge }) {
    await eventBridge.deleteRule({ Name });
  },
};

const target: ResourceType<Plain<aws.cloudwatch.EventTargetArgs>> = {
  nameInput: "targetId",
  async create(inputs, { eventBridge }) {
    const [Rule, Id] = [inputs.rule as string, inputs.targetId];
    const { FailedEntries } = await eventBridge.putTargets({
      Rule,
      Targets: [
        {
          Id,
          Arn: inputs.arn,
          RoleArn: inputs.roleArn,
          Input: inputs.input,
          InputPath: inputs.inputPath,
          DeadLetterConfig: inputs.deadLetterConfig && { Arn: inputs.deadLetterConfig.arn },
          RetryPolicy: inputs.retryPolicy && {
            MaximumEventAgeInSeconds: inputs.retryPolicy.maximumEventAgeInSeconds,
            MaximumRetryAttempts: inputs.retryPolicy.maximumRetryAttempts,
          },
        },
      ],
    });
    // PutTargets answers 200 and says in the body what it did not take.
    const failed = FailedEntries?.[0];
    if (failed) throw new Error(`rule ${Rule} did not take the target ${inputs.arn}: ${failed.ErrorMessage}`);
    return { id: `${Rule}-${Id}`, outputs: { ...inputs } };
  },
  async delete(_id, outputs, { eventBridge }) {
    await eventBridge.removeTargets({ Rule: outputs.rule as string, Ids: [outputs.targetId as string] });
  },
};

export const eventBridgeResources: ResourceTypes = {
  "aws:cloudwatch/eventRule:EventRule": rule,
  "aws:cloudwatch/eventTarget:EventTarget": target,
};
