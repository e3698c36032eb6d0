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

/** Runs `task` every `periodMs` of cloud time, first after one of them. The returned function ends it. */
export function every(clock: Clock, periodMs: number, task: () => void): () => void {
  let cancel = clock.after(periodMs, function again() {
    cancel = clock.after(periodMs, again);
    task();
  });
  return () => cancel();
}

/** A clock whose speed can change while it runs; its time goes on without a jump. */
export interface AdjustableClock extends Clock {
  /** @throws when `speed` is not a positive number */
  setSpeed(speed: number): void;
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
} = {}): AdjustableClock {
  /** Cloud time and the machine's at the last change of speed. */
  let since = { ...checked(speed), cloudMs: startMs, machineMs: performance.now() };
  const exactMs = () => since.cloudMs + (performance.now() - since.machineMs) * since.speed;
  const nowMs = () => Math.floor(exactMs());
  /** Starts each timer that is waited for. */
  const waiting = new Set<() => void>();

  function setSpeed(next: number): void {
    since = { ...checked(next), cloudMs: exactMs(), machineMs: performance.now() };
    for (const arm of waiting) arm();
  }

  const after = (delayMs: number, task: () => void): (() => void) => {
    const dueMs = nowMs() + delayMs;
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      clearTimeout(timer);
      waiting.delete(arm);
    };
    const arm = () => {
      clearTimeout(timer);
      const remainingMs = Math.ceil((dueMs - nowMs()) / since.speed);
      const end = () => {
        waiting.delete(arm);
        task();
      };
      timer = setTimeout(
        remainingMs > MAX_TIMER_MS ? arm : end,
        Math.min(Math.max(remainingMs, 0), MAX_TIMER_MS),
      );
    };
    waiting.add(arm);
    arm();
    return cancel;
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

  return {
    nowMs,
    get speed() {
      return since.speed;
    },
    setSpeed,
    after,
    sleep,
  };
}

function checked(speed: number): { speed: number } {
  if (speed > 0) return { speed };
  throw new Error(`[speed] is ${speed}; write a positive number, for example 12`);
}
