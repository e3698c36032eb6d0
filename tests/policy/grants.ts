import { IAM } from "@aws-sdk/client-iam";
import type { Cloud } from "../../local/cloud";
import type { Judgement } from "../../local/iam/authorization";
import { allOf, type Program, refersTo } from "./rule";
import { statementsOf } from "./statements";

/** One action that a role of the program is allowed, on resources that a pattern names. */
export interface Grant {
  /** The role as the program calls it. */
  role: string;
  action: string;
  resource: string;
}

/** A role as the program calls it: its physical name, or the end of its ARN, without the seven random digits. */
export const roleName = (physical = ""): string =>
  (physical.split("/").at(-1) ?? "").replace(/-[0-9a-f]{7}$/, "");

/** What the roles of a cloud are allowed by the policies that were deployed with them, each grant once. */
export async function deployedGrants(cloud: Cloud): Promise<Grant[]> {
  const iam = new IAM(cloud.clientConfig);
  const grants: Grant[] = [];
  const { Roles = [] } = await iam.listRoles({});
  for (const { RoleName = "" } of Roles) {
    const { PolicyNames = [] } = await iam.listRolePolicies({ RoleName });
    for (const PolicyName of PolicyNames) {
      const { PolicyDocument = "" } = await iam.getRolePolicy({ RoleName, PolicyName });
      const policy = JSON.parse(decodeURIComponent(PolicyDocument)) as {
        Statement: { Effect: string; Action: string | string[]; Resource: string | string[] }[];
      };
      for (const { Effect, Action, Resource } of policy.Statement) {
        if (Effect !== "Allow") continue;
        for (const action of [Action].flat())
          for (const resource of [Resource].flat())
            grants.push({ role: roleName(RoleName), action, resource });
      }
    }
  }
  return [...new Map(grants.map((grant) => [JSON.stringify(grant), grant])).values()];
}

/** The actions that each role of a program is allowed, as `role: action`. */
export function allowedActions(program: Program): string[] {
  const roles = allOf(program, "aws:iam/role:Role");
  return allOf(program, "aws:iam/rolePolicy:RolePolicy").flatMap((policy) => {
    const role = roles.find((one) => refersTo(policy.inputs.role, one));
    if (!role) throw new Error(`the policy ${policy.name} is of no role`);
    return statementsOf(policy)
      .filter(({ effect }) => effect === "Allow")
      .flatMap(({ actions }) => actions.map((action) => `${role.name}: ${action}`));
  });
}

/** Archiving is the same code in each of these roles: what one of them called of it, the others may call. */
const ARCHIVERS = ["recorder-archive-clip", "reconciler-stream", "drain"];

/** Whether a call that was judged used a grant, or the same grant of another archiver. */
export function uses({ caller, need }: Judgement, { role, action, resource }: Grant): boolean {
  const callers = ARCHIVERS.includes(role) ? ARCHIVERS : [role];
  return (
    callers.includes(roleName(caller.roleArn)) &&
    need.action === action &&
    patternOf(resource).test(need.resource)
  );
}

function patternOf(resource: string): RegExp {
  const literal = resource.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*");
  return new RegExp(`^${literal}$`);
}
