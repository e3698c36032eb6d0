import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Call, CloudDeps, Need } from "../core/service";
import type { StoredDocument } from "../core/store";
import { resourceTagContext } from "../core/tagContext";

/** A statement of a function's resource policy, as AddPermission writes it. */
export interface PermissionStatement {
  Sid: string;
  Effect: "Allow";
  Principal: "*" | { Service: string } | { AWS: string };
  Action: string;
  Resource: string;
  Condition?: Record<string, Record<string, string>>;
}

/** The settings of a function that its owner may change. Sizes in MB, times in seconds, as Lambda has them. */
export interface FunctionSettings {
  runtime: "nodejs22.x" | "nodejs24.x";
  role: string;
  /** `file.export`, below the archive's root. */
  handler: string;
  description: string;
  timeoutSeconds: number;
  memoryMb: number;
  ephemeralStorageMb: number;
  variables: Record<string, string>;
  tracingMode: "PassThrough" | "Active";
  /** Where console output goes; `/aws/lambda/NAME` unless set. */
  logGroupName: string;
  /** A queue or topic for events that failed every attempt. */
  deadLetterArn?: string;
  /** The key that the environment is under, if not the one that AWS manages. */
  kmsKeyArn?: string;
  /** The network that the function is in. On this machine its processes reach the same places all the same. */
  vpc?: { subnetIds: string[]; securityGroupIds: string[] };
}

/** A function with its code and everything attached to it. */
export interface LambdaFunction extends FunctionSettings {
  name: string;
  arn: string;
  architecture: "x86_64" | "arm64";
  /** SHA-256 of the archive in base64; its folder is named by it in hex. */
  codeSha256: string;
  codeSizeBytes: number;
  lastModifiedMs: number;
  /** New with every change; a sandbox serves one revision only. */
  revisionId: string;
  tags: Record<string, string>;
  permissions: PermissionStatement[];
  /** Reserved concurrency; 0 stops the function. */
  reservedConcurrency?: number;
}

/** All functions by name. */
export type Functions = StoredDocument<Record<string, LambdaFunction>>;

/** The ARN of the function called `name`. */
export function functionArn({ region, accountId }: Pick<CloudDeps, "region" | "accountId">, name: string) {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}

/**
 * The name in any of the forms that FunctionName may have: `my-function`, `123456789012:function:my-function`, an ARN,
 * each with a qualifier or not.
 * @throws ResourceNotFoundException for a qualifier other than `$LATEST`: versions and aliases are not kept here
 */
export function readFunctionName(functionName: unknown, qualifier?: string): string {
  const pattern =
    /^(?:(?:arn:aws:lambda:[a-z0-9-]+:)?\d{12}:function:)?([A-Za-z0-9_-]{1,64})(?::(\$LATEST|[A-Za-z0-9_-]+))?$/;
  const match = typeof functionName === "string" ? pattern.exec(functionName) : undefined;
  if (!match?.[1]) {
    throw awsError(
      "ValidationException",
      400,
      `1 validation error detected: Value '${String(functionName)}' at 'functionName' failed to satisfy constraint: ` +
        "write a function's name or ARN",
    );
  }
  const asked = qualifier ?? match[2] ?? "$LATEST";
  if (asked !== "$LATEST") {
    throw awsError("ResourceNotFoundException", 404, `Function not found: ${match[1]}:${asked}`);
  }
  return match[1];
}

/** Finds a function. @throws ResourceNotFoundException */
export function findFunction(functions: Functions, deps: CloudDeps, name: string): LambdaFunction {
  const found = entryOf(functions.value, name);
  if (found) return found;
  throw awsError("ResourceNotFoundException", 404, `Function not found: ${functionArn(deps, name)}`);
}

/** The function's resource policy as a document, if it has statements. */
export function resourcePolicy({ permissions }: LambdaFunction): object | undefined {
  if (permissions.length === 0) return undefined;
  return { Version: "2012-10-17", Id: "default", Statement: permissions };
}

/** The functions and where they live. */
export interface FunctionsOf {
  deps: CloudDeps;
  functions: Functions;
}

/** Finds the function that an operation is about, once the caller may do `action` on it. */
export async function openFunction(
  { deps, functions }: FunctionsOf,
  action: string,
  { FunctionName, Qualifier }: { FunctionName?: string; Qualifier?: string },
  call: Call,
): Promise<LambdaFunction> {
  const name = readFunctionName(FunctionName, Qualifier);
  await call.authorize(functionNeed(functions, deps, action, name));
  return findFunction(functions, deps, name);
}

/** What a call to `action` on the function called `name` needs; the function may not exist yet. */
export function functionNeed(functions: Functions, deps: CloudDeps, action: string, name: string): Need {
  const found = entryOf(functions.value, name);
  return {
    action: `lambda:${action}`,
    resource: functionArn(deps, name),
    context: resourceTagContext(found?.tags),
    resourcePolicy: found && resourcePolicy(found),
  };
}
