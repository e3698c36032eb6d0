import { type CommandError, ConcurrentUpdateError, type EngineEvent } from "@pulumi/pulumi/automation";
import { type Failure, failure, firstLine } from "./failure";

/** Another engine holds the stack. With a file backend it says whose process that is. */
export interface StackLocked extends Failure {
  lockedBy?: { pid: number; host: string };
  /** Nothing is known but that its state was half written at that moment. */
  isBeingWritten: boolean;
}

export const isStackLocked = (error: unknown): error is StackLocked =>
  error instanceof Error && "isBeingWritten" in error;

/** Gathers what the engine says of resources that failed. */
export function engineProblems() {
  const problems: string[] = [];

  return {
    take({ diagnosticEvent, resOpFailedEvent }: EngineEvent): void {
      if (diagnosticEvent?.severity === "error") {
        const { urn = "", message } = diagnosticEvent;
        problems.push(`${resourceOf(urn)}${oneLine(message)}`);
      } else if (resOpFailedEvent && problems.length === 0) {
        const { urn, op } = resOpFailedEvent.metadata;
        problems.push(`${resourceOf(urn)}could not ${op}`);
      }
    },
    explain(error: CommandError): Error {
      const known = explainCommand(error);
      // A resource's own problem says more than the summary that the stack's update failed.
      const [first] = problems.filter((text) => !/^update failed|resource operation/.test(text));
      return isStackLocked(known) || !first ? known : failure("unavailable", first, error);
    },
  };
}

/** What a command of the CLI failed with, in one line. */
export function explainCommand(error: CommandError): Error {
  const text = error.message ?? String(error);
  const problem = firstLine(/error: ([\s\S]*)/.exec(text)?.[1] ?? text.replace(/^code:.*\n/, ""));
  // A file backend's state is read while another engine writes it.
  const isBeingWritten = /failed to load checkpoint: (EOF|unexpected end)/.test(text);
  if (isBeingWritten || error instanceof ConcurrentUpdateError) {
    const [, host, pid] = /created by \S+@(\S+) \(pid (\d+)\)/.exec(text) ?? [];
    const lockedBy = host && pid ? { host, pid: Number(pid) } : undefined;
    return Object.assign(failure("notYet", "another engine works on the stack; wait for it to end", error), {
      lockedBy,
      isBeingWritten,
    });
  }
  if (/passphrase/.test(text))
    return failure(
      "usage",
      "[PULUMI_CONFIG_PASSPHRASE] is missing or wrong; set it as for `pulumi up`",
      error,
    );
  if (/PULUMI_ACCESS_TOKEN must be set|not logged in/i.test(text))
    return failure(
      "usage",
      "no Pulumi backend is chosen; run `pulumi login` (`pulumi login --local` keeps state on this machine), or set PULUMI_BACKEND_URL",
      error,
    );
  return failure("unavailable", `Pulumi: ${problem}`, error);
}

/** A resource's name and type out of its URN, as the beginning of a sentence. */
function resourceOf(urn: string): string {
  const [type, name] = urn.split("::").slice(2);
  return name && type !== "pulumi:pulumi:Stack" ? `${name} (${type?.split("$").at(-1)}): ` : "";
}

function oneLine(text: string): string {
  return text
    .trim()
    .split(/\s*\n\s*/)
    .join(" ");
}
