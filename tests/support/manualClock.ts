import type { Clock } from "../../local/core/clock";

/** A clock that stands still until a test advances it. */
export interface ManualClock {
  clock: Clock;
  /** Fires what falls due within `ms`, in order, each at its own time; what a task starts is let run before the next. */
  advance(ms: number): Promise<void>;
}

/** Makes a clock that reads `startMs` until it is advanced. */
export function makeManualClock(startMs = Date.parse("2026-11-22T14:00:00Z")): ManualClock {
  let nowMs = startMs;
  let timers: { dueMs: number; task: () => void }[] = [];

  const after = (delayMs: number, task: () => void) => {
    const timer = { dueMs: nowMs + Math.max(delayMs, 0), task };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  };

  const clock: Clock = {
    nowMs: () => nowMs,
    speed: 1,
    after,
    sleep: (delayMs, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const cancel = after(delayMs, resolve);
        signal?.addEventListener("abort", () => {
          cancel();
          reject(signal.reason);
        });
      }),
  };

  return {
    clock,
    async advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = timers.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs);
        if (!next) break;
        timers = timers.filter((timer) => timer !== next);
        nowMs = next.dueMs;
        next.task();
        await settled();
      }
      nowMs = untilMs;
      await settled();
    },
  };
}

/** Lets promises that are already under way reach their next wait. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
