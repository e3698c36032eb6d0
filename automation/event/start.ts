import { DescribeStreamCommand } from "@aws-sdk/client-kinesis-video";
import { type CameraFiles, cameraSettings, writeCameraFiles } from "./cameraSettings";
import { camerasText, streamNameOf } from "./cameras";
import { userPoolOf } from "./deviceUsers";
import { durationText } from "./duration";
import { engineRun } from "./engineRuns";
import { fromId, namesOf } from "./eventName";
import { failure } from "./failure";
import { resumable, resumably } from "./findEvent";
import { givePasswords } from "./passwords";
import type { Run } from "./progress";
import { type EventRecord, isAlive, nameOf, stackOf } from "./record";
import { otherBase } from "./stackState";
import type { Tools } from "./tools";

/** What a person asks for when an event begins. */
export interface StartRequest {
  name: string;
  /** Labels, which become parts of the streams' names. */
  cameras: string[];
  ttlMs: number;
  clipSeconds: number;
  /** Where the cameras' settings are written. */
  outFolder(id: string): string;
  /** Cameras whose phones get another one-time password. */
  newPasswords: string[];
}

/** An event that runs, and what its cameras need. */
export interface Started {
  record: EventRecord;
  cameras: CameraFiles[];
  /** Whether it was there already, just so. */
  isUnchanged: boolean;
}

/** Makes the stack of an event, or goes on making it. Asked twice for the same event it changes nothing. */
export async function startEvent(tools: Tools, request: StartRequest, run: Run): Promise<Started> {
  const { records, base, now } = tools;
  if (request.newPasswords.length > 0 && !userPoolOf(base))
    throw failure("usage", `[--new-passwords] phones do not sign in to ${tools.baseName}; leave it out`);
  const nowMs = await now();
  const wanted = recordFor(request, nowMs, tools);
  const alike = (await records.all()).filter((one) => nameOf(one) === request.name);
  const alive = alike.find(isAlive);
  if (alive) mustBeAlike(alive, wanted);
  else if (alike.some(({ id }) => id === wanted.id))
    throw failure(
      "usage",
      `[NAME] ${request.name} is taken: the event ${wanted.id} was today and is over; choose another, such as ${request.name}-2`,
    );
  if (!alive) {
    await Promise.all([stackMustBeFree(tools, wanted), streamsMustBeFree(tools, wanted)]);
    await records.create(wanted);
  }
  const record = alive ?? (await records.read(wanted.id)) ?? wanted;
  mustBeAlike(record, wanted);
  if (record.phase === "stopping" || record.phase === "destroying")
    throw failure("usage", `[NAME] ${request.name} is being stopped; ${resumable(record)}`);
  const isUnchanged = record.phase === "running";
  const running = isUnchanged ? record : await makeStack(tools, record, run);
  const folder = request.outFolder(running.id);
  if (running.userPoolId)
    return { isUnchanged, ...(await givePasswords(tools, running, { ...request, ...run, folder })) };
  const cameras = await writeCameraFiles(cameraSettings(running, base), folder);
  return { record: running, cameras, isUnchanged };
}

/** Makes the stack of an event that is starting, and says that it runs. */
export async function makeStack(tools: Tools, record: EventRecord, run: Run): Promise<EventRecord> {
  const { engine, base, records } = tools;
  // Everything that is deployed comes with it, which takes a second to load: commands that only look do without.
  const { eventProgram } = await import("./eventProgram");
  return resumably(record, async () => {
    await engineRun(
      tools,
      record,
      run,
      (signal) =>
        engine.up(stackOf(record), base.region, eventProgram(record, base), {
          listener: run.progress.engine("making the stack"),
          signal,
        }),
      async () => (await records.read(record.id))?.phase !== "starting",
    );
    return records.update(record.id, (one) =>
      one.phase === "starting" ? { ...one, phase: "running" } : one,
    );
  });
}

function recordFor(request: StartRequest, nowMs: number, { baseName, base }: Tools): EventRecord {
  const { name, cameras, ttlMs, clipSeconds } = request;
  return {
    version: 1,
    id: namesOf(name, nowMs).id,
    base: baseName,
    streams: cameras.map((camera) => ({ camera, name: streamNameOf(name, camera) })),
    clipSeconds,
    userPoolId: userPoolOf(base),
    startedAt: new Date(nowMs).toISOString(),
    endsAt: new Date(nowMs + ttlMs).toISOString(),
    phase: "starting",
  };
}

/** An event of this name that is there must be the one that is asked for; its day and its time may be others. */
function mustBeAlike(there: EventRecord, wanted: EventRecord): void {
  const name = nameOf(there);
  const streams = (one: EventRecord) => one.streams.map((stream) => stream.name).join(", ");
  const differs =
    streams(there) !== streams(wanted)
      ? `it runs with ${camerasText(there.streams.length)}: ${there.streams.map(({ camera }) => camera).join(", ")}`
      : there.clipSeconds !== wanted.clipSeconds
        ? `it runs with clips of ${there.clipSeconds} seconds`
        : there.base !== wanted.base
          ? `it runs on ${there.base}`
          : undefined;
  if (differs)
    throw failure("usage", `[NAME] ${name} is taken: ${differs}; choose another, or stop that one first`);
}

/** A stack's name is its own in the whole backend, whatever its environment. */
async function stackMustBeFree({ engine }: Tools, record: EventRecord): Promise<void> {
  const { stackName, base } = stackOf(record);
  const state = await engine.state(stackName);
  const other = state && otherBase(state, base);
  if (other)
    throw failure(
      "usage",
      `[NAME] ${nameOf(record)} is taken: the stack ${stackName} is that of an event on ${other}; choose another name, or write --base ${other}`,
    );
}

/** Streams have names of their own in the whole account, and someone else's must not be taken over. */
async function streamsMustBeFree({ clients }: Tools, { streams, id }: EventRecord): Promise<void> {
  for (const { name } of streams) {
    const isThere = await clients.control.send(new DescribeStreamCommand({ StreamName: name })).then(
      () => true,
      (error) => {
        if (error.name === "ResourceNotFoundException") return false;
        throw error;
      },
    );
    if (isThere)
      throw failure(
        "usage",
        `[NAME] ${fromId(id).name} is taken: this account has a stream ${name} already; choose another name, or delete that stream`,
      );
  }
}

/** What an event's start comes to, in one line. */
export function startedText({ record, isUnchanged }: Started, nowMs: number): string {
  const { name, stack } = fromId(record.id);
  const left = durationText(Date.parse(record.endsAt) - nowMs);
  const cameras = camerasText(record.streams.length);
  const what = isUnchanged ? "runs already, and nothing was changed" : "runs";
  return `${name} ${what}: ${cameras}, stack ${stack}, until ${record.endsAt} (${left})`;
}
