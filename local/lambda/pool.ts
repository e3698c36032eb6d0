import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { awsError } from "../core/errors";
import type { IssueCredentials } from "../core/seams";
import type { CloudDeps } from "../core/service";
import { sandboxEnvironment } from "./environment";
import type { LambdaFunction } from "./functions";
import { type Sandbox, startSandbox } from "./sandbox";

/** Of the machine's time; Lambda keeps an idle environment for some minutes too. */
const IDLE_LIMIT_MS = 5 * 60_000;

/** Processes that work at a time, and as many idle ones. More would only take memory, and time from each other. */
const MAX_AT_ONCE = Math.max(16, 4 * availableParallelism());

/** A sandbox and the log stream that it writes, as each of Lambda's environments has its own. */
export interface PooledSandbox {
  sandbox: Sandbox;
  lambdaFunction: LambdaFunction;
  logStreamName: string;
  /** Its own: by it the process is told apart from others of the function. */
  accessKeyId: string;
  credentialsExpireMs: number;
  /** Takes what the process prints; set by the invocation that runs. */
  onOutput: (text: string, level?: string) => void;
  idleTimer?: NodeJS.Timeout;
}

/**
 * Sandboxes of all functions: idle ones are used again, and more are started when all are busy; an invocation waits where
 * the machine has no room for another, as one waits in AWS for its environment.
 */
export interface SandboxPool {
  /** Hands out a sandbox for one invocation. Credentials that would end during it get a new sandbox. */
  acquire(lambdaFunction: LambdaFunction): Promise<PooledSandbox>;
  /** Takes a sandbox back, or ends it when it cannot serve the function as it is now. */
  release(pooled: PooledSandbox, current: LambdaFunction | undefined): Promise<void>;
  /** Ends the idle sandboxes of a function that changed or went. */
  discard(functionName: string): Promise<void>;
  /** Whether the process with these credentials runs. */
  runs(accessKeyId: string): boolean;
  /** Kills the process with these credentials as it stands, as a lost host would; resolves when it is gone. */
  kill(accessKeyId: string): Promise<void>;
  close(): Promise<void>;
}

/** Makes an empty pool. `taskRoot` says where a function's code is. */
export function makeSandboxPool(options: {
  deps: CloudDeps;
  issueCredentials: IssueCredentials;
  nodePath: string;
  nodeExecutable: string;
  taskRoot: (lambdaFunction: LambdaFunction) => string;
}): SandboxPool {
  const { deps, issueCredentials, nodePath, nodeExecutable, taskRoot } = options;
  const { clock } = deps;
  const idle = new Set<PooledSandbox>();
  const busy = new Set<PooledSandbox>();
  /** Those whose turn is now or comes next, in the order in which they came. */
  const waiting: (() => void)[] = [];
  let admitted = 0;
  let closed = false;

  async function room(): Promise<void> {
    if (admitted < MAX_AT_ONCE) admitted += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  }

  /** Passes the room of one that is not busy any more on to whoever waits. */
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else admitted -= 1;
  }

  function start(lambdaFunction: LambdaFunction): PooledSandbox {
    const day = new Date(clock.nowMs()).toISOString().slice(0, 10).replaceAll("-", "/");
    const logStreamName = `${day}/[$LATEST]${randomUUID().replaceAll("-", "")}`;
    const credentials = issueCredentials({
      roleArn: lambdaFunction.role,
      sessionName: lambdaFunction.name,
    });
    const folder = taskRoot(lambdaFunction);
    const pooled: PooledSandbox = {
      lambdaFunction,
      logStreamName,
      accessKeyId: credentials.accessKeyId,
      credentialsExpireMs: credentials.expiration.getTime(),
      onOutput: () => undefined,
      sandbox: startSandbox({
        nodeExecutable,
        taskRoot: folder,
        memoryMb: lambdaFunction.memoryMb,
        environment: sandboxEnvironment(lambdaFunction, {
          ...deps,
          taskRoot: folder,
          nodePath,
          logStreamName,
          credentials,
        }),
        onOutput: (text, level) => pooled.onOutput(text, level),
      }),
    };
    return pooled;
  }

  const fits = (pooled: PooledSandbox, lambdaFunction: LambdaFunction) =>
    pooled.sandbox.usable() &&
    pooled.lambdaFunction.name === lambdaFunction.name &&
    pooled.lambdaFunction.revisionId === lambdaFunction.revisionId &&
    // Credentials, like processes, live on the machine's time.
    pooled.credentialsExpireMs > Date.now() + lambdaFunction.timeoutSeconds * 1000;

  async function end(pooled: PooledSandbox) {
    clearTimeout(pooled.idleTimer);
    idle.delete(pooled);
    await pooled.sandbox.kill();
  }

  const withKey = (accessKeyId: string) =>
    [...idle, ...busy].find((pooled) => pooled.accessKeyId === accessKeyId && pooled.sandbox.usable());

  return {
    async acquire(lambdaFunction) {
      await room();
      try {
        if (closed) throw awsError("ServiceException", 500, "Lambda is being shut down");
        const pooled =
          [...idle].find((candidate) => fits(candidate, lambdaFunction)) ?? start(lambdaFunction);
        clearTimeout(pooled.idleTimer);
        idle.delete(pooled);
        busy.add(pooled);
        return pooled;
      } catch (error) {
        leave();
        throw error;
      }
    },
    async release(pooled, current) {
      if (!busy.delete(pooled)) return;
      leave();
      if (!current || !fits(pooled, current)) return end(pooled);
      const [oldest] = idle;
      if (oldest && idle.size >= MAX_AT_ONCE) void end(oldest);
      pooled.idleTimer = setTimeout(() => void end(pooled), IDLE_LIMIT_MS).unref();
      idle.add(pooled);
    },
    async discard(functionName) {
      const stale = [...idle].filter(({ lambdaFunction }) => lambdaFunction.name === functionName);
      await Promise.all(stale.map(end));
    },
    runs: (accessKeyId) => withKey(accessKeyId) !== undefined,
    async kill(accessKeyId) {
      await withKey(accessKeyId)?.sandbox.kill();
    },
    async close() {
      closed = true;
      for (const next of waiting.splice(0)) next();
      await Promise.all([...idle, ...busy].map(end));
    },
  };
}
