import type { Registered } from "../support/program";

/** A statement of a policy, every list a list. */
export interface Statement {
  effect: "Allow" | "Deny";
  actions: string[];
  resources: string[];
  /** Principals as `AWS:*` or `Service:events.amazonaws.com`; none in a role's own policy. */
  principals: string[];
  conditions: Record<string, Record<string, string | string[]>>;
  /** Whether it is said by exclusion: NotAction, NotResource, NotPrincipal. */
  isInverted: boolean;
}

type OneOrMore = string | string[];

interface StatementText {
  Effect: "Allow" | "Deny";
  Action?: OneOrMore;
  Resource?: OneOrMore;
  Principal?: "*" | Record<string, OneOrMore>;
  Condition?: Statement["conditions"];
  NotAction?: OneOrMore;
  NotResource?: OneOrMore;
  NotPrincipal?: unknown;
}

/** The inputs that hold policy documents, by resource type. */
const POLICY_INPUTS: Record<string, string> = {
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
  "aws:iam/role:Role": "assumeRolePolicy",
  "aws:iam/rolePolicy:RolePolicy": "policy",
  "aws:kms/key:Key": "policy",
  "aws:kms/keyPolicy:KeyPolicy": "policy",
  "aws:s3/bucketPolicy:BucketPolicy": "policy",
  "aws:sns/topicPolicy:TopicPolicy": "policy",
  "aws:sns/topic:Topic": "policy",
  "aws:sqs/queuePolicy:QueuePolicy": "policy",
  "aws:sqs/queue:Queue": "policy",
};

const list = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : ([value].flat() as T[]));

/** Whether a resource holds a policy document. */
export const holdsPolicy = ({ type, inputs }: Registered): boolean =>
  typeof inputs[POLICY_INPUTS[type] ?? ""] === "string";

/** The statements of the policy that a resource holds. */
export function statementsOf(resource: Registered): Statement[] {
  const { Statement } = JSON.parse(policyOf(resource)) as { Statement: StatementText | StatementText[] };
  return list(Statement).map((text) => ({
    effect: text.Effect,
    actions: list(text.Action),
    resources: list(text.Resource),
    principals:
      text.Principal === "*"
        ? ["*"]
        : Object.entries(text.Principal ?? {}).flatMap(([kind, who]) =>
            list(who).map((one) => `${kind}:${one}`),
          ),
    conditions: text.Condition ?? {},
    isInverted: "NotAction" in text || "NotResource" in text || "NotPrincipal" in text,
  }));
}

/** Puts one more statement into the policy that a resource holds. */
export function addStatement(resource: Registered, statement: object): void {
  const document = JSON.parse(policyOf(resource)) as { Statement: object | object[] };
  document.Statement = [...list(document.Statement), statement];
  resource.inputs[POLICY_INPUTS[resource.type] ?? ""] = JSON.stringify(document);
}

/** Keeps of the policy that a resource holds the statements that `keeps` wants. */
export function filterStatements(resource: Registered, keeps: (statement: Statement) => boolean): void {
  const document = JSON.parse(policyOf(resource)) as { Statement: object | object[] };
  const statements = statementsOf(resource);
  document.Statement = list(document.Statement).filter((_, index) => keeps(statements[index] as Statement));
  resource.inputs[POLICY_INPUTS[resource.type] ?? ""] = JSON.stringify(document);
}

/** Whether anyone at all is meant, whatever conditions say. */
export const isAnyone = (principal: string): boolean => principal === "*" || principal === "AWS:*";

/** Whether a resource's policy lets everyone in, or lets anyone do what it does not name. */
export function isOpen(resource: Registered): boolean {
  return statementsOf(resource).some(
    ({ effect, principals, actions, isInverted }) =>
      effect === "Allow" &&
      (isInverted || principals.some(isAnyone) || actions.some((action) => action.includes("*"))),
  );
}

/** Whether a policy refuses these actions on plain HTTP to everyone. */
export function refusesPlainHttp(resource: Registered, action: RegExp): boolean {
  return statementsOf(resource).some(
    ({ effect, actions, principals, conditions }) =>
      effect === "Deny" &&
      principals.some(isAnyone) &&
      actions.some((one) => action.test(one)) &&
      conditions.Bool?.["aws:SecureTransport"] === "false",
  );
}

function policyOf({ type, name, inputs }: Registered): string {
  const text = inputs[POLICY_INPUTS[type] ?? ""];
  if (typeof text !== "string") throw new Error(`${type} ${name} holds no policy`);
  return text;
}
