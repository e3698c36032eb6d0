import { setTimeout as delay } from "node:timers/promises";
import { isStackLocked, type StackLocked } from "./engineProblems";
import { type Failure, failure } from "./failure";
import { idsOfHalfMade } from "./halfMade";
import { isGone, type Lease, takeLease } from "./lease";
import type { Run } from "./progress";
import { archivePrefix, type EventRecord, stackOf } from "./record";
import type { Tools } from "./tools";

/** How often the engine is started before its failure is told. Most of what fails once does not fail again. */
const MAX_TRIES = 3;

/** Does something that only one machine at a time may do to an event, when its turn comes. */
export async function alone<Result>(
  { vault, base }: Tools,
  id: string,
  { progress, signal }: Run,
  act: (lease: Lease) => Promise<Result>,
): Promise<Result> {
  const lease = await takeLease({
    vault,
    key: `${archivePrefix(base.prefix, id)}lease.json`,
    signal,
    onWait: ({ host, pid }) =>
      progress.say(`process ${pid} on ${host} works on the stack; waiting for it to end`),
  });
  try {
    return await act(lease);
  } finally {
    await lease.release();
  }
}

/**
 * Has the engine work on an event's stack: one machine at a time, after whatever a dead one left behind, and again when
 * it fails.
 * @param work runs the engine; asked again after a failure
 * @param isSettled asked when it is this machine's turn: whether somebody else has done it meanwhile
 */
export function engineRun(
  tools: Tools,
  record: EventRecord,
  run: Run,
  work: (signal: AbortSignal) => Promise<void>,
  isSettled: () => Promise<boolean>,
): Promise<void> {
  return alone(tools, record.id, run, async (lease) => {
    if (await isSettled()) return;
    if (lease.inheritedFrom) {
      const { host, pid } = lease.inheritedFrom;
      run.progress.say(`process ${pid} on ${host} ended in the middle of its work; going on from there`);
    }
    await untilDone(tools, record, lease, run, work);
  });
}

/** Runs the engine until it did what it should, or fails time and again. */
async function untilDone(
  tools: Tools,
  record: EventRecord,
  lease: Lease,
  { progress, signal }: Run,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { engine } = tools;
  const stack = stackOf(record);
  const { stackName } = stack;
  const signals = AbortSignal.any([lease.lost, ...(signal ? [signal] : [])]);
  // Whether another engine may have left something half made.
  let isUnsure = lease.inheritedFrom !== undefined;
  for (let failures = 0; ; ) {
    try {
      if (isUnsure) await mend();
      isUnsure = false;
      return await work(signals);
    } catch (error) {
      lease.lost.throwIfAborted();
      isUnsure = true;
      if (isStackLocked(error)) {
        await endLock(error);
        continue;
      }
      const { ending, message } = error as Failure;
      failures += 1;
      if (ending !== "unavailable" || failures === MAX_TRIES) throw error;
      progress.say(`${message}; trying again`);
      await delay(1_000 * failures, undefined, { signal });
    }
  }

  /** What an engine was making when it died is not in the stack's state; made again, it would be there twice. */
  async function mend(): Promise<void> {
    const left = await engine.halfMade(stack);
    if (left.length > 0) await engine.adopt(stackName, await idsOfHalfMade(tools, record, left));
  }

  /**
   * The lease is had, so whoever locked the stack is a dead tool's engine, or somebody who works on it with the CLI. An
   * engine that lives is waited for: its lock must not be taken from it.
   */
  async function endLock({ lockedBy, isBeingWritten }: StackLocked): Promise<void> {
    const isStale = lockedBy ? isGone(lockedBy) : !isBeingWritten && lease.inheritedFrom !== undefined;
    if (isStale) {
      progress.say("the stack's lock is that of an engine that is gone; taking it away");
      await engine.unlock(stackName);
      return;
    }
    if (!lockedBy && !isBeingWritten)
      throw failure(
        "notYet",
        `another engine works on the stack ${stackName}; wait for it to end, then resume`,
      );
    const who = lockedBy ? `engine ${lockedBy.pid} on ${lockedBy.host}` : "another engine";
    progress.show(
      `${who} still works on the stack; waiting for it to end (if its machine is dead: pulumi cancel --stack ${stackName})`,
    );
    await delay(1_000, undefined, { signal });
  }
}
