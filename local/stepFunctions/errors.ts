/** An error of a state: what Retry and Catch match, and what a failed execution shows. */
export interface StateError extends Error {
  /** The error's name, such as `States.Timeout`. */
  error: string;
  cause: string;
  /** For a failed expression, the field that holds it. */
  location?: string;
}

/** Makes the error of a state. */
export function stateError(error: string, cause: string, location?: string): StateError {
  return Object.assign(new Error(`${error}: ${cause}`), { error, cause, location });
}

/** Whether `thrown` is an error of a state, and not a fault of this program or the end of the execution. */
export function isStateError(thrown: unknown): thrown is StateError {
  return thrown instanceof Error && "error" in thrown && typeof thrown.error === "string";
}

/** Errors that no Retry or Catch takes: "terminal errors" of the error handling page. */
const TERMINAL_ERRORS = ["States.DataLimitExceeded", "States.Runtime"];

/** Whether a retrier's or catcher's ErrorEquals takes the error. */
export function matchesError(errorEquals: string[], error: string): boolean {
  if (TERMINAL_ERRORS.includes(error)) return false;
  return errorEquals.some(
    (name) =>
      name === error || name === "States.ALL" || (name === "States.TaskFailed" && error !== "States.Timeout"),
  );
}

/** 256 KiB, "Maximum input or output size for a task, state, or execution". */
export const MAX_DATA_BYTES = 262_144;

/** Answers `value` as JSON has it. @throws States.DataLimitExceeded when that is larger than a state may carry */
export function limitData(value: unknown, what: string): unknown {
  const text = JSON.stringify(value) ?? "null";
  if (Buffer.byteLength(text) <= MAX_DATA_BYTES) return JSON.parse(text) as unknown;
  throw stateError(
    "States.DataLimitExceeded",
    `${what} returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}
