import type * as aws from "@pulumi/aws";
import type { Clients } from "../clients";
import { type Plain, type ResourceType, type ResourceTypes, tagList, tagMap } from "../resourceType";

type RuleInputs = Plain<aws.cloudwatch.EventRuleArgs>;

const rule: ResourceType<RuleInputs> = {
  inputs: {
    name: "replaces",
    description: "updates",
    eventPattern: "updates",
    scheduleExpression: "updates",
    state: "updates",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, clients) {
    await putRule(inputs, clients);
    return inputs.name ?? "";
  },
  async read(Name, known, { eventBridge }) {
    const found = await eventBridge.describeRule({ Name });
    return {
      name: found.Name,
      arn: found.Arn,
      description: found.Description,
      eventPattern: found.EventPattern,
      scheduleExpression: found.ScheduleExpression,
      state: known.state === undefined && found.State === "ENABLED" ? undefined : found.State,
    };
  },
  update: (_id, inputs, clients) => putRule(inputs, clients),
  delete: (Name, _known, { eventBridge }) => eventBridge.deleteRule({ Name }),
  tagging: {
    async list({ arn }, { eventBridge }) {
      return tagMap((await eventBridge.listTagsForResource({ ResourceARN: arn })).Tags);
    },
    add: ({ arn }, tags, { eventBridge }) =>
      eventBridge.tagResource({ ResourceARN: arn, Tags: tagList(tags) }),
    remove: ({ arn }, TagKeys, { eventBridge }) => eventBridge.untagResource({ ResourceARN: arn, TagKeys }),
  },
};

/** Makes a rule or changes it; tags count only when it is made (PutRule API page). */
const putRule = (inputs: RuleInputs, { eventBridge }: Clients) =>
  eventBridge.putRule({
    Name: inputs.name,
    Description: inputs.description,
    EventPattern: inputs.eventPattern as string,
    ScheduleExpression: inputs.scheduleExpression,
    State: (inputs.state ?? "ENABLED") as "ENABLED" | "DISABLED",
    Tags: tagList(inputs.tags),
  });

type TargetInputs = Plain<aws.cloudwatch.EventTargetArgs>;

const target: ResourceType<TargetInputs> = {
  inputs: {
    rule: "replaces",
    targetId: "replaces",
    arn: "updates",
    roleArn: "updates",
    input: "updates",
    inputPath: "updates",
    inputTransformer: "updates",
    deadLetterConfig: "updates",
    retryPolicy: "updates",
  },
  nameInput: "targetId",
  async create(inputs, clients) {
    await putTarget(inputs, clients);
    return `${inputs.rule}-${inputs.targetId}`;
  },
  async read(_id, known, { eventBridge }) {
    const { Targets } = await eventBridge.listTargetsByRule({ Rule: known.rule as string });
    const found = Targets?.find(({ Id }) => Id === known.targetId);
    return (
      found && { arn: found.Arn, roleArn: found.RoleArn, input: found.Input, inputPath: found.InputPath }
    );
  },
  update: (_id, inputs, clients) => putTarget(inputs, clients),
  delete: (_id, known, { eventBridge }) =>
    eventBridge.removeTargets({ Rule: known.rule as string, Ids: [known.targetId as string] }),
};

async function putTarget(inputs: TargetInputs, { eventBridge }: Clients) {
  const { deadLetterConfig, retryPolicy, inputTransformer } = inputs;
  const { FailedEntries } = await eventBridge.putTargets({
    Rule: inputs.rule as string,
    Targets: [
      {
        Id: inputs.targetId,
        Arn: inputs.arn,
        RoleArn: inputs.roleArn,
        Input: inputs.input,
        InputPath: inputs.inputPath,
        InputTransformer: inputTransformer && {
          InputPathsMap: inputTransformer.inputPaths,
          InputTemplate: inputTransformer.inputTemplate,
        },
        DeadLetterConfig: deadLetterConfig && { Arn: deadLetterConfig.arn },
        RetryPolicy: retryPolicy && {
          MaximumEventAgeInSeconds: retryPolicy.maximumEventAgeInSeconds,
          MaximumRetryAttempts: retryPolicy.maximumRetryAttempts,
        },
      },
    ],
  });
  // PutTargets answers 200 and says in the body what it did not take.
  const failed = FailedEntries?.[0];
  if (failed)
    throw new Error(`rule ${inputs.rule} did not take the target ${inputs.arn}: ${failed.ErrorMessage}`);
}

export const eventBridgeResources: ResourceTypes = {
  "aws:cloudwatch/eventRule:EventRule": rule,
  "aws:cloudwatch/eventTarget:EventTarget": target,
};
