import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Command, CommanderError } from "commander";
import { type CameraFiles, cameraText } from "./event/cameraSettings";
import { cameraLabels } from "./event/cameras";
import { durationText, parseDuration } from "./event/duration";
import { checkName, fromId } from "./event/eventName";
import { exitCodes, explain, failure } from "./event/failure";
import { findEvent } from "./event/findEvent";
import { makeProgress, type Progress } from "./event/progress";
import { type EventRecord, isAlive, nameOf } from "./event/record";
import { makeStack, startEvent, startedText } from "./event/start";
import { makeStatus, statusText, table } from "./event/status";
import { type Stopped, type StopRequest, stopEvent, stoppedText } from "./event/stop";
import { type Tools, withTools } from "./event/tools";

/** The options of every command. */
interface CommonOptions {
  base: string;
  json: boolean;
}

/** What Ctrl-C ends. */
interface Run {
  progress: Progress;
  signal: AbortSignal;
}

const MINUTE_MS = 60_000;
const SHORTEST_TTL_MS = 10 * MINUTE_MS;
const LONGEST_TTL_MS = 14 * 24 * 60 * MINUTE_MS;

/** How often a watched status is looked at. */
const WATCH_MS = 2_000;

/** Cameras of which codes are drawn in the terminal; of more, the files are enough. */
const MAX_CODES = 12;

