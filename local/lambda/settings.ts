import { awsError } from "../core/errors";
import { RESERVED_VARIABLES } from "./environment";
import type { FunctionSettings, LambdaFunction } from "./functions";

/** The members of CreateFunction and UpdateFunctionConfiguration that are understood here. */
export interface SettingsInput {
  FunctionName?: string;
  Runtime?: string;
  Role?: string;
  Handler?: string;
  Description?: string;
  Timeout?: number;
  MemorySize?: number;
  EphemeralStorage?: { Size: number };
  Environment?: { Variables?: Record<string, string> };
  TracingConfig?: { Mode?: string };
  LoggingConfig?: { LogFormat?: string; LogGroup?: string };
  DeadLetterConfig?: { TargetArn?: string };
  KMSKeyArn?: string;
  VpcConfig?: { SubnetIds?: string[]; SecurityGroupIds?: string[]; Ipv6AllowedForDualStack?: boolean };
}

const SETTINGS = new Set([
  "FunctionName",
  "Runtime",
  "Role",
  "Handler",
  "Description",
  "Timeout",
  "MemorySize",
  "EphemeralStorage",
  "Environment",
  "TracingConfig",
  "LoggingConfig",
  "DeadLetterConfig",
  "KMSKeyArn",
  "VpcConfig",
]);
const MAX_VARIABLES_BYTES = 4096;

/** An error of a request's value. */
export function invalid(message: string) {
  return awsError("InvalidParameterValueException", 400, message);
}

/** Refuses members that Lambda knows and this machine does not, unless they are empty and so change nothing. */
export function refuseUnknown(input: object, known: (name: string) => boolean): void {
  for (const [name, value] of Object.entries(input)) {
    if (!known(name) && !isEmpty(value)) {
      throw invalid(`${name} is not supported by the Lambda of this machine; leave it out`);
    }
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === false) return true;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}

function inRange(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw awsError(
    "ValidationException",
    400,
    `1 validation error detected: Value '${String(value)}' at '${name}' failed to satisfy constraint: ` +
      `Member must be between ${min} and ${max}`,
  );
}

/** Reads the settings that `input` names over those of `before` (or Lambda's defaults). */
export function readSettings(
  input: SettingsInput,
  before: FunctionSettings,
  isMemberOfOperation: (name: string) => boolean = () => false,
): FunctionSettings {
  refuseUnknown(input, (name) => SETTINGS.has(name) || isMemberOfOperation(name));
  const given = <T, U>(value: T | undefined | null, read: (value: T) => U, otherwise: U): U =>
    value === undefined || value === null ? otherwise : read(value);
  return {
    runtime: given(input.Runtime, readRuntime, before.runtime),
    role: given(input.Role, readRole, before.role),
    handler: given(input.Handler, readHandler, before.handler),
    description: input.Description ?? before.description,
    timeoutSeconds: given(input.Timeout, (value) => inRange("timeout", value, 1, 900), before.timeoutSeconds),
    memoryMb: given(input.MemorySize, (value) => inRange("memorySize", value, 128, 10_240), before.memoryMb),
    ephemeralStorageMb: given(
      input.EphemeralStorage,
      ({ Size }) => inRange("ephemeralStorage.size", Size, 512, 10_240),
      before.ephemeralStorageMb,
    ),
    variables: given(input.Environment, ({ Variables = {} }) => readVariables(Variables), before.variables),
    tracingMode: given(input.TracingConfig, readTracing, before.tracingMode),
    logGroupName: given(
      input.LoggingConfig,
      (logging) => readLogGroup(logging, before.logGroupName),
      before.logGroupName,
    ),
    deadLetterArn: given(
      input.DeadLetterConfig,
      ({ TargetArn }) => TargetArn || undefined,
      before.deadLetterArn,
    ),
    kmsKeyArn: given(input.KMSKeyArn, (arn) => arn || undefined, before.kmsKeyArn),
    vpc: given(input.VpcConfig, readVpc, before.vpc),
  };
}

