import { createHash } from "node:crypto";
import type { Runtime, TracingMode } from "@aws-sdk/client-lambda";
import type * as aws from "@pulumi/aws";
import { strToU8, zipSync } from "fflate";
import type { Clients } from "../clients";
import type { Archive, Plain, ResourceType, ResourceTypes } from "../resourceType";

type FunctionInputs = Plain<aws.lambda.FunctionArgs> & { code: Archive };

const lambdaFunction: ResourceType<FunctionInputs> = {
  inputs: {
    name: "replaces",
    description: "updates",
    role: "updates",
    handler: "updates",
    runtime: "updates",
    code: "updates",
    timeout: "updates",
    memorySize: "updates",
    environment: "updates",
    loggingConfig: "updates",
    tracingConfig: "updates",
    deadLetterConfig: "updates",
    kmsKeyArn: "updates",
    vpcConfig: "updates",
    reservedConcurrentExecutions: "updates",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, { lambda }) {
    await lambda.createFunction({
      ...settings(inputs),
      FunctionName: inputs.name,
      Code: { ZipFile: zip(inputs.code) },
      Tags: inputs.tags,
    });
    return inputs.name ?? "";
  },
  async configure(FunctionName, inputs, { lambda }) {
    if (!isReserved(inputs)) return;
    const ReservedConcurrentExecutions = inputs.reservedConcurrentExecutions;
    await lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions });
  },
  async read(FunctionName, known, { lambda, region }) {
    const { Configuration: found, Concurrency } = await lambda.getFunction({ FunctionName });
    const arn = found?.FunctionArn;
    return {
      name: found?.FunctionName,
      arn,
      invokeArn: `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${arn}/invocations`,
      // The code is large and of no use to other resources.
      code: undefined,
      role: found?.Role,
      handler: found?.Handler,
      runtime: found?.Runtime,
      timeout: found?.Timeout,
      memorySize: found?.MemorySize,
      environment: known.environment && { variables: found?.Environment?.Variables ?? {} },
      kmsKeyArn: found?.KMSKeyArn,
      vpcConfig: known.vpcConfig && {
        ...known.vpcConfig,
        subnetIds: found?.VpcConfig?.SubnetIds ?? [],
        securityGroupIds: found?.VpcConfig?.SecurityGroupIds ?? [],
      },
      reservedConcurrentExecutions: Concurrency?.ReservedConcurrentExecutions ?? -1,
    };
  },
  async update(FunctionName, inputs, { lambda }, { changed }) {
    if (changed.includes("code")) {
      await lambda.updateFunctionCode({ FunctionName, ZipFile: zip(inputs.code) });
    }
    await lambda.updateFunctionConfiguration({ FunctionName, ...settings(inputs) });
    if (changed.includes("reservedConcurrentExecutions") && !isReserved(inputs)) {
      await lambda.deleteFunctionConcurrency({ FunctionName });
    }
  },
  delete: (FunctionName, _known, { lambda }) => lambda.deleteFunction({ FunctionName }),
  tagging: {
    async list({ arn }, { lambda }) {
      return (await lambda.listTags({ Resource: arn })).Tags ?? {};
    },
    add: ({ arn }, Tags, { lambda }) => lambda.tagResource({ Resource: arn, Tags }),
    remove: ({ arn }, TagKeys, { lambda }) => lambda.untagResource({ Resource: arn, TagKeys }),
  },
};

/** As in the vendor's provider, -1 reserves nothing. */
const isReserved = ({ reservedConcurrentExecutions = -1 }: FunctionInputs) =>
  reservedConcurrentExecutions >= 0;

