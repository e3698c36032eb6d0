import type * as aws from "@pulumi/aws";
import type { Clients } from "../clients";
import {
  type Plain,
  policyText,
  type ResourceType,
  type ResourceTypes,
  tagList,
  tagMap,
} from "../resourceType";

const role: ResourceType<Plain<aws.iam.RoleArgs>> = {
  inputs: {
    name: "replaces",
    path: "replaces",
    description: "updates",
    assumeRolePolicy: "updates",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, { iam }) {
    await iam.createRole({
      RoleName: inputs.name,
      Path: inputs.path,
      Description: inputs.description,
      AssumeRolePolicyDocument: policyText(inputs.assumeRolePolicy),
      Tags: tagList(inputs.tags),
    });
    return inputs.name ?? "";
  },
  async read(RoleName, _known, { iam }) {
    const { Role } = await iam.getRole({ RoleName });
    return (
      Role && {
        name: Role.RoleName,
        arn: Role.Arn,
        uniqueId: Role.RoleId,
        description: Role.Description,
        assumeRolePolicy: decodeURIComponent(Role.AssumeRolePolicyDocument ?? ""),
      }
    );
  },
  async update(RoleName, inputs, { iam }) {
    await iam.updateRole({ RoleName, Description: inputs.description ?? "" });
    const PolicyDocument = policyText(inputs.assumeRolePolicy);
    await iam.updateAssumeRolePolicy({ RoleName, PolicyDocument });
  },
  delete: (RoleName, _known, { iam }) => iam.deleteRole({ RoleName }),
  tagging: {
    async list({ id }, { iam }) {
      return tagMap((await iam.listRoleTags({ RoleName: id })).Tags);
    },
    add: ({ id }, tags, { iam }) => iam.tagRole({ RoleName: id, Tags: tagList(tags) }),
    remove: ({ id }, TagKeys, { iam }) => iam.untagRole({ RoleName: id, TagKeys }),
  },
};

type RolePolicyInputs = Plain<aws.iam.RolePolicyArgs>;

const rolePolicy: ResourceType<RolePolicyInputs> = {
  inputs: { name: "replaces", role: "replaces", policy: "updates" },
  nameInput: "name",
  async create(inputs, clients) {
    await putRolePolicy(inputs, clients);
    return `${inputs.role}:${inputs.name}`;
  },
  async read(id, _known, { iam }) {
    const [RoleName, PolicyName] = id.split(":");
    const { PolicyDocument = "" } = await iam.getRolePolicy({ RoleName, PolicyName });
    return { role: RoleName, name: PolicyName, policy: decodeURIComponent(PolicyDocument) };
  },
  update: (_id, inputs, clients) => putRolePolicy(inputs, clients),
  delete(id, _known, { iam }) {
    const [RoleName, PolicyName] = id.split(":");
    return iam.deleteRolePolicy({ RoleName, PolicyName });
  },
};

const putRolePolicy = (inputs: RolePolicyInputs, { iam }: Clients) =>
  iam.putRolePolicy({
    RoleName: inputs.role as string,
    PolicyName: inputs.name,
    PolicyDocument: policyText(inputs.policy),
  });

export const iamResources: ResourceTypes = {
  "aws:iam/role:Role": role,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
};
