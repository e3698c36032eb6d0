import type { Timeline } from "../timeline";
import { type Calls, serviceError, type Tally, type Worker } from "./calls";

/** What an invocation came to. */
export type Answer = { payload: unknown } | { errorType: string; message: string };

/** A function: how long it may run, and its code, made anew for each invocation. */
export interface FunctionDefinition {
  timeoutMs: number;
  handler(
    worker: Worker,
  ): (payload: never, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;
}

const FAULTS_OF_CODE = ["TypeError", "RangeError", "ReferenceError", "SyntaxError"];

export type Lambda = ReturnType<typeof makeLambda>;

/** Functions, each invocation with a life of its own. */
export function makeLambda(timeline: Timeline, calls: Calls, tally: Tally) {
  const definitions = new Map<string, FunctionDefinition>();
  const faults: string[] = [];
  let invocations = 0;

  /** @throws TooManyRequestsException and ServiceException, as the API does */
  async function invoke(functionName: string, payload: unknown): Promise<Answer> {
    const definition = definitions.get(functionName);
    if (!definition) throw new Error(`there is no function ${functionName}`);
    if (calls.strikes("functionThrottled")) throw serviceError("TooManyRequestsException");
    if (calls.strikes("unavailable")) throw serviceError("ServiceException");
    await timeline.sleep(calls.random.chance(0.1) ? calls.random.whole(200, 900) : calls.random.whole(2, 20));
    const deadlineMs = timeline.nowMs() + definition.timeoutMs;
    const answer = await new Promise<Answer>((resolve) => {
      invocations += 1;
      const worker: Worker = {
        id: invocations,
        functionName,
        isDead: false,
        calls: 0,
        kill: (reason) => end({ errorType: "Runtime.ExitError", message: reason }),
      };
      function end(answer: Answer): void {
        if (worker.isDead) return;
        worker.isDead = true;
        resolve(answer);
      }
      function fail(error: Error): void {
        // What no service says is a fault of the code.
        if (!worker.isDead && FAULTS_OF_CODE.includes(error.name))
          faults.push(`${functionName}: ${error.stack}`);
        end({ errorType: error.name, message: String(error) });
      }
      timeline.at(deadlineMs, () => {
        if (worker.isDead) return;
        tally.set("function timed out", (tally.get("function timed out") ?? 0) + 1);
        end({ errorType: "Sandbox.Timedout", message: "Task timed out" });
      });
      const copy = JSON.parse(JSON.stringify(payload)) as never;
      definition
        .handler(worker)(copy, { getRemainingTimeInMillis: () => deadlineMs - timeline.nowMs() })
        .then(
          (result) => end({ payload: JSON.parse(JSON.stringify(result ?? null)) as unknown }),
          (error: Error) => fail(error),
        );
    });
    if (calls.strikes("answerLost")) throw serviceError("SdkClientException");
    return answer;
  }

  /** Has a function called without waiting for it: twice more if it fails, and at times twice anyhow. */
  async function invokeLater(functionName: string, payload: unknown): Promise<void> {
    const retries = [60_000, 120_000];
    for (const delayMs of [...retries, undefined]) {
      const answer = await invoke(functionName, payload).catch((error: Error) => ({
        errorType: error.name,
        message: error.message,
      }));
      if (!("errorType" in answer) || delayMs === undefined) return;
      tally.set("asynchronous retry", (tally.get("asynchronous retry") ?? 0) + 1);
      await timeline.sleep(delayMs);
    }
  }

  return {
    /** What code threw that is nobody's answer. */
    faults,
    define: (functionName: string, definition: FunctionDefinition) =>
      definitions.set(functionName, definition),
    invoke,
    invokeLater: (functionName: string, payload: unknown) => {
      void invokeLater(functionName, payload);
      if (calls.strikes("eventTwice")) void invokeLater(functionName, payload);
    },
  };
}