/** What CreateFunction and UpdateFunctionConfiguration both take; what is left out goes back to Lambda's default. */
const settings = (inputs: FunctionInputs) => ({
  Description: inputs.description ?? "",
  Role: inputs.role as string,
  Handler: inputs.handler,
  Runtime: inputs.runtime as Runtime,
  Timeout: inputs.timeout ?? 3,
  MemorySize: inputs.memorySize ?? 128,
  Environment: { Variables: inputs.environment?.variables ?? {} },
  TracingConfig: { Mode: (inputs.tracingConfig?.mode ?? "PassThrough") as TracingMode },
  DeadLetterConfig: { TargetArn: inputs.deadLetterConfig?.targetArn ?? "" },
  KMSKeyArn: inputs.kmsKeyArn ?? "",
  VpcConfig: {
    SubnetIds: inputs.vpcConfig?.subnetIds ?? [],
    SecurityGroupIds: inputs.vpcConfig?.securityGroupIds ?? [],
  },
  LoggingConfig: inputs.loggingConfig && {
    LogFormat: inputs.loggingConfig.logFormat as "Text" | "JSON",
    LogGroup: inputs.loggingConfig.logGroup,
  },
});

/** The same files make the same bytes: the archive's times are those of ZIP's first day. */
function zip({ files = {} }: Archive): Uint8Array {
  const entries = Object.entries(files).map(([name, text]) => [name, strToU8(text)]);
  return zipSync(Object.fromEntries(entries), { mtime: new Date(1980, 0, 1) });
}

const permission: ResourceType<Plain<aws.lambda.PermissionArgs>> = {
  inputs: {
    statementId: "replaces",
    function: "replaces",
    action: "replaces",
    principal: "replaces",
    sourceArn: "replaces",
    sourceAccount: "replaces",
  },
  nameInput: "statementId",
  async create(inputs, { lambda }) {
    await lambda.addPermission({
      FunctionName: inputs.function as string,
      StatementId: inputs.statementId,
      Action: inputs.action,
      Principal: inputs.principal,
      SourceArn: inputs.sourceArn,
      SourceAccount: inputs.sourceAccount,
    });
    return inputs.statementId ?? "";
  },
  async read(StatementId, known, { lambda }) {
    const { Policy = "" } = await lambda.getPolicy({ FunctionName: known.function as string });
    const { Statement } = JSON.parse(Policy) as { Statement: { Sid: string }[] };
    return Statement.some(({ Sid }) => Sid === StatementId) ? {} : undefined;
  },
  delete: (StatementId, known, { lambda }) =>
    lambda.removePermission({ FunctionName: known.function as string, StatementId }),
};

/**
 * A call of a function whenever the resource is made, changed or deleted; `terraformKey` of its payload says which. As in
 * the vendor's provider (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_invocation),
 * but for CREATE_ONLY, which is refused.
 */
const invocation: ResourceType<Plain<aws.lambda.InvocationArgs> & { result?: string }> = {
  inputs: {
    functionName: "replaces",
    input: "updates",
    lifecycleScope: "updates",
    terraformKey: "updates",
    triggers: "replaces",
  },
  async create(inputs, clients) {
    const result = await call(inputs, "create", clients);
    return `${inputs.functionName}_$LATEST_${createHash("md5").update(result).digest("hex")}`;
  },
  read: async (_id, known) => ({ ...known }),
  update: (_id, inputs, clients, { old }) => call(inputs, "update", clients, old.input),
  delete: (_id, known, clients) => call(known, "delete", clients, known.input),
};

async function call(
  { functionName, input, lifecycleScope, terraformKey = "tf" }: Plain<aws.lambda.InvocationArgs>,
  action: "create" | "update" | "delete",
  { lambda }: Clients,
  previous?: string,
): Promise<string> {
  if (lifecycleScope !== "CRUD") throw new Error("the local cloud knows the lifecycleScope CRUD only");
  const lifecycle = { action, prev_input: previous === undefined ? null : (JSON.parse(previous) as unknown) };
  const payload = { ...(JSON.parse(input) as object), [terraformKey]: lifecycle };
  const { FunctionError, Payload } = await lambda.invoke({
    FunctionName: functionName,
    Payload: JSON.stringify(payload),
  });
  const result = Payload?.transformToString() ?? "";
  if (FunctionError) throw new Error(`invoking Lambda Function (${functionName}): ${result}`);
  return result;
}

export const lambdaResources: ResourceTypes = {
  "aws:lambda/function:Function": lambdaFunction,
  "aws:lambda/invocation:Invocation": invocation,
  "aws:lambda/permission:Permission": permission,
};
