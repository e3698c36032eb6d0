import type { FunctionProcesses } from "../core/faults";
import type { CallAs, InvokeTarget, IssueCredentials, PutMetric, UseKey, WriteLog } from "../core/seams";
import { type Call, type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { makeUnderWay } from "../core/underWay";
import { makeAsyncInvocations } from "./asyncInvocation";
import { codeFolder, removeOldCode } from "./code";
import { makeConcurrencyOperations } from "./concurrency";
import { makeFunctionOperations, type Trusts } from "./functionOperations";
import type { LambdaFunction } from "./functions";
import { makeLambdaHttp } from "./http";
import { makeRunInvocation, type RunInvocation } from "./invocation";
import { makeInvoke } from "./invokeOperation";
import { makeMayLog } from "./logPermission";
import { makePermissionOperations } from "./permissions";
import { makeSandboxPool } from "./pool";
import { makeRoleChecks } from "./roleChecks";
import { makeTagOperations } from "./tags";

/** The Lambda service. */
export interface Lambda {
  http: HttpService;
  operations: Operations;
  /** Invokes a function for a caller inside the cloud and waits for its answer (RequestResponse). */
  invoke(request: { functionName: string; payload: string; call: Call }): Promise<{
    payload: string;
    functionError?: "Handled" | "Unhandled";
    executedVersion: string;
  }>;
  /** The processes that run functions now. */
  processes: FunctionProcesses;
  /** Ends every function's process. */
  close(): Promise<void>;
}

/**
 * Lambda for Node.js functions from zip archives. The shipped archive runs in processes of its own, one invocation at a
 * time in each, with the environment, role, time and memory limits of the function. A function's time is the machine's
 * time: timeouts, durations and `Date.now()` do not follow the cloud's clock; log timestamps and retries of events
 * do.
 */
export function makeLambda(
  deps: CloudDeps & {
    issueCredentials: IssueCredentials;
    writeLog: WriteLog;
    /** Makes calls as a function's role, which must be allowed to write its log; without it every log is written. */
    callAs?: CallAs;
    /** The folder of node_modules that stands in for the SDK which Lambda's runtimes bring. */
    nodePath: string;
    /** The Node.js that runs functions, this process's own unless given. */
    nodeExecutable?: string;
    /** Whether a role's trust policy lets a service take it on; without it every role is taken. */
    trusts?: Trusts;
    /** Publishes metrics; without it there are none. */
    putMetric?: PutMetric;
    /** Judges the use of keys; without it every key can be used. */
    useKey?: UseKey;
    /** Delivers dead letters of events; without it they end with their last retry. */
    invokeTarget?: InvokeTarget;
  },
): Lambda {
  const {
    issueCredentials,
    writeLog,
    callAs,
    nodePath,
    nodeExecutable = process.execPath,
    trusts,
    invokeTarget,
  } = deps;
  const functions = deps.store.document<Record<string, LambdaFunction>>("lambda", {});
  const codeRoot = deps.store.folder("lambda/code");
  // Archives that were replaced stay until the next start: a process may still be running them.
  for (const { name, codeSha256 } of Object.values(functions.value))
    removeOldCode(codeRoot, name, codeSha256);

  const pool = makeSandboxPool({
    deps,
    issueCredentials,
    nodePath,
    nodeExecutable,
    taskRoot: ({ name, codeSha256 }) => codeFolder(codeRoot, name, codeSha256),
  });
  const { checkSettings, openEnvironment } = makeRoleChecks(deps);
  const runInvocation = makeRunInvocation({
    deps,
    functions,
    pool,
    writeLog,
    openEnvironment,
    mayLog: callAs && makeMayLog(deps, callAs),
  });
  const underWay = makeUnderWay();
  const run: RunInvocation = (...invocation) => underWay.add(runInvocation(...invocation));
  const asyncInvocations = makeAsyncInvocations({ deps, functions, run, invokeTarget });
  const operations = guarded(deps, "lambda", {
    ...makeFunctionOperations({ deps, functions, codeRoot, trusts, checkSettings, onChange: pool.discard }),
    ...makePermissionOperations({ deps, functions }),
    ...makeConcurrencyOperations({ deps, functions }),
    ...makeTagOperations({ deps, functions }),
    Invoke: makeInvoke({ deps, functions, run, asyncInvocations }),
  });

  return {
    http: makeLambdaHttp(operations),
    operations,
    async invoke({ functionName, payload, call }) {
      const output = await operations.Invoke(
        { FunctionName: functionName, Payload: Buffer.from(payload) },
        call,
      );
      return {
        payload: output.Payload ?? "null",
        functionError: output.FunctionError as "Unhandled" | undefined,
        executedVersion: output.ExecutedVersion,
      };
    },
    processes: { runs: pool.runs, kill: pool.kill },
    async close() {
      asyncInvocations.close();
      await pool.close();
      // One whose process is gone still writes the end of its log.
      await underWay.none();
    },
  };
}
