import { drainFunctionOf } from "./drain";
import type { RunOptions } from "./engine";
import { engineRun } from "./engineRuns";
import { type Failure, failure, firstLine } from "./failure";
import { openOwnStream, ownState } from "./own";
import type { Run } from "./progress";
import { type EventRecord, nameOf, stackOf } from "./record";
import { hasGuards, isWhole } from "./stackState";
import type { Tools } from "./tools";

/**
 * Sees to it that an event which is to stop can archive what it was sent: where its start never came to the Drain, and a
 * stream holds fragments already, the rest of the stack is made first. This comes before devices are shut out, since a
 * stream that Drain begins to guard is opened to them (`handlers/drain.ts`).
 * @throws a failure where Drain cannot be made, unless what is held is to be given up
 */
export async function provideDrain(tools: Tools, asked: EventRecord, run: Run): Promise<EventRecord> {
  if ((await drainFunctionOf(tools, asked)) || !(await holdsFootage(tools, asked))) return asked;
  const { progress } = run;
  progress.say(
    "the stack has no Drain, and its streams hold footage: making the rest of it, to archive that",
  );
  const record = await tools.records.update(asked.id, ({ closedAt, ...one }) => one);
  try {
    await engineRun(
      tools,
      record,
      run,
      (signal) => upAsFarAsPossible(tools, record, { listener: progress.engine("making the stack"), signal }),
      async () => (await tools.records.read(record.id))?.phase !== "stopping",
    );
  } catch (error) {
    const { ending, message } = error as Failure;
    if (ending !== "unavailable") throw error;
    if (await drainFunctionOf(tools, record)) progress.say(`${message}; Drain is there all the same`);
    else if (record.stop?.abandon) progress.say(`${message}; going on without Drain`);
    else
      throw failure(
        ending,
        `${firstLine(message)}; without it nothing of ${nameOf(record)} can be archived, and --abandon gives up what its streams hold`,
        error,
      );
  }
  return record;
}

/**
 * Has a stack say to its Drain what is given up, which heeds that as the streams go. Of a stack that was never whole, a
 * resource may be impossible to make for ever: what guards there are hear of it all the same.
 */
export async function tellGivenUp(
  tools: Tools,
  record: EventRecord,
  { progress, signal }: Run,
): Promise<void> {
  const state = await ownState(tools, record);
  if (!state || !hasGuards(state)) return;
  try {
    const listener = progress.engine("telling the stack what is given up");
    await upAsFarAsPossible(tools, record, { listener, signal });
  } catch (error) {
    const { ending, message } = error as Failure;
    if (ending !== "unavailable" || isWhole(state)) throw error;
    progress.say(`${message}; removing the stack as it is`);
  }
}

async function upAsFarAsPossible(
  { engine, base }: Tools,
  record: EventRecord,
  options: RunOptions,
): Promise<void> {
  const { eventProgram } = await import("./eventProgram");
  const program = eventProgram(record, base);
  await engine.up(stackOf(record), base.region, program, { ...options, continueOnError: true });
}

async function holdsFootage(tools: Tools, record: EventRecord): Promise<boolean> {
  const toMs = await tools.now();
  const held = await Promise.all(
    record.streams.map(async ({ name }) => {
      const own = await openOwnStream(tools, record, name);
      return own ? (await own.source.list({ fromMs: own.life.createdMs, toMs })).fragments.length : 0;
    }),
  );
  return held.some((fragments) => fragments > 0);
}
