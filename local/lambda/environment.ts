import type { SessionCredentials } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { LambdaFunction } from "./functions";

/**
 * Variables that Lambda sets itself and a function's configuration may not name ("Defined runtime environment
 * variables", reserved).
 */
export const RESERVED_VARIABLES = [
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_DEFAULT_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_RUNTIME_API",
  "AWS_REGION",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "LAMBDA_RUNTIME_DIR",
  "LAMBDA_TASK_ROOT",
];

/** The whole environment of a function's process: what Lambda gives it, and where this cloud answers. */
export function sandboxEnvironment(
  lambdaFunction: LambdaFunction,
  {
    region,
    endpointUrl,
    taskRoot,
    nodePath,
    logStreamName,
    credentials,
  }: Pick<CloudDeps, "region" | "endpointUrl"> & {
    taskRoot: string;
    nodePath: string;
    logStreamName: string;
    credentials: SessionCredentials;
  },
): Record<string, string> {
  return {
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    NODE_PATH: nodePath,
    AWS_ENDPOINT_URL: endpointUrl(),
    // The SDK must not meet the settings of the person at this machine (~/.aws).
    HOME: taskRoot,
    ...lambdaFunction.variables,
    _HANDLER: lambdaFunction.handler,
    LAMBDA_TASK_ROOT: taskRoot,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${lambdaFunction.runtime}`,
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_FUNCTION_NAME: lambdaFunction.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(lambdaFunction.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_LOG_GROUP_NAME: lambdaFunction.logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: logStreamName,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
}
