import { type CameraFiles, cameraCode, cameraLine } from "./cameraSettings";
import { durationText } from "./duration";
import { fromId } from "./eventName";
import { exitCodes, explain, failure } from "./failure";
import { findEvent } from "./findEvent";
import type { Run } from "./progress";
import { type EventRecord, isAlive, nameOf } from "./record";
import { makeStack, type StartRequest, startEvent, startedText } from "./start";
import { makeStatus, statusText, table, watchStatus } from "./status";
import { type Stopped, stopEvent, stopIfDue, stoppedText } from "./stop";
import type { Tools } from "./tools";

/** The options of every command. */
export interface CommonOptions {
  base: string;
  json: boolean;
}

/** Cameras of which codes are drawn in the terminal; of more, the files are enough. */
const MAX_CODES = 12;

/** Makes the stack of an event, and says what each camera needs. */
export async function start(
  tools: Tools,
  request: StartRequest,
  { json }: CommonOptions,
  run: Run,
): Promise<void> {
  const started = await startEvent(tools, request, run);
  run.progress.end();
  if (json)
    return answer({
      ...describe(started.record),
      unchanged: started.isUnchanged,
      // What is printed may be kept: a password is only in the files.
      cameras: started.cameras.map(({ password, ...camera }) => camera),
    });
  console.log(startedText(started, await tools.now()));
  await printCameras(started.cameras);
}

async function printCameras(cameras: CameraFiles[]): Promise<void> {
  for (const [index, camera] of cameras.entries()) {
    console.log(cameraLine(camera));
    // A code that has a password is for the phone in front of the screen, not for a log.
    const isShown = !camera.password || process.stdout.isTTY;
    if (index < MAX_CODES && isShown) console.log(await cameraCode(camera));
  }
  if (cameras.some(({ user, password }) => user && !password))
    console.log(
      "passwords are in the settings that were written first; --new-passwords CAMERA gives another",
    );
}

/** How each camera of an event stands, once or until Ctrl-C. */
export async function status(
  tools: Tools,
  name: string,
  { json, watch }: CommonOptions & { watch: boolean },
  signal: AbortSignal,
): Promise<void> {
  const look = makeStatus(tools, (await findEvent(tools, name)).id);
  if (watch) return watchStatus(look, { out: process.stdout, isJson: json, signal });
  const found = await look();
  if (json) answer(found);
  else console.log(statusText(found));
}

/** The events of an environment. */
export async function list(tools: Tools, { json }: CommonOptions): Promise<void> {
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

/** Gives an event more time. */
export async function extend(
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

/** Goes on with what was interrupted. */
export async function resume(
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
export async function sweep(
  tools: Tools,
  { json }: CommonOptions,
  { progress, signal }: Required<Run>,
): Promise<void> {
  const nowMs = await tools.now();
  const isDue = ({ endsAt }: EventRecord) => Date.parse(endsAt) <= nowMs;
  const due = (await tools.records.all()).filter((one) => isAlive(one) && isDue(one));
  const failed: string[] = [];
  const stopped: Stopped[] = [];
  for (const record of due) {
    try {
      const one = await stopIfDue(tools, record, isDue, { progress, signal });
      if (one) stopped.push(one);
    } catch (error) {
      // The others must not wait for it; the next sweep comes back to it.
      if (signal.aborted) throw error;
      failed.push(`${nameOf(record)}: ${explain(error).line}`);
    }
  }
  progress.end();
  const told = {
    stopped: stopped.map(({ record, manifest }) => ({ ...describe(record), answer: manifest?.answer })),
    failed,
  };
  if (!json && stopped.length + failed.length === 0) console.log("no event's time is over");
  if (!json) for (const one of stopped) console.log(stoppedText(one, tools.base.bucket));
  if (failed.length > 0) {
    const line = `not stopped: ${failed.join("; ")}; the next sweep tries again`;
    throw failure("unavailable", line, undefined, { answer: told });
  }
  if (json) answer(told);
}

/** Prints what an event left behind, which also decides how the command ends. */
export function tellStopped(tools: Tools, { json }: CommonOptions, stopped: Stopped): void {
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
