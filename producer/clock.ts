/** The time by which a camera records and waits. A faster one makes an hour of recording pass in minutes. */
export interface CameraClock {
  /** Milliseconds since the epoch. Never goes back. */
  nowMs(): number;
  /** Resolves after `delayMs` of this clock's time; rejects with the signal's reason when that is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** A clock that starts at the machine's time and runs `speed` times as fast; it does not follow later corrections. */
export function makeCameraClock(speed = 1): CameraClock {
  const startMs = Date.now();
  const startedAt = performance.now();
  return {
    nowMs: () => Math.floor(startMs + (performance.now() - startedAt) * speed),
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          clearTimeout(timer);
          reject(signal?.reason);
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        }, Math.max(delayMs, 0) / speed);
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
  };
}

/**
 * Whether `event` came to pass within `limitMs`. The signal that `event` gets is aborted when the time is over.
 * @throws the reason of `signal` when that is aborted first
 */
export async function within(
  limitMs: number,
  clock: CameraClock,
  signal: AbortSignal,
  event: (signal: AbortSignal) => Promise<unknown>,
): Promise<boolean> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  try {
    return await Promise.race([
      event(either).then(() => true),
      clock.sleep(limitMs, either).then(() => false),
    ]);
  } finally {
    over.abort();
  }
}
