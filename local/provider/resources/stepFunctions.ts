import type { LogLevel } from "@aws-sdk/client-sfn";
import type * as aws from "@pulumi/aws";
import type { Plain, ResourceType, ResourceTypes } from "../resourceType";

type MachineInputs = Plain<aws.sfn.StateMachineArgs>;

const stateMachine: ResourceType<MachineInputs> = {
  inputs: {
    name: "replaces",
    type: "replaces",
    roleArn: "updates",
    definition: "updates",
    loggingConfiguration: "updates",
    tracingConfiguration: "updates",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, { stepFunctions }) {
    const { stateMachineArn = "" } = await stepFunctions.createStateMachine({
      ...settings(inputs),
      name: inputs.name,
      type: (inputs.type ?? "STANDARD") as "STANDARD" | "EXPRESS",
      tags: tagList(inputs.tags),
    });
    return stateMachineArn;
  },
  async read(stateMachineArn, _known, { stepFunctions }) {
    const { name, definition, roleArn, creationDate, status } = await stepFunctions.describeStateMachine({
      stateMachineArn,
    });
    return {
      name,
      arn: stateMachineArn,
      definition,
      roleArn,
      creationDate: creationDate?.toISOString(),
      status,
    };
  },
  update: (stateMachineArn, inputs, { stepFunctions }) =>
    stepFunctions.updateStateMachine({ stateMachineArn, ...settings(inputs) }),
  delete: (stateMachineArn, _known, { stepFunctions }) =>
    stepFunctions.deleteStateMachine({ stateMachineArn }),
  tagging: {
    async list({ id }, { stepFunctions }) {
      const { tags = [] } = await stepFunctions.listTagsForResource({ resourceArn: id });
      return Object.fromEntries(tags.map(({ key = "", value = "" }) => [key, value]));
    },
    add: ({ id }, tags, { stepFunctions }) =>
      stepFunctions.tagResource({ resourceArn: id, tags: tagList(tags) }),
    remove: ({ id }, tagKeys, { stepFunctions }) => stepFunctions.untagResource({ resourceArn: id, tagKeys }),
  },
};

/** What CreateStateMachine and UpdateStateMachine both take; what is left out goes back to the default. */
function settings({ definition, roleArn, loggingConfiguration, tracingConfiguration }: MachineInputs) {
  const { logDestination, level, includeExecutionData } = loggingConfiguration ?? {};
  return {
    definition,
    roleArn,
    loggingConfiguration: {
      level: (level ?? "OFF") as LogLevel,
      includeExecutionData: includeExecutionData ?? false,
      destinations: logDestination ? [{ cloudWatchLogsLogGroup: { logGroupArn: logDestination } }] : [],
    },
    tracingConfiguration: { enabled: tracingConfiguration?.enabled ?? false },
  };
}

/** Step Functions writes its tags in small letters. */
const tagList = (tags: Record<string, string> = {}) =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

export const stepFunctionsResources: ResourceTypes = { "aws:sfn/stateMachine:StateMachine": stateMachine };
