import type { Registered } from "../../support/program";
import {
  allOf,
  demand,
  hasCustomerKey,
  isCustomerKey,
  isOf,
  type Program,
  partOf,
  type Rule,
  refersTo,
} from "../rule";
import { filterStatements, statementsOf } from "../statements";

const isFunction = isOf("aws:lambda/function:Function");
const isPermission = isOf("aws:lambda/permission:Permission");
const INVOKE_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig";

/** The functions whose every caller waits for the answer: a task of the workflow, or Pulumi itself. */
function isAwaited(lambda: Registered, program: Program): boolean {
  const definitions = allOf(program, "aws:sfn/stateMachine:StateMachine").map(
    ({ inputs }) => inputs.definition as string,
  );
  return (
    definitions.some((definition) => definition.includes(`"${lambda.outputs.arn}"`)) ||
    allOf(program, "aws:lambda/invocation:Invocation").some(({ inputs }) =>
      refersTo(inputs.functionName, lambda),
    )
  );
}

/** What looks like a credential, by the name of a variable or by its value (an AWS access key, a private key). */
const SECRET_NAME = /secret|password|token|credential|private_?key/i;
const SECRET_VALUE = /AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY/;

export const lambdaRules: Rule[] = [
  {
    ids: ["AwsSolutions-L1", "CKV_AWS_363", "Lambda.2"],
    says: "runs on the newest runtime of Node.js that Lambda has",
    applies: isFunction,
    check: ({ inputs }) => demand(inputs.runtime === "nodejs24.x", `runs on ${inputs.runtime}`),
    violate({ inputs }) {
      inputs.runtime = "nodejs20.x";
    },
  },
  {
    ids: ["LambdaDefaultMemorySize"],
    says: "states how much memory it needs",
    applies: isFunction,
    check: ({ inputs }) => demand(inputs.memorySize, "takes the default memory size"),
    violate({ inputs }) {
      delete inputs.memorySize;
    },
  },
  {
    ids: ["LambdaDefaultTimeout"],
    says: "states how long it may run",
    applies: isFunction,
    check: ({ inputs }) => demand(inputs.timeout, "takes the default timeout"),
    violate({ inputs }) {
      delete inputs.timeout;
    },
  },
  {
    ids: ["CKV_AWS_45"],
    says: "has no secret in its environment",
    applies: isFunction,
    check({ inputs }) {
      const variables = Object.entries<string>(inputs.environment?.variables ?? {});
      const secret = variables.find(([key, value]) => SECRET_NAME.test(key) || SECRET_VALUE.test(value));
      return demand(!secret, `has a secret in ${secret?.[0]}`);
    },
    violate({ inputs }) {
      inputs.environment = { variables: { API_TOKEN: "x" } };
    },
  },
  {
    ids: ["LambdaTracing", "Lambda.7"],
    says: "is traced",
    applies: isFunction,
    check: ({ inputs }) => demand(inputs.tracingConfig?.mode === "Active", "is not traced"),
    violate({ inputs }) {
      inputs.tracingConfig = { mode: "PassThrough" };
    },
  },
  {
    ids: ["LambdaDLQ", "LambdaAsyncFailureDestination", "CKV_AWS_116"],
    says: "keeps events that it failed on, unless every caller waits for its answer",
    applies: (resource, program) => isFunction(resource) && !isAwaited(resource, program),
    check(lambda, program) {
      const config = partOf(lambda, program, INVOKE_CONFIG, "functionName");
      return demand(
        lambda.inputs.deadLetterConfig?.targetArn ?? config?.inputs.destinationConfig?.onFailure?.destination,
        "loses the events that it fails on",
      );
    },
    violate(lambda, program) {
      const config = partOf(lambda, program, INVOKE_CONFIG, "functionName");
      delete lambda.inputs.deadLetterConfig;
      delete config?.inputs.destinationConfig;
    },
  },
  {
    ids: ["CKV_AWS_115", "W92"],
    says: "has the concurrency reserved that was asked for",
    applies: (resource, program) =>
      isFunction(resource) && Object.keys(program.settings.reservedConcurrency).length > 0,
    check(_lambda, program) {
      const reserved = allOf(program, "aws:lambda/function:Function")
        .map(({ inputs }) => inputs.reservedConcurrentExecutions)
        .filter((count) => count !== undefined);
      const asked = Object.values(program.settings.reservedConcurrency);
      return demand(
        JSON.stringify(reserved.sort()) === JSON.stringify([...asked].sort()),
        `reserves ${reserved.join(", ") || "nothing"} where ${asked.join(", ")} was asked for`,
      );
    },
    violate({ inputs }) {
      inputs.reservedConcurrentExecutions = 999;
    },
  },
  {
    ids: ["CKV_AWS_117", "Lambda.3", "LambdaInsideVPC", "W89"],
    says: "runs in the network that was asked for",
    applies: (resource, { settings }) => isFunction(resource) && settings.network.kind !== "none",
    check: ({ inputs }) =>
      demand(
        inputs.vpcConfig?.subnetIds !== undefined && inputs.vpcConfig.securityGroupIds?.length > 0,
        "runs outside the network",
      ),
    violate({ inputs }) {
      delete inputs.vpcConfig;
    },
  },
  {
    ids: ["CKV_AWS_173"],
    says: "has its environment encrypted with the customer key, where there is one",
    applies: (resource, program) => isFunction(resource) && hasCustomerKey(program),
    check: ({ inputs }, program) =>
      demand(
        isCustomerKey(inputs.kmsKeyArn, program),
        "has an environment that the customer key does not encrypt",
      ),
    violate({ inputs }) {
      delete inputs.kmsKeyArn;
    },
  },
  {
    ids: ["CKV_AWS_364", "F13", "Lambda.1"],
    says: "lets one service call, for one resource",
    applies: isPermission,
    check: ({ inputs }) =>
      demand(
        /^[a-z-]+\.amazonaws\.com$/.test(inputs.principal) &&
          inputs.sourceArn?.startsWith("arn:") &&
          !inputs.sourceArn.includes("*"),
        `lets ${inputs.principal} call for ${inputs.sourceArn ?? "anyone"}`,
      ),
    violate({ inputs }) {
      delete inputs.sourceArn;
    },
  },
  {
    ids: ["W58"],
    says: "may write its log",
    applies: isFunction,
    check(lambda, program) {
      const granted = policiesOf(lambda, program)
        .flatMap(statementsOf)
        .flatMap(({ actions }) => actions);
      const needed = ["logs:CreateLogStream", "logs:PutLogEvents"];
      return demand(
        needed.every((action) => granted.includes(action)),
        "may not write its log",
      );
    },
    violate(lambda, program) {
      for (const policy of policiesOf(lambda, program)) {
        filterStatements(policy, ({ actions }) => !actions.includes("logs:PutLogEvents"));
      }
    },
  },
];

/** The policies of a function's role. */
function policiesOf(lambda: Registered, program: Program): Registered[] {
  const role = allOf(program, "aws:iam/role:Role").find((one) => refersTo(lambda.inputs.role, one));
  return allOf(program, "aws:iam/rolePolicy:RolePolicy").filter(
    ({ inputs }) => role && refersTo(inputs.role, role),
  );
}
