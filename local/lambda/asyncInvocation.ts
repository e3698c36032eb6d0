import { entryOf } from "../core/entryOf";
import { type Owed, openOutbox } from "../core/outbox";
import { toAwsError } from "../core/protocols";
import type { InvokeTarget } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { Functions, LambdaFunction } from "./functions";
import type { RunInvocation } from "./invocation";

/** An accepted event that still waits for its function, kept over a restart: Lambda delivers at least once. */
interface AsyncEvent extends Owed {
  functionName: string;
  payload: string;
  failures: number;
  throttles: number;
  acceptedMs: number;
}

/** "Maximum age of event": six hours. */
const MAX_AGE_MS = 6 * 3600_000;
/** The waits before the two retries of an event whose function failed. */
const RETRY_DELAYS_MS = [60_000, 120_000];
const MAX_THROTTLE_DELAY_MS = 300_000;

/** The queue of invocations of type Event. */
export interface AsyncInvocations {
  /** Accepts an event; when this returns it is on disk. */
  accept(event: { requestId: string; functionName: string; payload: string }): void;
  close(): void;
}

/**
 * Makes the queue, which goes on with the events it held before a restart. An event is tried three times, throttles not
 * counted; what fails to the end goes to the function's dead-letter target through `invokeTarget`.
 */
export function makeAsyncInvocations(options: {
  deps: CloudDeps;
  functions: Functions;
  run: RunInvocation;
  invokeTarget?: InvokeTarget;
}): AsyncInvocations {
  const { deps, functions, run, invokeTarget } = options;
  const { clock } = deps;

  async function attempt(event: AsyncEvent, isClosed: () => boolean): Promise<number | undefined> {
    const { id: requestId, functionName, payload } = event;
    const lambdaFunction = entryOf(functions.value, functionName);
    if (!lambdaFunction) return undefined;
    try {
      const answer = await run(lambdaFunction, { requestId, payload });
      if (isClosed() || !answer.functionError) return undefined;
      const delayMs = RETRY_DELAYS_MS[event.failures];
      event.failures += 1;
      if (delayMs !== undefined) return clock.nowMs() + delayMs;
      await giveUp(event, lambdaFunction, answer.payload);
    } catch (thrown) {
      if (isClosed()) return undefined;
      // Throttled, or the cloud itself failed: tried again until the event is too old.
      if (clock.nowMs() - event.acceptedMs <= MAX_AGE_MS) {
        const delayMs = Math.min(1000 * 2 ** event.throttles, MAX_THROTTLE_DELAY_MS);
        event.throttles += 1;
        return clock.nowMs() + delayMs;
      }
      const { message: errorMessage } = toAwsError(thrown);
      await giveUp(event, lambdaFunction, JSON.stringify({ errorMessage }));
    }
    return undefined;
  }

  async function giveUp(event: AsyncEvent, lambdaFunction: LambdaFunction, failure: string) {
    const { deadLetterArn, role, arn } = lambdaFunction;
    if (deadLetterArn && invokeTarget) {
      const { errorMessage } = JSON.parse(failure) as { errorMessage?: string };
      await invokeTarget({
        arn: deadLetterArn,
        roleArn: role,
        servicePrincipal: "lambda.amazonaws.com",
        sourceArn: arn,
        payload: event.payload,
        messageAttributes: {
          RequestID: event.id,
          ErrorCode: "200",
          ErrorMessage: (errorMessage ?? "").slice(0, 1024),
        },
      }).catch((error: Error) => {
        // As in AWS the event is lost then; the person at this machine hears of it.
        console.error(`${arn}: its dead letter did not reach ${deadLetterArn}: ${error.message}`);
      });
    }
  }

  const outbox = openOutbox(deps, "lambda/events", attempt);
  return {
    accept({ requestId, functionName, payload }) {
      const nowMs = clock.nowMs();
      const counts = { failures: 0, throttles: 0 };
      outbox.accept([{ id: requestId, functionName, payload, ...counts, acceptedMs: nowMs, dueMs: nowMs }]);
    },
    close: outbox.close,
  };
}
