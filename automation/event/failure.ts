/**
 * Exit codes of `lastframe event`, by sysexits.h where it has a word for them. `gaps` and `damaged` are those of
 * `archive verify`: the event is over, and its manifest says what is missing.
 */
export const exitCodes = {
  done: 0,
  gaps: 1,
  damaged: 2,
  /** What was asked for cannot be done as it was put; nothing was changed. */
  usage: 64,
  /** AWS or the engine failed; `resume` goes on from there. */
  unavailable: 69,
  /** Refused for now: something is not archived yet, or somebody else is at it. */
  notYet: 75,
  /** Ctrl-C; `resume` goes on from there. */
  interrupted: 130,
} as const;

/** A way for a command to end. */
export type Ending = keyof typeof exitCodes;

/** An error that a person is told in one line, without a stack trace. */
export interface Failure extends Error, ForPrograms {
  ending: Ending;
}

/** What a program is told beside the line. */
interface ForPrograms {
  /** The command that goes on, where there is something to go on with. */
  resume?: string;
  /** What the command would have answered, as far as it came. */
  answer?: object;
}

/** Makes an error of one line: what happened, to which thing, and what to do. */
export function failure(
  ending: Ending,
  message: string,
  cause?: unknown,
  forPrograms: ForPrograms = {},
): Failure {
  return Object.assign(new Error(message, { cause }), { ending, ...forPrograms });
}

/** A failure as one JSON object in one line, for `--json`. */
export function failureJson(error: unknown): string {
  const { ending, line } = explain(error);
  const { resume, answer = {} } = error as Partial<Failure>;
  return JSON.stringify({ ...answer, error: line, ending, exitCode: exitCodes[ending], resume });
}

/** Whether an error says already what a person is to be told. */
export const isFailure = (error: unknown): error is Failure => error instanceof Error && "ending" in error;

/** How a command that threw this ends, and the line that says why. */
export function explain(error: unknown): { ending: Ending; line: string } {
  const {
    name,
    message = String(error),
    ending,
    $metadata,
  } = error as Partial<Failure> & { $metadata?: object };
  if (ending) return { ending, line: message };
  if (name === "CredentialsProviderError" || name === "TokenProviderError")
    return {
      ending: "usage",
      line: `no AWS credentials: ${firstLine(message)}; sign in as for the AWS CLI, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    };
  const what = $metadata ? `AWS answered ${name}: ${firstLine(message)}` : firstLine(message) || String(name);
  return { ending: "unavailable", line: what };
}

/** The first line of a text that may have many. */
export function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
