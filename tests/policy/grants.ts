import type { Judgement } from "../../local/iam/authorization";
import { allOf, type Program, refersTo } from "./rule";
import { statementsOf } from "./statements";

/** One action that a role of the program is allowed, on resources that a pattern names. */
export interface Grant {
  /** The role as the program calls it. */
  role: string;
  action: string;
  /** Without partition, Region and account, and with CAPITALS for names that differ from stack to stack. */
  resource: string;
}

/** What the roles of these programs are allowed, each grant once. */
export function grantsOf(programs: Program[]): Grant[] {
  const grants = programs.flatMap((program) =>
    allOf(program, "aws:iam/rolePolicy:RolePolicy").flatMap((policy) => {
      const role = allOf(program, "aws:iam/role:Role").find((one) => refersTo(policy.inputs.role, one));
      if (!role) throw new Error(`the policy ${policy.name} is of no role`);
      return statementsOf(policy).flatMap(({ actions, resources }) =>
        actions.flatMap((action) =>
          resources.map((resource) => ({ role: role.name, action, resource: general(resource) })),
        ),
      );
    }),
  );
  return [...new Map(grants.map((grant) => [JSON.stringify(grant), grant])).values()];
}

/** Whether a call that was judged used a grant. */
export function uses({ caller, need }: Judgement, { role, action, resource }: Grant): boolean {
  return (
    roleName(caller.roleArn) === role &&
    need.action === action &&
    pattern(resource).test(short(need.resource))
  );
}

/** A role as the program calls it: its physical name without the seven random digits. */
export const roleName = (roleArn = ""): string =>
  (roleArn.split("/").at(-1) ?? "").replace(/-[0-9a-f]{7}$/, "");

const short = (arn: string) => arn.replace(/^arn:[^:]*:([^:]*):[^:]*:[^:]*:/, "$1:");

/** A resource of the mocked stack lastframe/derby, whatever its archive. */
function general(arn: string): string {
  return short(arn)
    .replace(/^s3:[^/]+(\/derby)?/, "s3:ARCHIVE")
    .replace("lastframe/derby", "STACK")
    .replace(/-1234567/, "-ID");
}

function pattern(resource: string): RegExp {
  const literal = resource.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*");
  const named = literal
    .replace("ARCHIVE", "[^/]+(/[^/]+)*?")
    .replace("STACK", "[^/]+/[^/]+")
    .replace("-ID", "-[0-9a-f]{7}");
  return new RegExp(`^${named}$`);
}
