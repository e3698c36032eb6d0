import { isAwsError } from "../core/errors";
import type { CallAs } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { LambdaFunction } from "./functions";

/** Whether a function's role lets its log be written to a stream of its group. */
export type MayLog = (lambdaFunction: LambdaFunction, logStreamName: string) => Promise<boolean>;

/**
 * Lambda writes a function's log with the permissions of the function's role
 * (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html): without them there is none, and nobody
 * is told.
 */
export function makeMayLog({ region, accountId }: CloudDeps, callAs: CallAs): MayLog {
  return async ({ role, name, logGroupName }, logStreamName) => {
    const resource = `arn:aws:logs:${region}:${accountId}:log-group:${logGroupName}:log-stream:${logStreamName}`;
    try {
      await callAs({ roleArn: role, sessionName: name }).authorize(
        { action: "logs:CreateLogStream", resource },
        { action: "logs:PutLogEvents", resource },
      );
      return true;
    } catch (error) {
      if (isAwsError(error) && error.statusCode === 403) return false;
      throw error;
    }
  };
}
