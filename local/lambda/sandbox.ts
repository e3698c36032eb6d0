import { spawn } from "node:child_process";
import * as path from "node:path";

/** An error as Lambda answers it in the payload of a failed invocation. */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** How an invocation ended. Times are of the machine, as a function's time is. */
export interface SandboxOutcome {
  /** The handler's answer as JSON. */
  payload?: string;
  error?: FunctionError;
  durationMs: number;
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

/** What the process says; see `bootstrap.js`. */
interface Message {
  ready?: true;
  failed?: FunctionError;
  log?: { level: string; text: string };
  result?: { payload?: string; error?: FunctionError; maxMemoryUsedMb: number; exiting?: true };
}

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Loading the code may take this long before it counts as the invocation's time (the init phase of on-demand functions). */
const INIT_LIMIT_MS = 10_000;
/** 6 MB and a little, "Invocation payload" of the Lambda quotas. */
const MAX_RESPONSE_BYTES = 6_291_556;
const SIGNAL_NAMES: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: "killed",
  SIGABRT: "aborted",
  SIGTERM: "terminated",
  SIGSEGV: "segmentation fault",
  SIGINT: "interrupt",
};

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
    [`--max-old-space-size=${memoryMb}`, path.join(__dirname, "bootstrap.js")],
    { cwd: taskRoot, env: environment, stdio: ["ignore", "pipe", "pipe", "ipc"], detached: true },
  );

  let retired = false;
  let outOfMemory = false;
  let initDurationMs: number | undefined;
  let onResult: ((result: NonNullable<Message["result"]>) => void) | undefined;

  const onStream = (text: string) => {
    if (text.includes("JavaScript heap out of memory")) outOfMemory = true;
    onOutput(text);
  };
  child.stdout?.setEncoding("utf8").on("data", onStream);
  child.stderr?.setEncoding("utf8").on("data", onStream);

  const exited = new Promise<Exit>((resolve) => {
    child.once("error", (error) => {
      retired = true;
      onOutput(`The sandbox did not start: ${error.message}`);
      resolve({ code: 1, signal: null });
    });
    child.once("exit", () => {
      retired = true;
      killGroup();
    });
    // Comes after everything the process had written.
    child.once("close", (code, signal) => resolve({ code, signal }));
  });

  const initialised = new Promise<FunctionError | undefined>((resolve) => {
    child.on("message", (message: Message) => {
      if (message.log) onOutput(message.log.text, message.log.level);
      if (message.failed) retired = true;
      if (message.ready) initDurationMs = performance.now() - startedMs;
      if (message.ready || message.failed) resolve(message.failed);
      if (message.result) {
        retired ||= message.result.exiting === true;
        onResult?.(message.result);
      }
    });
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

  const kill = async () => {
    retired = true;
    killGroup();
    await exited;
  };

  const exitError = ({ code, signal }: Exit, requestId: string): FunctionError => {
    const cause = outOfMemory
      ? "Runtime exited with error: signal: killed"
      : signal
        ? `Runtime exited with error: signal: ${SIGNAL_NAMES[signal] ?? signal}`
        : code === 0
          ? "Runtime exited without providing a reason"
          : `Runtime exited with error: exit status ${code}`;
    return {
      errorType: outOfMemory ? "Runtime.OutOfMemory" : "Runtime.ExitError",
      errorMessage: `RequestId: ${requestId} Error: ${cause}`,
    };
  };

  const invoke: Sandbox["invoke"] = async ({ timeoutMs, ...invocation }) => {
    const { requestId } = invocation;
    const cold = initDurationMs === undefined;
    if (cold) await firstOf<unknown>(INIT_LIMIT_MS, [initialised, exited]);
    const invokedMs = performance.now();
    const deadlineMs = Date.now() + timeoutMs;

    const run = async (): Promise<Partial<SandboxOutcome>> => {
      const error = await initialised;
      if (error) return { error };
      return new Promise((resolve) => {
        onResult = resolve;
        if (child.connected) child.send({ invoke: { ...invocation, deadlineMs } });
      });
    };
    const end = exited.then((exit) => ({ error: exitError(exit, requestId) }));
    const answer = await firstOf(timeoutMs, [run(), end]);
    onResult = undefined;
    const outcome = answer ?? { error: await timeOut(requestId, timeoutMs) };
    return {
      durationMs: performance.now() - invokedMs,
      maxMemoryUsedMb: outOfMemory ? memoryMb : 0,
      ...(cold && initDurationMs !== undefined ? { initDurationMs } : {}),
      ...limitResponse(outcome),
    };
  };

  async function timeOut(requestId: string, timeoutMs: number): Promise<FunctionError> {
    await kill();
    return {
      errorType: "Sandbox.Timedout",
      errorMessage: `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
    };
  }

  return { usable: () => !retired, invoke, kill };
}

function limitResponse(outcome: Partial<SandboxOutcome>): Partial<SandboxOutcome> {
  const sizeBytes = Buffer.byteLength(outcome.payload ?? "");
  if (sizeBytes <= MAX_RESPONSE_BYTES) return outcome;
  return {
    maxMemoryUsedMb: outcome.maxMemoryUsedMb,
    error: {
      errorType: "Function.ResponseSizeTooLarge",
      errorMessage: `Response payload size (${sizeBytes} bytes) exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
    },
  };
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
