import type { MapState, ParallelState, Retrier, TaskState } from "./definition";
import { isStateError, matchesError } from "./errors";
import { type Line, leave, type Step, sleepUntil } from "./line";

/** Runs the work of a state, and its Output and Assign, under its Retry and Catch. */
export async function runHandled(
  line: Line,
  state: TaskState | ParallelState | MapState,
  work: () => Promise<unknown>,
): Promise<Step> {
  const { frame, context } = line;
  // Only states that wait or act outside are put on disk first; the others may as well run again after a restart.
  context.checkpoint();
  for (;;) {
    if (frame.dueMs !== undefined) {
      await sleepUntil(line, frame.dueMs);
      delete frame.dueMs;
    }
    try {
      const result = await work();
      return await leave(line, state, { result });
    } catch (thrown) {
      if (!isStateError(thrown)) throw thrown;
      delete frame.children;
      const { error, cause } = thrown;
      const retry = findRetrier(state.Retry ?? [], error, frame.retries);
      if (retry) {
        frame.retries[retry.index] = retry.attempts + 1;
        frame.dueMs = context.clock.nowMs() + retryDelayMs(retry.retrier, retry.attempts, Math.random());
        context.checkpoint();
        continue;
      }
      const catcher = state.Catch?.find(({ ErrorEquals }) => matchesError(ErrorEquals, error));
      if (!catcher) throw thrown;
      return leave(line, catcher, { errorOutput: { Error: error, Cause: cause } });
    }
  }
}

/** The first retrier that takes the error, if it has attempts left. */
function findRetrier(retriers: Retrier[], error: string, attemptsOf: number[]) {
  const index = retriers.findIndex(({ ErrorEquals }) => matchesError(ErrorEquals, error));
  const retrier = retriers[index];
  const attempts = attemptsOf[index] ?? 0;
  return retrier && attempts < (retrier.MaxAttempts ?? 3) ? { retrier, index, attempts } : undefined;
}

/** The wait before the next attempt, after `attempts` retries. `chance` is from 0 to 1. */
export function retryDelayMs(retrier: Retrier, attempts: number, chance: number): number {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
  const seconds = Math.min(IntervalSeconds * BackoffRate ** attempts, MaxDelaySeconds);
  return Math.round(seconds * (retrier.JitterStrategy === "FULL" ? chance : 1) * 1000);
}
