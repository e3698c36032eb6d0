import { awsError } from "../core/errors";
import { makeCountMetric } from "../core/metrics";
import type { PutMetric, WriteLog } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { Functions, LambdaFunction } from "./functions";
import type { MayLog } from "./logPermission";
import type { PooledSandbox, SandboxPool } from "./pool";
import type { RoleChecks } from "./roleChecks";
import type { SandboxOutcome } from "./sandbox";
import type { FunctionError } from "./sandboxErrors";

/** "Concurrent executions" of the Lambda quotas. */
export const ACCOUNT_CONCURRENCY = 1000;
/** What LogType Tail answers: the last 4 KB. */
const TAIL_BYTES = 4096;

/** A finished invocation as the Invoke API answers it. */
export interface InvocationAnswer {
  payload: string;
  functionError?: "Unhandled";
  /** The last 4 KB of the log. */
  logTail: string;
}

interface Invocation {
  requestId: string;
  payload: string;
  clientContext?: object;
}

/** Runs an invocation in a sandbox. @throws TooManyRequestsException beyond the function's or the account's concurrency */
export type RunInvocation = (
  lambdaFunction: LambdaFunction,
  invocation: Invocation,
) => Promise<InvocationAnswer>;

/** Makes the runner of invocations, which counts concurrency and writes each sandbox's log. */
export function makeRunInvocation(options: {
  deps: CloudDeps & { putMetric?: PutMetric };
  functions: Functions;
  pool: SandboxPool;
  writeLog: WriteLog;
  mayLog?: MayLog;
  openEnvironment: RoleChecks["openEnvironment"];
}): RunInvocation {
  const { deps, functions, pool, writeLog, openEnvironment, mayLog = async () => true } = options;
  const { clock } = deps;
  const count = makeCountMetric(deps, "AWS/Lambda");
  const running = new Map<string, number>();
  const runningOf = (name: string) => running.get(name) ?? 0;

  function admit({ name }: LambdaFunction) {
    const reserved = functions.value[name]?.reservedConcurrency;
    const others = Object.values(functions.value);
    const unreserved = others.filter((other) => other.reservedConcurrency === undefined);
    const busyUnreserved = unreserved.reduce((sum, other) => sum + runningOf(other.name), 0);
    const sharedLimit = ACCOUNT_CONCURRENCY - totalReserved(functions);
    const refused = reserved === undefined ? busyUnreserved >= sharedLimit : runningOf(name) >= reserved;
    count("Throttles", { FunctionName: name }, refused ? 1 : 0);
    if (!refused) return;
    const reason = reserved === undefined ? "" : "ReservedFunction";
    throw awsError("TooManyRequestsException", 429, "Rate Exceeded.", {
      Type: "User",
      Reason: `${reason}ConcurrentInvocationLimitExceeded`,
    });
  }

  /** A function whose log group is gone runs all the same, and what it says is lost, as in AWS. */
  function writeIfThere(entry: Parameters<WriteLog>[0]) {
    try {
      writeLog(entry);
    } catch (error) {
      if ((error as Error).name !== "ResourceNotFoundException") throw error;
    }
  }

  return async (lambdaFunction, { requestId, payload, clientContext }) => {
    const { name } = lambdaFunction;
    await openEnvironment(lambdaFunction);
    admit(lambdaFunction);
    running.set(name, runningOf(name) + 1);
    try {
      return await run(await pool.acquire(lambdaFunction), lambdaFunction, {
        requestId,
        payload,
        clientContext,
      });
    } finally {
      running.set(name, runningOf(name) - 1);
    }
  };

  async function run(
    pooled: PooledSandbox,
    lambdaFunction: LambdaFunction,
    { requestId, payload, clientContext }: Invocation,
  ): Promise<InvocationAnswer> {
    const { name } = lambdaFunction;
    let logTail = "";
    let isLogged = false;
    const write = (message: string) => {
      const { logStreamName } = pooled;
      const { logGroupName } = lambdaFunction;
      if (isLogged) writeIfThere({ logGroupName, logStreamName, message, timestampMs: clock.nowMs() });
      logTail = (logTail + message).slice(-TAIL_BYTES);
    };
    const nowText = () => new Date(clock.nowMs()).toISOString();
    pooled.onOutput = (text, level) => {
      if (level) return write(`${nowText()}\t${requestId}\t${level}\t${text}\n`);
      for (const line of text.split("\n").filter(Boolean)) write(`${line}\n`);
    };
    try {
      isLogged = await mayLog(lambdaFunction, pooled.logStreamName);
      write(`START RequestId: ${requestId} Version: $LATEST\n`);
      const outcome = await pooled.sandbox.invoke({
        requestId,
        functionArn: lambdaFunction.arn,
        payload,
        timeoutMs: lambdaFunction.timeoutSeconds * 1000,
        clientContext,
      });
      const dimensions = { FunctionName: name };
      count("Invocations", dimensions);
      count("Errors", dimensions, outcome.error ? 1 : 0);
      count("Duration", dimensions, outcome.durationMs, "Milliseconds");
      if (outcome.error) write(describeEnd(outcome.error, requestId, nowText()));
      write(`END RequestId: ${requestId}\n`);
      write(report(requestId, lambdaFunction, outcome));
      if (outcome.error)
        return { payload: JSON.stringify(outcome.error), functionError: "Unhandled", logTail };
      return { payload: outcome.payload ?? "null", logTail };
    } finally {
      await pool.release(pooled, functions.value[name]);
    }
  }
}

/** The sum of all functions' reserved concurrency. */
export function totalReserved(functions: Functions): number {
  return Object.values(functions.value).reduce(
    (sum, { reservedConcurrency }) => sum + (reservedConcurrency ?? 0),
    0,
  );
}

/** The log line by which the platform tells of a death that the function could not log itself. */
function describeEnd({ errorType, errorMessage }: FunctionError, requestId: string, now: string): string {
  if (errorType === "Sandbox.Timedout")
    return `${now} ${requestId} ${errorMessage.replace(/^.*Error: /, "")}\n\n`;
  if (PLATFORM_ERRORS.has(errorType)) return `${errorMessage}\n${errorType}\n`;
  return "";
}

const PLATFORM_ERRORS = new Set(["Runtime.ExitError", "Runtime.OutOfMemory"]);

/** The REPORT line. Durations are of the machine's time, which is the time of a function's process. */
function report(requestId: string, { memoryMb }: LambdaFunction, outcome: SandboxOutcome): string {
  const { durationMs, initDurationMs = 0, maxMemoryUsedMb, error } = outcome;
  const status =
    error?.errorType === "Sandbox.Timedout"
      ? ["Status: timeout"]
      : error && PLATFORM_ERRORS.has(error.errorType)
        ? ["Status: error", `Error Type: ${error.errorType}`]
        : [];
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs + initDurationMs)} ms`,
    `Memory Size: ${memoryMb} MB`,
    `Max Memory Used: ${maxMemoryUsedMb} MB`,
    ...(initDurationMs ? [`Init Duration: ${initDurationMs.toFixed(2)} ms`] : []),
    ...status,
  ];
  return `${fields.join("\t")}\t\n`;
}
