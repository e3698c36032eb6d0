/** An error as Lambda answers it in the payload of a failed invocation. */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** "Invocation payload" of the Lambda quotas: 6 MB, and a little more for a response. */
const MAX_RESPONSE_BYTES = 6_291_556;
const SIGNAL_NAMES: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: "killed",
  SIGABRT: "aborted",
  SIGTERM: "terminated",
  SIGSEGV: "segmentation fault",
  SIGINT: "interrupt",
};

/** The error of an invocation whose process ended before it answered. */
export function exitError({ code, signal }: Exit, outOfMemory: boolean, requestId: string): FunctionError {
  const error = (cause: string) => `RequestId: ${requestId} Error: ${cause}`;
  if (outOfMemory) {
    // Lambda kills what exceeds its memory; here V8 ends itself, at the same limit.
    const errorMessage = error("Runtime exited with error: signal: killed");
    return { errorType: "Runtime.OutOfMemory", errorMessage };
  }
  const cause = signal
    ? `Runtime exited with error: signal: ${SIGNAL_NAMES[signal] ?? signal}`
    : code === 0
      ? "Runtime exited without providing a reason"
      : `Runtime exited with error: exit status ${code}`;
  return { errorType: "Runtime.ExitError", errorMessage: error(cause) };
}

/** The error of an invocation that did not end in time. */
export function timeoutError(timeoutMs: number, requestId: string): FunctionError {
  return {
    errorType: "Sandbox.Timedout",
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
  };
}

/** The error of an answer that is too large to be handed on, or nothing. */
export function responseSizeError(payload: string | undefined): FunctionError | undefined {
  const sizeBytes = Buffer.byteLength(payload ?? "");
  if (sizeBytes <= MAX_RESPONSE_BYTES) return undefined;
  return {
    errorType: "Function.ResponseSizeTooLarge",
    errorMessage: `Response payload size (${sizeBytes} bytes) exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
  };
}
