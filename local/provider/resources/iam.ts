import type * as aws from "@pulumi/aws";
import { type Plain, type ResourceType, type ResourceTypes, tagList } from "../resourceType";

const role: ResourceType<Plain<aws.iam.RoleArgs>> = {
  nameInput: "name",
  async create(inputs, { iam }) {
    const { Role } = await iam.createRole({
      RoleName: inputs.name,
      Path: inputs.path,
      Description: inputs.description,
      AssumeRolePolicyDocument: inputs.assumeRolePolicy as string,
      Tags: tagList(inputs.tags),
    });
    return { id: Role?.RoleName ?? "", outputs: { ...inputs, arn: Role?.Arn, uniqueId: Role?.RoleId } };
  },
  async delete(RoleName, _outputs, { iam }) {
    await iam.deleteRole({ RoleName });
  },
};

const rolePolicy: ResourceType<Plain<aws.iam.RolePolicyArgs>> = {
  nameInput: "name",
  async create(inputs, { iam }) {
    const [RoleName, PolicyName] = [inputs.role as string, inputs.name];
    await iam.putRolePolicy({ RoleName, PolicyName, PolicyDocument: inputs.policy as string });
    return { id: `${RoleName}:${PolicyName}`, outputs: { ...inputs } };
  },
  async delete(id, _outputs, { iam }) {
    const [RoleName, PolicyName] = id.split(":");
    await iam.deleteRolePolicy({ RoleName, PolicyName });
  },
};

export const iamResources: ResourceTypes = {
  "aws:iam/role:Role": role,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
};
