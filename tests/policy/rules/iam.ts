import { allOf, demand, isOf, type Rule, refersTo } from "../rule";
import { explainedWildcards } from "../securityPage";
import { addStatement, isAnyone, type Statement, statementsOf } from "../statements";

const isRole = isOf("aws:iam/role:Role");
const isRolePolicy = isOf("aws:iam/rolePolicy:RolePolicy");

/** An ARN as `docs/security.md` writes it: without partition, Region and account. */
const short = (arn: string) => arn.replace(/^arn:[^:]*:([^:]*):[^:]*:[^:]*:/, "$1:");

/** A resource of `docs/security.md` as a pattern of short ARNs: its CAPITALS stand for a name. */
function pattern(resource: string): RegExp {
  const literal = resource.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/[A-Z]{3,}/g, "[^*]*")}$`);
}

/** The rows of `docs/security.md` that explain one action on one wildcard. */
export const explanationsOf = (action: string, resource: string) =>
  explainedWildcards.filter(
    (explained) => explained.actions.includes(action) && pattern(explained.resource).test(short(resource)),
  );

/** The actions of a statement on wildcards that nobody explained. */
function unexplained({ actions, resources }: Statement): string[] {
  return resources
    .filter((resource) => resource.includes("*"))
    .flatMap((resource) =>
      actions
        .filter((action) => explanationsOf(action, resource).length === 0)
        .map((action) => `${action} on ${short(resource)}`),
    );
}

export const iamRules: Rule[] = [
  {
    ids: ["AwsSolutions-IAM4"],
    says: "has policies of its own only, none of AWS's",
    applies: isRole,
    check: (role, program) =>
      demand(
        !role.inputs.managedPolicyArns &&
          !allOf(program, "aws:iam/rolePolicyAttachment:RolePolicyAttachment").some(({ inputs }) =>
            refersTo(inputs.role, role),
          ),
        "has a managed policy",
      ),
    violate({ inputs }) {
      inputs.managedPolicyArns = ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"];
    },
  },
  {
    ids: ["AwsSolutions-IAM5", "W11", "W12", "W13"],
    says: "acts on no wildcard that docs/security.md does not explain",
    applies: isRolePolicy,
    check(policy) {
      const problems = statementsOf(policy).flatMap(unexplained);
      return demand(problems.length === 0, `allows ${problems.join(", ")}`);
    },
    violate: (policy) => addStatement(policy, { Effect: "Allow", Action: "s3:GetObject", Resource: "*" }),
  },
  {
    ids: ["F3", "F4", "F5", "IAM.1", "IAM.21", "LambdaStarPermissions"],
    says: "names every action that it allows",
    applies: isRolePolicy,
    check: (policy) =>
      demand(
        statementsOf(policy).every(
          ({ actions, isInverted }) => !isInverted && actions.every((action) => !action.includes("*")),
        ),
        "allows actions by a wildcard",
      ),
    violate: (policy) =>
      addStatement(policy, { Effect: "Allow", Action: "s3:*", Resource: "arn:aws:s3:::archive/clips/x" }),
  },
  {
    ids: ["F38", "F39", "F40"],
    says: "hands on no role",
    applies: isRolePolicy,
    check: (policy) =>
      demand(
        statementsOf(policy).every(({ actions }) => !actions.includes("iam:PassRole")),
        "allows iam:PassRole",
      ),
    violate: (policy) => addStatement(policy, { Effect: "Allow", Action: "iam:PassRole", Resource: "*" }),
  },
  {
    ids: ["F2"],
    says: "is taken on by one named service or identity pool, for nothing but that",
    applies: isRole,
    check: (role) =>
      demand(
        statementsOf(role).every(
          ({ effect, actions, principals, isInverted }) =>
            effect === "Allow" &&
            !isInverted &&
            principals.length === 1 &&
            !principals.some(isAnyone) &&
            actions.every((action) =>
              ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession"].includes(action),
            ),
        ),
        "can be taken on by others",
      ),
    violate: (role) =>
      addStatement(role, { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }),
  },
];
