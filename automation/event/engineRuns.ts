import { setTimeout as delay } from "node:timers/promises";
import { DeleteStreamCommand, ListTagsForStreamCommand } from "@aws-sdk/client-kinesis-video";
import { currentLife } from "../../archive/lives";
import { PROJECT } from "./engine";
import { isStackLocked, type StackLocked } from "./engineProblems";
import { fromId } from "./eventName";
import { type Failure, failure } from "./failure";
import { isGone, takeLease } from "./lease";
import type { Progress } from "./progress";
import { archivePrefix, type EventRecord } from "./record";
import type { Tools } from "./tools";

const VIDEO_STREAM = "aws:kinesis/videoStream:VideoStream";

/** What is made anew under the name that it has, or is no resource of AWS at all. */
const MADE_ONCE = [
  "aws:cloudwatch/eventTarget:EventTarget",
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  "aws:iam/rolePolicy:RolePolicy",
  "aws:lambda/invocation:Invocation",
  "aws:sqs/queuePolicy:QueuePolicy",
];

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
    const result = await untilDone();
    if (lease.inheritedFrom) await mend();
    return result;
  } finally {
    await lease.release();
  }

  async function untilDone(): Promise<Result> {
    for (let failures = 0; ; ) {
      try {
        return await work(signals);
      } catch (error) {
        lease.lost.throwIfAborted();
        if (isStackLocked(error)) {
          await endLock(error);
          continue;
        }
        const { ending, message } = error as Failure;
        failures += 1;
        if (ending !== "unavailable" || failures === MAX_TRIES) throw error;
        progress.say(`${message}; trying again`);
        await mend();
        await delay(1_000 * failures, undefined, { signal });
      }
    }
  }

  /**
   * What an engine was making when it died is not in its state. A stream has one name, so it must make way for the stack to
   * be finished; of the rest, each has a name of its own, and a person is told.
   */
  async function mend(): Promise<void> {
    // Only now: the engine has had the lock, so no other one is still making it.
    const left = await engine.halfMade(stack);
    if (left.length === 0) return;
    for (const { type, name } of left) {
      if (type === VIDEO_STREAM) await removeEmptyStream(tools, name, `${PROJECT}/${stack}`);
      else if (!MADE_ONCE.includes(type))
        progress.say(`${name} (${type}) may have been made and is not known to the stack; remove it by hand`);
    }
    await engine.refresh(stack);
  }

  /**
   * The lease is had, so whoever locked the stack is a dead tool's engine, or somebody who works on it with the CLI. An
   * engine that lives is waited for: its lock must not be taken from it.
   */
  async function endLock({ lockedBy, isBeingWritten }: StackLocked): Promise<void> {
    const isStale = lockedBy ? isGone(lockedBy) : !isBeingWritten && lease.inheritedFrom !== undefined;
    if (isStale) {
      progress.say("the stack's lock is that of an engine that is gone; taking it away");
      await engine.unlock(stack);
      return;
    }
    if (!lockedBy && !isBeingWritten)
      throw failure("notYet", `another engine works on the stack ${stack}; wait for it to end, then resume`);
    const who = lockedBy ? `engine ${lockedBy.pid} on ${lockedBy.host}` : "another engine";
    progress.show(
      `${who} still works on the stack; waiting for it to end (if its machine is dead: pulumi cancel --stack ${stack})`,
    );
    await delay(1_000, undefined, { signal });
  }
}

/** Removes a stream that the stack's dead engine made, and that nobody has sent anything to. */
async function removeEmptyStream(
  { clients, kinesisVideo, now }: Tools,
  streamName: string,
  owner: string,
): Promise<void> {
  const source = kinesisVideo.openStream(streamName);
  const life = await currentLife(source);
  if (!life) return;
  const { Tags } = await clients.control.send(new ListTagsForStreamCommand({ StreamARN: life.streamArn }));
  const { fragments } = await source.list({ fromMs: life.createdMs, toMs: await now() });
  if (Tags?.stack !== owner || fragments.length > 0)
    throw failure(
      "notYet",
      `the stream ${streamName} is there, and is not known to the stack; archive what it holds and delete it by hand, then resume`,
    );
  await clients.control.send(new DeleteStreamCommand({ StreamARN: life.streamArn }));
}
