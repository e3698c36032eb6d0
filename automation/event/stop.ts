import { drainFunctionOf, drainStream, isRefusedByDrain } from "./drain";
import { engineRun } from "./engineRuns";
import { failure } from "./failure";
import { resumable, resumably } from "./findEvent";
import { drawUpManifest, type Manifest, manifestKey, readManifest, writeManifest } from "./manifest";
import { openOwnStream, ownState } from "./own";
import type { Run } from "./progress";
import { untilDisconnected, untilSilent } from "./quiet";
import { type EventRecord, nameOf, stackOf } from "./record";
import type { Tools } from "./tools";

/** How an event is to stop. */
export interface StopRequest {
  /** Whether devices lose their right to write at once, instead of when they have fallen silent. */
  now: boolean;
  /** Whether what cannot be archived is given up; the manifest names it. */
  abandon: boolean;
}

/** An event that is over. */
export interface Stopped {
  record: EventRecord;
  manifestKey: string;
  /** Nothing where somebody removed it. */
  manifest?: Manifest;
}

/** How often what turned up meanwhile is archived before it is told that something keeps turning up. */
const MAX_ROUNDS = 5;

/**
 * Stops an event, from wherever it is. The order is what keeps every fragment: cameras are silent (or are not waited
 * for), devices lose the right to write, no connection can be left, all that is listed is archived, the two lists are
 * compared, the manifest is written, and only then the stack goes; and before each stream goes, Drain lists it once more.
 * Any step may be repeated, by any number of machines at once.
 */
export async function stopEvent(
  tools: Tools,
  { id }: EventRecord,
  request: StopRequest,
  run: Run,
): Promise<Stopped> {
  return goOnStopping(tools, await askToStop(tools, id, request), run);
}

/**
 * Stops an event unless it has been given more time.
 * @param isDue asked of the record that is replaced, so an event is either extended or stopped, whoever is faster
 * @returns nothing where it is not due any more
 */
export async function stopIfDue(
  tools: Tools,
  { id }: EventRecord,
  isDue: (record: EventRecord) => boolean,
  run: Run,
): Promise<Stopped | undefined> {
  const record = await askToStop(tools, id, { now: true, abandon: false }, isDue);
  if (!isDue(record)) {
    run.progress.say(`${nameOf(record)} was extended until ${record.endsAt} meanwhile, and is left alone`);
    return undefined;
  }
  run.progress.say(`stopping ${nameOf(record)}, whose time was over at ${record.endsAt}`);
  return goOnStopping(tools, record, run);
}

/** From here on an event is stopped, by whoever comes. */
function askToStop(
  { records }: Tools,
  id: string,
  request: StopRequest,
  isAllowed: (record: EventRecord) => boolean = () => true,
): Promise<EventRecord> {
  return records.update(id, (one) => {
    if (one.phase === "stopped" || !isAllowed(one)) return one;
    const stop = { now: one.stop?.now || request.now, abandon: one.stop?.abandon || request.abandon };
    const isUnchanged = one.stop?.now === stop.now && one.stop.abandon === stop.abandon;
    if (one.phase === "destroying") return isUnchanged ? one : { ...one, stop };
    return { ...one, phase: "stopping", stop };
  });
}

/** Does what is left of stopping an event that was asked to. */
async function goOnStopping(tools: Tools, asked: EventRecord, run: Run): Promise<Stopped> {
  const record = await resumably(asked, () => untilStopped(tools, asked, run));
  const manifest = await readManifest(tools, record.id);
  return { record, manifest, manifestKey: manifestKey(tools.base.prefix, record.id) };
}

/** Takes an event from the phase that it is in to its end. */
async function untilStopped(tools: Tools, asked: EventRecord, run: Run): Promise<EventRecord> {
  let record = asked;
  for (let round = 1; record.phase !== "stopped"; round += 1) {
    if (record.phase === "stopping") {
      record = await close(tools, record, run);
      await writeManifest(tools, record, await archiveAll(tools, record, run));
      record = await inPhase(tools, record, "destroying");
    }
    try {
      record = await destroy(tools, record, run);
    } catch (error) {
      const { message } = error as Error;
      if (!isRefusedByDrain(message) || round === MAX_ROUNDS) throw error;
      // A fragment that was persisted after the comparison: the manifest does not have it yet.
      run.progress.say(`${message}; archiving that first`);
      record = await inPhase(tools, record, "stopping");
    }
  }
  return record;
}

/** Moves an event that is not over to another phase. */
function inPhase({ records }: Tools, { id }: EventRecord, phase: EventRecord["phase"]): Promise<EventRecord> {
  return records.update(id, (one) => (one.phase === "stopped" ? one : { ...one, phase }));
}

