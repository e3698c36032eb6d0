import { randomUUID } from "node:crypto";
import type { Clock } from "../core/clock";
import { readRedrivePolicy } from "./queueAttributes";
import type { Message, Queue, Queues } from "./queues";

/** How messages come into queues and out of them. */
export interface Delivery {
  /** Puts a message into a queue and wakes who waits for one. */
  put(queue: Queue, message: Message): void;
  /** Takes up to `count` messages, hidden for `visibilityMs`; waits up to `waitMs` for the first. */
  receive(queue: Queue, options: { count: number; visibilityMs: number; waitMs: number }): Promise<Message[]>;
  /** The messages that are still there: those older than the queue's retention are not. */
  current(queue: Queue): Message[];
  /** Wakes who waits on a queue, to look again. */
  wake(queue: Queue): void;
  /** Ends all waits. */
  close(): void;
}

/** Makes the delivery of messages, on the cloud's clock. */
export function makeDelivery(clock: Clock, queues: Queues): Delivery {
  const waiting = new Map<string, Set<() => void>>();
  let closed = false;

  const wake = ({ name }: Queue) => {
    for (const resolve of waiting.get(name) ?? []) resolve();
  };

  const put = (queue: Queue, message: Message) => {
    queue.messages.push(message);
    queues.save(queue);
    wake(queue);
  };

  const current = (queue: Queue) => {
    const oldestMs = clock.nowMs() - Number(queue.attributes.MessageRetentionPeriod) * 1000;
    queue.messages = queue.messages.filter(({ sentMs }) => sentMs > oldestMs);
    return queue.messages;
  };

  /** Moves messages that were received too often to the dead-letter queue, if that exists. */
  const redrive = (queue: Queue) => {
    if (!queue.attributes.RedrivePolicy) return;
    const { deadLetterTargetArn, maxReceiveCount } = readRedrivePolicy(queue.attributes.RedrivePolicy);
    const target = queues.get(deadLetterTargetArn.split(":").at(-1) ?? "");
    if (!target) return;
    const isSpent = ({ visibleMs, receiveCount }: Message) =>
      visibleMs <= clock.nowMs() && receiveCount >= maxReceiveCount;
    const spent = current(queue).filter(isSpent);
    queue.messages = queue.messages.filter((message) => !spent.includes(message));
    // Into the dead-letter queue before out of this one: a kill in between leaves a message twice, not nowhere.
    for (const message of spent) {
      put(target, { ...message, deadLetterSourceArn: queues.arnOf(queue.name), receiptHandle: undefined });
    }
    if (spent.length > 0) queues.save(queue);
  };

  const take = (queue: Queue, count: number, visibilityMs: number) => {
    redrive(queue);
    const nowMs = clock.nowMs();
    const taken = current(queue)
      .filter(({ visibleMs }) => visibleMs <= nowMs)
      .slice(0, count);
    for (const message of taken) {
      message.receiveCount += 1;
      message.firstReceivedMs ??= nowMs;
      message.visibleMs = nowMs + visibilityMs;
      message.receiptHandle = Buffer.from(`${message.id} ${randomUUID()}`).toString("base64");
    }
    if (taken.length > 0) queues.save(queue);
    return taken;
  };

  /** Resolves when a message may have come: one was put or shown again, or `atMs` has come. */
  const nextChange = (queue: Queue, atMs: number) =>
    new Promise<void>((resolve) => {
      const waiters = waiting.get(queue.name) ?? new Set();
      waiting.set(queue.name, waiters);
      const done = () => {
        cancel();
        waiters.delete(done);
        resolve();
      };
      const cancel = clock.after(atMs - clock.nowMs(), done);
      waiters.add(done);
    });

  return {
    put,
    current,
    wake,
    async receive(queue, { count, visibilityMs, waitMs }) {
      const untilMs = clock.nowMs() + waitMs;
      for (;;) {
        const taken = take(queue, count, visibilityMs);
        if (taken.length > 0 || clock.nowMs() >= untilMs || closed) return taken;
        const nextVisibleMs = Math.min(untilMs, ...queue.messages.map(({ visibleMs }) => visibleMs));
        await nextChange(queue, nextVisibleMs);
      }
    },
    close() {
      closed = true;
      for (const resolve of [...waiting.values()].flatMap((waiters) => [...waiters])) resolve();
    },
  };
}
