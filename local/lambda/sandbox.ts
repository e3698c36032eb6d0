import { spawn } from "node:child_process";
import * as path from "node:path";
import { type Exit, exitError, type FunctionError, responseSizeError, timeoutError } from "./sandboxErrors";

/** How an invocation ended. Times are of the machine, as a function's time is. */
export interface SandboxOutcome {
  /** The handler's answer as JSON. */
  payload?: string;
  error?: FunctionError;
  durationMs: number;
  /** Highest use of the process so far; 0 when it ended before it could tell. */
  maxMemoryUsedMb: number;
  /** Of a sandbox's first invocation. */
  initDurationMs?: number;
}

/** One process that runs one invocation at a time. */
export interface Sandbox {
  /** Whether it can take another invocation. */
  usable(): boolean;
  invoke(invocation: {
    requestId: string;
    functionArn: string;
    payload: string;
    timeoutMs: number;
    clientContext?: object;
  }): Promise<SandboxOutcome>;
  /** Kills the process and what it started; resolves when it is gone. */
  kill(): Promise<void>;
}

/** What the process answers an invocation with. */
interface Result {
  payload?: string;
  error?: FunctionError;
  maxMemoryUsedMb?: number;
  /** The process ends itself after this. */
  exiting?: true;
}

/** What the process says; see `bootstrap.js`. */
interface Message {
  ready?: true;
  failed?: FunctionError;
  log?: { level: string; text: string };
  result?: Result;
}

/** Loading the code may take this long before it counts as the invocation's time (the init phase of on-demand functions). */
const INIT_LIMIT_MS = 10_000;

/**
 * Starts a process for a function. Its heap is limited to `memoryMb`; buffers outside of the heap are not.
 * `onOutput` gets console output with its level, and what the code writes to its standard streams without one.
 */
export function startSandbox(options: {
  nodeExecutable: string;
  taskRoot: string;
  environment: Record<string, string>;
  memoryMb: number;
  onOutput: (text: string, level?: string) => void;
}): Sandbox {
  const { nodeExecutable, taskRoot, environment, memoryMb, onOutput } = options;
  const startedMs = performance.now();
  // Leader of a group of its own, so that what the function starts can be ended with it.
  const child = spawn(
    nodeExecutable,
    // The name is for whoever lists processes.
    [
      `--max-old-space-size=${memoryMb}`,
      path.join(__dirname, "bootstrap.js"),
      environment.AWS_LAMBDA_FUNCTION_NAME ?? "",
    ],
    { cwd: taskRoot, env: environment, stdio: ["ignore", "pipe", "pipe", "ipc"], detached: true },
  );

  let retired = false;
  let outOfMemory = false;
  let initDurationMs: number | undefined;
  let onResult: ((result: Result) => void) | undefined;

  const onStream = (text: string) => {
    if (text.includes("JavaScript heap out of memory")) outOfMemory = true;
    onOutput(text);
  };
  child.stdout?.setEncoding("utf8").on("data", onStream);
  child.stderr?.setEncoding("utf8").on("data", onStream);

  const initialised = new Promise<FunctionError | undefined>((resolve) => {
    child.on("message", ({ ready, failed, log, result }: Message) => {
      if (log) onOutput(log.text, log.level);
      if (ready) initDurationMs = performance.now() - startedMs;
      if (failed || result?.exiting) retired = true;
      if (ready || failed) resolve(failed);
      if (result) onResult?.(result);
    });
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      retired = true;
      killGroup();
      resolve();
    });
    child.on("error", (error) => {
      retired = true;
      onOutput(`The sandbox failed: ${error.message}`);
      // A process that never was cannot exit.
      if (child.pid === undefined) resolve();
    });
  });
  /** Comes after everything the process had said. */
  const closed = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });

  function killGroup() {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      // The group is gone already, which is what was wanted.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  async function kill() {
    retired = true;
    killGroup();
    await exited;
  }

  async function invoke({ timeoutMs, ...invocation }: Parameters<Sandbox["invoke"]>[0]) {
    const { requestId } = invocation;
    const cold = initDurationMs === undefined;
    if (cold) await firstOf<unknown>(INIT_LIMIT_MS, [initialised, closed]);
    const invokedMs = performance.now();
    const deadlineMs = Date.now() + timeoutMs;

    const run = async (): Promise<Result> => {
      const error = await initialised;
      if (error) return { error };
      return new Promise((resolve) => {
        onResult = resolve;
        if (child.connected) child.send({ invoke: { ...invocation, deadlineMs } });
      });
    };
    const end = closed.then((exit): Result => ({ error: exitError(exit, outOfMemory, requestId) }));
    const result = await firstOf(timeoutMs, [run(), end]);
    onResult = undefined;
    if (!result) await kill();
    const { payload, error, maxMemoryUsedMb } = result ?? { error: timeoutError(timeoutMs, requestId) };
    return {
      payload,
      error: error ?? responseSizeError(payload),
      durationMs: performance.now() - invokedMs,
      maxMemoryUsedMb: maxMemoryUsedMb ?? (outOfMemory ? memoryMb : 0),
      initDurationMs: cold ? initDurationMs : undefined,
    };
  }

  return { usable: () => !retired, invoke, kill };
}

/** The first of `promises` to settle, or nothing when `limitMs` pass before. */
async function firstOf<T>(limitMs: number, promises: Promise<T>[]): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined);
  });
  try {
    return await Promise.race([...promises, limit]);
  } finally {
    clearTimeout(timer);
  }
}
