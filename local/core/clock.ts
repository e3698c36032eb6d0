/**
 * The cloud's own time. Everything in `local/` that waits, expires or stamps asks a `Clock`, so that an hour of
 * recording can pass in minutes. Only two things stay on the machine's time: signatures (real clients sign with the
 * date of their machine) and the processes of Lambda functions.
 */
export interface Clock {
  /** Milliseconds since the epoch, in the cloud's time. Never goes back. */
  nowMs(): number;
  /** Cloud seconds per real second. */
  readonly speed: number;
  /** Runs `task` once, `delayMs` of cloud time from now. The returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Resolves after `delayMs` of cloud time; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Node fires a longer timer at once, so longer waits are made of several. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A clock that starts at `startMs` (default: the machine's time) and runs `speed` times as fast as real time.
 * @throws when `speed` is not a positive number
 */
export function makeClock({
  speed = 1,
  startMs = Date.now(),
}: {
  speed?: number;
  startMs?: number;
} = {}): Clock {
  if (!(speed > 0)) throw new Error(`[speed] is ${speed}; write a positive number, for example 12`);
  const startedAt = performance.now();
  const nowMs = () => Math.floor(startMs + (performance.now() - startedAt) * speed);

  const after = (delayMs: number, task: () => void): (() => void) => {
    const dueMs = nowMs() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = () => {
      const remainingMs = Math.ceil((dueMs - nowMs()) / speed);
      timer = setTimeout(
        remainingMs > MAX_TIMER_MS ? arm : task,
        Math.min(Math.max(remainingMs, 0), MAX_TIMER_MS),
      );
    };
    arm();
    return () => clearTimeout(timer);
  };

  const sleep = (delayMs: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = after(delayMs, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });

  return { nowMs, speed, after, sleep };
}