function readRuntime(runtime: string): FunctionSettings["runtime"] {
  if (runtime === "nodejs22.x" || runtime === "nodejs24.x") return runtime;
  throw invalid(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ` +
      "[nodejs22.x, nodejs24.x] or be a valid ARN",
  );
}

function readRole(role: string): string {
  if (/^arn:aws:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/.test(role)) return role;
  throw invalid(`1 validation error detected: Value '${role}' at 'role' is not the ARN of a role`);
}

function readHandler(handler: string): string {
  if (/^[^\s.]\S*\.\S+$/.test(handler) && !handler.includes("..") && handler.length <= 128) return handler;
  throw invalid(`Value '${handler}' at 'handler' is not of the form file.export`);
}

function readVariables(variables: Record<string, string>): Record<string, string> {
  const reserved = Object.keys(variables).filter((name) => RESERVED_VARIABLES.includes(name));
  const refusal =
    "Lambda was unable to configure your environment variables because the environment variables you have provided";
  if (reserved.length > 0) {
    throw invalid(
      `${refusal} contains reserved keys that are currently not supported for modification. ` +
        `Reserved keys used in this request: ${reserved.join(", ")}`,
    );
  }
  const measured = JSON.stringify(variables);
  if (Buffer.byteLength(measured) > MAX_VARIABLES_BYTES) {
    throw invalid(`${refusal} exceeded the 4KB limit. String measured: ${measured}`);
  }
  return variables;
}

/** Subnets and security groups come together; none of either takes the function out of its VPC. */
function readVpc({ SubnetIds = [], SecurityGroupIds = [] }: NonNullable<SettingsInput["VpcConfig"]>) {
  if (SubnetIds.length === 0 && SecurityGroupIds.length === 0) return undefined;
  if (SubnetIds.length === 0 || SecurityGroupIds.length === 0) {
    throw invalid(
      "SecurityGroupIds and SubnetIds must be provided together: VpcConfig has one without the other",
    );
  }
  const stranger = [
    ...SubnetIds.filter((id) => !/^subnet-[0-9a-f]+$/.test(id)),
    ...SecurityGroupIds.filter((id) => !/^sg-[0-9a-f]+$/.test(id)),
  ];
  if (stranger.length > 0)
    throw invalid(`Error occurred while DescribeSubnets or DescribeSecurityGroups: ${stranger}`);
  return { subnetIds: SubnetIds, securityGroupIds: SecurityGroupIds };
}

function readTracing({ Mode = "PassThrough" }: { Mode?: string }): FunctionSettings["tracingMode"] {
  if (Mode === "PassThrough" || Mode === "Active") return Mode;
  throw invalid(`Value '${Mode}' at 'tracingConfig.mode' is neither PassThrough nor Active`);
}

function readLogGroup(logging: NonNullable<SettingsInput["LoggingConfig"]>, before: string): string {
  refuseUnknown(logging, (name) => name === "LogFormat" || name === "LogGroup");
  if (logging.LogFormat && logging.LogFormat !== "Text") {
    throw invalid(`LoggingConfig.LogFormat ${logging.LogFormat} is not supported on this machine; use Text`);
  }
  return logging.LogGroup || before;
}

/** A function as FunctionConfiguration describes it. */
export function describeConfiguration(lambdaFunction: LambdaFunction): object {
  const { variables, deadLetterArn } = lambdaFunction;
  return {
    FunctionName: lambdaFunction.name,
    FunctionArn: lambdaFunction.arn,
    Runtime: lambdaFunction.runtime,
    Role: lambdaFunction.role,
    Handler: lambdaFunction.handler,
    CodeSize: lambdaFunction.codeSizeBytes,
    CodeSha256: lambdaFunction.codeSha256,
    Description: lambdaFunction.description,
    Timeout: lambdaFunction.timeoutSeconds,
    MemorySize: lambdaFunction.memoryMb,
    LastModified: new Date(lambdaFunction.lastModifiedMs).toISOString().replace("Z", "+0000"),
    Version: "$LATEST",
    ...(Object.keys(variables).length > 0 ? { Environment: { Variables: variables } } : {}),
    ...(deadLetterArn ? { DeadLetterConfig: { TargetArn: deadLetterArn } } : {}),
    ...(lambdaFunction.kmsKeyArn ? { KMSKeyArn: lambdaFunction.kmsKeyArn } : {}),
    ...(lambdaFunction.vpc ? { VpcConfig: vpcMembers(lambdaFunction.vpc) } : {}),
    TracingConfig: { Mode: lambdaFunction.tracingMode },
    RevisionId: lambdaFunction.revisionId,
    State: "Active",
    LastUpdateStatus: "Successful",
    PackageType: "Zip",
    Architectures: [lambdaFunction.architecture],
    EphemeralStorage: { Size: lambdaFunction.ephemeralStorageMb },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: { LogFormat: "Text", LogGroup: lambdaFunction.logGroupName },
  };
}

/** There is no EC2 here that would know the VPC of a subnet. */
const vpcMembers = ({ subnetIds, securityGroupIds }: NonNullable<FunctionSettings["vpc"]>) => ({
  SubnetIds: subnetIds,
  SecurityGroupIds: securityGroupIds,
  VpcId: "vpc-0123456789abcdef0",
  Ipv6AllowedForDualStack: false,
});
