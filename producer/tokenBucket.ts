import type { CameraClock } from "./clock";

/** Lets no more than a rate of something through. */
export interface TokenBucket {
  /** Resolves when `tokens` may be spent; rejects with the signal's reason when that is aborted first. */
  take(tokens: number, signal?: AbortSignal): Promise<void>;
}

/**
 * A token bucket for the quotas of Kinesis Video Streams. It holds no reserve, so that not even one second sees more
 * than the rate; who takes many tokens at once gets them, and the next one waits until they are paid back.
 */
export function makeTokenBucket(tokensPerSecond: number, clock: CameraClock): TokenBucket {
  let freeAtMs = Number.NEGATIVE_INFINITY;
  return {
    async take(tokens, signal) {
      const startMs = Math.max(clock.nowMs(), freeAtMs);
      freeAtMs = startMs + (tokens / tokensPerSecond) * 1000;
      if (startMs > clock.nowMs()) await clock.sleep(startMs - clock.nowMs(), signal);
    },
  };
}
