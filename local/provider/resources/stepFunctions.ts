import type * as aws from "@pulumi/aws";
import type { Plain, ResourceType, ResourceTypes } from "../resourceType";

const stateMachine: ResourceType<Plain<aws.sfn.StateMachineArgs>> = {
  nameInput: "name",
  async create(inputs, { stepFunctions }) {
    const tags = Object.entries(inputs.tags ?? {}).map(([key, value]) => ({ key, value }));
    const { stateMachineArn } = await stepFunctions.createStateMachine({
      name: inputs.name,
      roleArn: inputs.roleArn,
      definition: inputs.definition,
      type: "STANDARD",
      tags,
    });
    return { id: stateMachineArn ?? "", outputs: { ...inputs, arn: stateMachineArn } };
  },
  async delete(stateMachineArn, _outputs, { stepFunctions }) {
    await stepFunctions.deleteStateMachine({ stateMachineArn });
  },
};

export const stepFunctionsResources: ResourceTypes = { "aws:sfn/stateMachine:StateMachine": stateMachine };