/** Cameras fall silent; devices lose their right to write; no connection can be left. */
async function close(tools: Tools, record: EventRecord, run: Run): Promise<EventRecord> {
  const { records, kinesisVideo, now } = tools;
  if (!record.stop?.now) await untilSilent(tools, record, run);
  for (const { name } of record.streams) {
    const own = await openOwnStream(tools, record, name);
    if (own) await kinesisVideo.setClosed(own.life.streamArn, true);
  }
  const nowMs = await now();
  const closed = await records.update(record.id, (one) =>
    one.closedAt ? one : { ...one, closedAt: new Date(nowMs).toISOString() },
  );
  run.progress.say("devices may not write any more");
  await untilDisconnected(tools, closed, Date.parse(closed.closedAt ?? ""), run);
  return closed;
}

/** Drains every stream until the listing and the ledger are equal. */
async function archiveAll(tools: Tools, record: EventRecord, { progress, signal }: Run): Promise<Manifest> {
  for (let round = 1; ; round += 1) {
    signal?.throwIfAborted();
    await drainAll(tools, record, { progress, signal });
    progress.show("comparing what was acknowledged with what is archived");
    const manifest = await drawUpManifest(tools, record, await readManifest(tools, record.id));
    const { abandoned } = manifest;
    if (abandoned.length === 0) return manifest;
    const owed = abandoned
      .map(({ stream, fragments }) => `${fragments.length} fragments of ${stream}`)
      .join(", ");
    if (record.stop?.abandon) {
      progress.say(`given up: ${owed}`);
      return manifest;
    }
    if (round === MAX_ROUNDS)
      throw failure(
        "notYet",
        `${owed} are acknowledged and not archived; nothing was destroyed. ${resumable(record)}, and --abandon gives them up`,
      );
  }
}

async function drainAll(tools: Tools, record: EventRecord, { progress, signal }: Run): Promise<void> {
  // As many functions at once as an account that is new may run.
  const atOnce = 8;
  const FunctionName = await drainFunctionOf(tools, record);
  const waiting = [...record.streams];
  let done = 0;
  const work = async () => {
    for (let camera = waiting.shift(); camera; camera = waiting.shift()) {
      await drainStream(tools, record, camera, { FunctionName, signal });
      done += 1;
      progress.show(`archiving: ${done} of ${record.streams.length} cameras are drained`, { drained: done });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** The stack goes, and the manifest is drawn up for good. Whoever comes second waits and finds it gone. */
async function destroy(tools: Tools, record: EventRecord, run: Run): Promise<EventRecord> {
  const { engine, records, base, now } = tools;
  const stack = stackOf(record);
  await engineRun(
    tools,
    record,
    run,
    async (signal) => {
      // Drain heeds what its stack says of giving up, so the stack must say it first.
      if (record.stop?.abandon && (await ownState(tools, record))) {
        const { eventProgram } = await import("./eventProgram");
        await engine.up(stack, base.region, eventProgram(record, base), {
          listener: run.progress.engine("telling the stack what is given up"),
          signal,
        });
      }
      await engine.destroy(stack, { listener: run.progress.engine("removing the stack"), signal });
    },
    async () => (await records.read(record.id))?.phase === "stopped",
  );
  // What Drain still found and archived, as the streams went, belongs into it.
  await writeManifest(
    tools,
    record,
    await drawUpManifest(tools, record, await readManifest(tools, record.id)),
  );
  const stoppedAt = new Date(await now()).toISOString();
  return records.update(record.id, (one) =>
    one.phase === "stopped" ? one : { ...one, phase: "stopped", stoppedAt },
  );
}

/** What a stop came to, for people. */
export function stoppedText({ record, manifest, manifestKey: key }: Stopped, bucket: string): string {
  const name = nameOf(record);
  const where = `s3://${bucket}/${key}`;
  if (!manifest) return `${name} is stopped; its manifest was ${where}, and is gone`;
  const { totals, coverage, answer, streams, abandoned } = manifest;
  const lines = [
    `${name} is stopped: ${answer}`,
    `  cameras    ${streams.length}`,
    `  archived   ${totals.fragments} fragments in ${totals.clips} clips, ${(totals.bytes / 1e6).toFixed(2)} MB, each fragment once`,
    `  covered    ${coverage.byAnyCamera.seconds.toFixed(1)} s by any camera, ${coverage.byAllCameras.seconds.toFixed(1)} s by all of them`,
    ...streams.flatMap(({ stream, gaps }) =>
      gaps.map(({ from, to, cause }) => `  gap        ${stream}, ${from} to ${to}: ${cause}`),
    ),
    ...abandoned.map(({ stream, fragments }) => `  given up   ${fragments.length} fragments of ${stream}`),
    `  manifest   ${where}`,
  ];
  return lines.join("\n");
}
