import { Command, CommanderError } from "commander";
import {
  type CommonOptions,
  extend,
  list,
  resume,
  start,
  status,
  sweep,
  tellStopped,
} from "./event/commands";
import { exitCodes, explain, type Failure, failure, failureJson } from "./event/failure";
import { findEvent } from "./event/findEvent";
import { makeProgress, type Run } from "./event/progress";
import { readStart, readTtl, type StartOptions } from "./event/startOptions";
import { type StopRequest, stopEvent } from "./event/stop";
import { type Tools, withTools } from "./event/tools";

/** `lastframe event`: recording events, from their stack to their manifest. */
export function eventCommand(): Command {
  const event = new Command("event").description(
    "Recording events: a stack of its own for as long as it lasts, its footage for ever.",
  );
  throwErrors(event);

  withCommon(event.command("start"))
    .description("Makes the stack of an event, and says what each camera needs.")
    .argument("<NAME>", "what the event is called: small letters, digits and dashes")
    .option("--cameras <N>", "how many cameras record it (default: 1)")
    .option("--streams <a,b,c>", "what they are called, instead of a number")
    .option("--ttl <time>", "after which `sweep` may stop it, such as 90m, 6h or 2d", "6h")
    .option("--clip <seconds>", "length of a clip in S3", "60")
    .option(
      "--out <folder>",
      "where the cameras' settings are written (default: a folder called as the stack)",
    )
    .option("--new-passwords <a,b>", "of which cameras the phones get another one-time password")
    .action((name: string, options: CommonOptions & StartOptions) => {
      const request = readStart(name, options);
      return run(name, options, (tools, how) => start(tools, request, options, how));
    });

  withCommon(event.command("status"))
    .description("How each camera of an event stands.")
    .argument("<NAME>", "the event's name or id")
    .option("--watch", "go on until Ctrl-C", false)
    .action((name: string, options: CommonOptions & { watch: boolean }) =>
      run(name, options, (tools, { signal }) => status(tools, name, options, signal)),
    );

  withCommon(event.command("stop"))
    .description(
      "Waits for the cameras to fall silent, archives everything, writes the manifest, removes the stack.",
    )
    .argument("<NAME>", "the event's name or id")
    .option("--now", "do not wait for silence: take away the cameras' right to write", false)
    .option("--abandon", "give up what cannot be archived; the manifest names it", false)
    .action((name: string, options: CommonOptions & StopRequest) =>
      run(name, options, async (tools, { progress, signal }) => {
        const record = await findEvent(tools, name);
        return tellStopped(tools, options, await stopEvent(tools, record, options, { progress, signal }));
      }),
    );

  withCommon(event.command("list"))
    .description("The events of an environment, newest first.")
    .action((options: CommonOptions) => run("events", options, (tools) => list(tools, options)));

  withCommon(event.command("extend"))
    .description("Gives a running event more time, from now on.")
    .argument("<NAME>", "the event's name or id")
    .requiredOption("--ttl <time>", "how much, such as 90m, 6h or 2d")
    .action((name: string, options: CommonOptions & { ttl: string }) => {
      const ttlMs = readTtl(options.ttl);
      return run(name, options, (tools) => extend(tools, name, { ...options, ttlMs }));
    });

  withCommon(event.command("resume"))
    .description("Goes on with an event whose start or stop was interrupted.")
    .argument("<NAME>", "the event's name or id")
    .option("--abandon", "give up what cannot be archived; the manifest names it", false)
    .action((name: string, options: CommonOptions & { abandon: boolean }) =>
      run(name, options, (tools, how) => resume(tools, name, options, how)),
    );

  withCommon(event.command("sweep"))
    .description("Stops every event whose time is over. May run from cron, on several machines at once.")
    .action((options: CommonOptions) =>
      run("sweep", options, (tools, how) => sweep(tools, options, how), "the next sweep goes on from there"),
    );

  return event;
}

function withCommon(command: Command): Command {
  return command
    .option("--base <stack>", "the environment's stack, which `pulumi up` made", "dev")
    .option("--json", "print one JSON object; progress goes to standard error as JSON lines", false)
    .allowExcessArguments(false);
}

/** Opens the tools and does what was asked; the first Ctrl-C ends it cleanly, the second at once. */
async function run(
  label: string,
  { base, json }: CommonOptions,
  act: (tools: Tools, how: Required<Run>) => Promise<void> | void,
  goOn = `\`lastframe event resume ${label}\` goes on from there`,
): Promise<void> {
  const progress = makeProgress(process.stderr, { isJson: json, label });
  const interrupted = new AbortController();
  const interrupt = () => {
    if (interrupted.signal.aborted) process.exit(exitCodes.interrupted);
    progress.say("interrupted: ending what is under way; Ctrl-C again ends at once");
    interrupted.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  try {
    await withTools(base, async (tools) => act(tools, { progress, signal: interrupted.signal }));
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw failure("interrupted", `interrupted; ${goOn}`, error, { resume: (error as Failure).resume });
  } finally {
    progress.end();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

/**
 * Runs a command line; a failure is one line, or with `--json` one object where the answer would be, and its exit code
 * says of which kind.
 */
export async function main(program: Command, args: string[]): Promise<void> {
  throwErrors(program);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? misread(thrown) : thrown;
    if (!error) return;
    const { ending, line } = explain(error);
    if (args.includes("--json")) console.log(failureJson(error));
    else console.error(`error: ${line}`);
    process.exitCode = exitCodes[ending];
  }
}

/** Has Commander throw, instead of printing an error and ending the process; commands that are made of it do the same. */
function throwErrors(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
}

/** A command line that Commander could not read; nothing where it printed its help, which it does not have to be told. */
function misread({ code, exitCode, message }: CommanderError): Failure | undefined {
  if (!code.startsWith("commander.help") && exitCode !== 0)
    return failure("usage", message.replace(/^error: /, ""));
  process.exitCode = exitCode === 0 ? exitCodes.done : exitCodes.usage;
  return undefined;
}

if (require.main === module) void main(eventCommand().name("npm run event --"), process.argv.slice(2));
