import { setTimeout as delay } from "node:timers/promises";
import { isStackLocked } from "./engineProblems";
import { fromId } from "./eventName";
import { type Failure, failure } from "./failure";
import { isGone, takeLease } from "./lease";
import type { Progress } from "./progress";
import { archivePrefix, type EventRecord } from "./record";
import type { Tools } from "./tools";

/** How often the engine is started before its failure is told. Most of what fails once does not fail again. */
const MAX_TRIES = 3;

/**
 * Has the engine work on an event's stack: one machine at a time, after whatever a dead one left behind, and again when
 * it fails.
 * @param work runs the engine; asked again after a failure
 * @param isSettled asked when the lease is had: whether somebody else has done it meanwhile
 */
export async function engineRun<Result>(
  tools: Tools,
  { id }: EventRecord,
  { progress, signal }: { progress: Progress; signal?: AbortSignal },
  work: (signal: AbortSignal) => Promise<Result>,
  isSettled: () => Promise<boolean> = async () => false,
): Promise<Result | undefined> {
  const { engine, vault, base } = tools;
  const { stack } = fromId(id);
  const lease = await takeLease({
    vault,
    key: `${archivePrefix(base.prefix, id)}lease.json`,
    signal,
    onWait: ({ host, pid }) =>
      progress.say(`process ${pid} on ${host} works on the stack; waiting for it to end`),
  });
  const signals = AbortSignal.any([lease.lost, ...(signal ? [signal] : [])]);
  try {
    if (await isSettled()) return undefined;
    if (lease.inheritedFrom) {
      const { host, pid } = lease.inheritedFrom;
      progress.say(`process ${pid} on ${host} ended in the middle of its work; going on from there`);
    }
    for (let tries = 1; ; tries += 1) {
      try {
        return await work(signals);
      } catch (error) {
        lease.lost.throwIfAborted();
        if (isStackLocked(error)) {
          await endLock(error.lockedBy);
          continue;
        }
        const { ending, message } = error as Failure;
        if (ending !== "unavailable" || tries === MAX_TRIES) throw error;
        progress.say(`${message}; trying again`);
        await delay(1_000 * tries, undefined, { signal });
      }
    }
  } finally {
    await lease.release();
  }

  /**
   * The lease is had, so whoever locked the stack is a dead tool's engine, or somebody who works on it with the CLI. An
   * engine that lives is waited for: its lock must not be taken from it.
   */
  async function endLock(lockedBy: { pid: number; host: string } | undefined): Promise<void> {
    const isStale = lockedBy ? isGone(lockedBy) : lease.inheritedFrom !== undefined;
    if (isStale) {
      progress.say("the stack's lock is that of an engine that is gone; taking it away");
      await engine.unlock(stack);
      return;
    }
    if (!lockedBy)
      throw failure("notYet", `another engine works on the stack ${stack}; wait for it to end, then resume`);
    progress.show(
      `engine ${lockedBy.pid} on ${lockedBy.host} still works on the stack; waiting for it to end`,
    );
    await delay(1_000, undefined, { signal });
  }
}