/** `lastframe event`: recording events, from their stack to their manifest. */
export function eventCommand(): Command {
  const event = new Command("event").description(
    "Recording events: a stack of its own for as long as it lasts, its footage for ever.",
  );

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
    .action((name: string, options: CommonOptions & StartOptions) =>
      run(name, options, start(name, options)),
    );

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
      const ttlMs = ttl(options.ttl);
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

interface StartOptions {
  cameras?: string;
  streams?: string;
  ttl: string;
  clip: string;
  out?: string;
}

function withCommon(command: Command): Command {
  return command
    .option("--base <stack>", "the environment's stack, which `pulumi up` made", "dev")
    .option("--json", "print one JSON object; progress goes to standard error as JSON lines", false)
    .allowExcessArguments(false);
}

/** Checks what was written before anything is opened; answers what is to be done with the tools. */
function start(written: string, options: CommonOptions & StartOptions) {
  const name = checkName(written);
  const cameras = cameraLabels(options);
  const ttlMs = ttl(options.ttl);
  const clipSeconds = Number(options.clip);
  if (!/^\d+$/.test(options.clip) || clipSeconds < 10 || clipSeconds > 900)
    throw failure("usage", `[--clip] is ${options.clip}; write a whole number of seconds from 10 to 900`);
  const outFolder = (id: string) => path.resolve(options.out ?? fromId(id).stack);
  return async (tools: Tools, how: Run) => {
    const started = await startEvent(tools, { name, cameras, ttlMs, clipSeconds, outFolder }, how);
    how.progress.end();
    if (options.json)
      return answer({
        ...describe(started.record),
        unchanged: started.isUnchanged,
        cameras: started.cameras,
      });
    console.log(startedText(started, await tools.now()));
    await printCameras(started.cameras);
  };
}

async function printCameras(cameras: CameraFiles[]): Promise<void> {
  for (const [index, camera] of cameras.entries()) {
    const text = await cameraText(camera);
    console.log(index < MAX_CODES ? text : text.split("\n")[0]);
  }
}

async function status(
  tools: Tools,
  name: string,
  { json, watch }: CommonOptions & { watch: boolean },
  signal: AbortSignal,
): Promise<void> {
  const look = makeStatus(tools, (await findEvent(tools, name)).id);
  const isScreen = watch && !json && process.stdout.isTTY;
  for (;;) {
    const found = await look();
    const text = json ? JSON.stringify(found, undefined, watch ? undefined : 2) : statusText(found);
    process.stdout.write(isScreen ? `\x1b[H\x1b[2J${text}\n` : `${text}\n`);
    if (!watch || signal.aborted) return;
    await delay(WATCH_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

async function list(tools: Tools, { json }: CommonOptions): Promise<void> {
  const all = await tools.records.all();
  if (json) return answer({ events: all.map(describe) });
  if (all.length === 0) return console.log(`${tools.baseName} has had no events`);
  const nowMs = await tools.now();
  const columns = ["event", "phase", "cameras", "time"];
  const rows = all.map((one) => [
    one.id,
    one.phase,
    String(one.streams.length),
    isAlive(one) ? timeLeft(one, nowMs) : `stopped at ${one.stoppedAt}`,
  ]);
  console.log(table([columns, ...rows]).join("\n"));
}

function timeLeft({ endsAt }: EventRecord, nowMs: number): string {
  const leftMs = Date.parse(endsAt) - nowMs;
  return leftMs > 0 ? `${durationText(leftMs)} left` : `over for ${durationText(-leftMs)}`;
}

async function extend(
  tools: Tools,
  name: string,
  { ttlMs, json }: CommonOptions & { ttlMs: number },
): Promise<void> {
  const found = await findEvent(tools, name);
  const endsAt = new Date((await tools.now()) + ttlMs).toISOString();
  const record = await tools.records.update(found.id, (one) => {
    if (one.phase === "starting" || one.phase === "running") return { ...one, endsAt };
    throw failure("usage", `[NAME] ${nameOf(one)} is ${one.phase}, and gets no more time`);
  });
  if (json) answer(describe(record));
  else console.log(`${nameOf(record)} runs until ${record.endsAt} (${durationText(ttlMs)})`);
}

async function resume(
  tools: Tools,
  name: string,
  options: CommonOptions & { abandon: boolean },
  how: Run,
): Promise<void> {
  const record = await findEvent(tools, name);
  if (record.phase === "stopping" || record.phase === "destroying") {
    const request = { now: record.stop?.now ?? false, abandon: options.abandon };
    return tellStopped(tools, options, await stopEvent(tools, record, request, how));
  }
  if (record.phase === "starting") {
    const running = await makeStack(tools, record, how);
    how.progress.end();
    if (options.json) return answer(describe(running));
    return console.log(
      `${startedText({ record: running, cameras: [], isUnchanged: false }, await tools.now())}; \`lastframe event start\` prints the cameras' settings again`,
    );
  }
  how.progress.end();
  if (options.json) return answer(describe(record));
  console.log(`${nameOf(record)} is ${record.phase}: nothing to resume`);
}

/** Events whose time is over are stopped at once: their devices may write no more. */
async function sweep(tools: Tools, { json }: CommonOptions, { progress, signal }: Run): Promise<void> {
  const nowMs = await tools.now();
  const due = (await tools.records.all()).filter((one) => isAlive(one) && Date.parse(one.endsAt) <= nowMs);
  const failed: string[] = [];
  const stopped: Stopped[] = [];
  for (const record of due) {
    progress.say(`stopping ${nameOf(record)}, whose time was over at ${record.endsAt}`);
    try {
      stopped.push(await stopEvent(tools, record, { now: true, abandon: false }, { progress, signal }));
    } catch (error) {
      // The others must not wait for it; the next sweep comes back to it.
      if (signal.aborted) throw error;
      failed.push(`${nameOf(record)}: ${explain(error).line}`);
    }
  }
  progress.end();
  if (json)
    answer({
      stopped: stopped.map(({ record, manifest }) => ({ ...describe(record), answer: manifest?.answer })),
      failed,
    });
  else if (due.length === 0) console.log("no event's time is over");
  else for (const one of stopped) console.log(stoppedText(one, tools.base.bucket));
  if (failed.length > 0)
    throw failure("unavailable", `not stopped: ${failed.join("; ")}; the next sweep tries again`);
}

function tellStopped(tools: Tools, { json }: CommonOptions, stopped: Stopped): void {
  const { record, manifest, manifestKey: key } = stopped;
  const { bucket } = tools.base;
  if (json) answer({ ...describe(record), manifest: { bucket, key, ...summary(manifest) } });
  else console.log(stoppedText(stopped, bucket));
  if (manifest?.answer === "gaps") process.exitCode = exitCodes.gaps;
  if (manifest?.answer === "damaged") process.exitCode = exitCodes.damaged;
}

function summary(manifest: Stopped["manifest"]) {
  if (!manifest) return {};
  const { answer: worst, totals, coverage, abandoned } = manifest;
  return { answer: worst, totals, coverage, abandoned };
}

/** An event for programs. */
const describe = (record: EventRecord) => ({
  ...record,
  name: nameOf(record),
  stack: fromId(record.id).stack,
});

const answer = (value: object): void => console.log(JSON.stringify(value, undefined, 2));

function ttl(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= SHORTEST_TTL_MS && ms <= LONGEST_TTL_MS) return ms;
  throw failure("usage", `[--ttl] is ${text}; write a time from 10m to 14d, such as 90m, 6h or 2d`);
}

/** Opens the tools and does what was asked; the first Ctrl-C ends it cleanly, the second at once. */
async function run(
  label: string,
  { base, json }: CommonOptions,
  act: (tools: Tools, how: Run) => Promise<void> | void,
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
    throw failure("interrupted", `interrupted; ${goOn}`, error);
  } finally {
    progress.end();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

/** Runs a command line; a failure is one line, and its exit code says of which kind. */
export async function main(program: Command, args: string[]): Promise<void> {
  throwErrors(program);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
      return;
    }
    const { ending, line } = explain(error);
    console.error(`error: ${line}`);
    process.exitCode = exitCodes[ending];
  }
}

/** Has Commander throw instead of ending the process with an exit code of its own. */
function throwErrors(command: Command): void {
  command.exitOverride();
  for (const one of command.commands) throwErrors(one);
}

if (require.main === module) void main(eventCommand().name("npm run event --"), process.argv.slice(2));
