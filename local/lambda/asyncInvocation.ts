import { toAwsError } from "../core/protocols";
import type { InvokeTarget } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { Functions, LambdaFunction } from "./functions";
import type { RunInvocation } from "./invocation";

/** An accepted event that still waits for its function, kept over a restart: Lambda delivers at least once. */
interface AsyncEvent {
  requestId: string;
  functionName: string;
  payload: string;
  failures: number;
  throttles: number;
  acceptedMs: number;
  dueMs: number;
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
  const { clock, store } = deps;
  const events = store.document<Record<string, AsyncEvent>>("lambda/events", {});
  const timers = new Map<string, () => void>();
  let closed = false;

  const schedule = (event: AsyncEvent) => {
    const cancel = clock.after(Math.max(0, event.dueMs - clock.nowMs()), () => void deliver(event));
    timers.set(event.requestId, cancel);
  };
  const finish = ({ requestId }: AsyncEvent) => {
    delete events.value[requestId];
    events.save();
  };
  const retry = (event: AsyncEvent, delayMs: number) => {
    event.dueMs = clock.nowMs() + delayMs;
    events.save();
    schedule(event);
  };

  async function deliver(event: AsyncEvent) {
    timers.delete(event.requestId);
    const lambdaFunction = functions.value[event.functionName];
    if (!lambdaFunction) return finish(event);
    try {
      const answer = await run(lambdaFunction, event);
      if (closed) return;
      if (!answer.functionError) return finish(event);
      const delayMs = RETRY_DELAYS_MS[event.failures];
      event.failures += 1;
      if (delayMs === undefined) await giveUp(event, lambdaFunction, answer.payload);
      else retry(event, delayMs);
    } catch (thrown) {
      if (closed) return;
      // Throttled, or the cloud itself failed: tried again until the event is too old.
      const error = toAwsError(thrown);
      if (clock.nowMs() - event.acceptedMs > MAX_AGE_MS)
        return giveUp(event, lambdaFunction, JSON.stringify({ errorMessage: error.message }));
      retry(event, Math.min(1000 * 2 ** event.throttles, MAX_THROTTLE_DELAY_MS));
      event.throttles += 1;
    }
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
          RequestID: event.requestId,
          ErrorCode: "200",
          ErrorMessage: (errorMessage ?? "").slice(0, 1024),
        },
      }).catch((error: Error) => {
        // As in AWS the event is lost then; the person at this machine hears of it.
        console.error(`${arn}: its dead letter did not reach ${deadLetterArn}: ${error.message}`);
      });
    }
    finish(event);
  }

  for (const event of Object.values(events.value)) schedule(event);

  return {
    accept({ requestId, functionName, payload }) {
      const nowMs = clock.nowMs();
      const event = {
        requestId,
        functionName,
        payload,
        failures: 0,
        throttles: 0,
        acceptedMs: nowMs,
        dueMs: nowMs,
      };
      events.value[requestId] = event;
      events.save();
      schedule(event);
    },
    close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
    },
  };
}
