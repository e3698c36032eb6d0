import jsonata from "jsonata";
import type { History } from "../history";
import type { Timeline } from "../timeline";
import { type Calls, serviceError } from "./calls";
import type { Lambda } from "./lambda";

interface Retrier {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  MaxAttempts?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: string;
}

interface State {
  Type: "Task" | "Choice" | "Wait" | "Succeed" | "Fail";
  Next?: string;
  Assign?: unknown;
  Output?: unknown;
  Resource?: string;
  Arguments?: unknown;
  Timestamp?: string;
  Seconds?: string | number;
  Retry?: Retrier[];
  Catch?: { ErrorEquals: string[]; Assign?: unknown; Output?: unknown; Next: string }[];
  Choices?: { Condition: string; Next: string }[];
  Default?: string;
  Error?: string;
}

/** An Amazon States Language definition in JSONata, as far as workflows here use it. */
export interface Workflow {
  StartAt: string;
  States: Record<string, State>;
}

export interface Execution {
  name: string;
  input: unknown;
  status: "RUNNING" | "SUCCEEDED" | "FAILED" | "ABORTED";
  error?: string;
  /** Of its history, of which 25,000 is the end. */
  events: number;
  startMs: number;
  stopMs?: number;
  /** States that it entered. */
  transitions: number;
}

const MAX_HISTORY_EVENTS = 25_000;
const MAX_DATA_BYTES = 262_144;

export type StepFunctions = ReturnType<typeof makeStepFunctions>;

/** One state machine, whose functions are Lambda's by name. */
export function makeStepFunctions(history: History, timeline: Timeline, calls: Calls, lambda: Lambda) {
  const executions = new Map<string, Execution>();
  const ended: Execution[] = [];
  let workflow: Workflow | undefined;
  const nowIso = () => new Date(timeline.nowMs() + history.clocksAheadMs.stepFunctions).toISOString();

  /** @throws ExecutionAlreadyExists for a name that was started before */
  function start(name: string, input: unknown): void {
    if (executions.has(name)) throw serviceError("ExecutionAlreadyExists");
    const execution: Execution = {
      name,
      input,
      status: "RUNNING",
      events: 1,
      startMs: timeline.nowMs(),
      transitions: 0,
    };
    executions.set(name, execution);
    run(execution).then(
      () => end(execution, "SUCCEEDED"),
      (error: StateError) => {
        execution.error = `${error.name}: ${error.message}`;
        end(execution, "FAILED");
      },
    );
  }

  function end(execution: Execution, status: Execution["status"]): void {
    if (execution.status !== "RUNNING") return;
    Object.assign(execution, { status, stopMs: timeline.nowMs() });
    ended.push(execution);
  }

  async function run(execution: Execution): Promise<void> {
    const { StartAt, States } = workflow!;
    const variables: Record<string, unknown> = {};
    let input = execution.input;
    for (let name: string | undefined = StartAt; name; ) {
      const state: State = States[name]!;
      const enteredTime = nowIso();
      const context = {
        Execution: { Name: execution.name, Input: execution.input },
        State: { Name: name, EnteredTime: enteredTime },
        StateMachine: { Id: "arn:state-machine" },
      };
      execution.transitions += 1;
      // The end of one state and the begin of the next.
      count(execution, 2);
      // A loop that never waits must not stop time.
      await timeline.sleep(20);
      const see = (states: object = {}) => ({ ...variables, states: { input, context, ...states } });
      const leave = async (
        by: { Assign?: unknown; Output?: unknown; Next?: string },
        made: object,
        otherwise: unknown,
      ) => {
        const output = by.Output === undefined ? otherwise : await evaluate(by.Output, see(made));
        Object.assign(variables, by.Assign ? ((await evaluate(by.Assign, see(made))) as object) : {});
        limit(output);
        limit(variables);
        input = output;
        return by.Next;
      };
      switch (state.Type) {
        case "Succeed":
          return;
        case "Fail":
          throw stateError(state.Error ?? "Failed", name);
        case "Choice": {
          let next = state.Default;
          for (const rule of state.Choices ?? []) {
            const holds = await evaluate(rule.Condition, see());
            if (typeof holds !== "boolean") throw stateError("States.QueryEvaluationError", rule.Condition);
            if (!holds) continue;
            next = rule.Next;
            break;
          }
          name = next;
          break;
        }
        case "Wait": {
          const untilMs = state.Timestamp
            ? Date.parse(String(await evaluate(state.Timestamp, see()))) - history.clocksAheadMs.stepFunctions
            : timeline.nowMs() + Number(await evaluate(state.Seconds, see())) * 1000;
          await timeline.sleep(Math.max(0, untilMs - timeline.nowMs()));
          alive(execution);
          name = await leave(state, {}, input);
          break;
        }
        case "Task": {
          const outcome = await runTask(execution, state, see);
          if ("result" in outcome) {
            const { result } = outcome;
            name = await leave(state, { result }, result);
          } else {
            const { errorOutput, catcher } = outcome;
            name = await leave(catcher, { errorOutput }, errorOutput);
          }
        }
      }
    }
  }

  async function runTask(execution: Execution, state: State, see: () => object) {
    const attempts: number[] = [];
    for (;;) {
      try {
        count(execution, 3);
        const input = (await evaluate(state.Arguments, see())) as Record<string, unknown>;
        return { result: await perform(state.Resource ?? "", input) };
      } catch (thrown) {
        const error = thrown as Error;
        if (!isStateError(error)) throw error;
        alive(execution);
        const { name, message } = error;
        const index = (state.Retry ?? []).findIndex(({ ErrorEquals }) => matches(ErrorEquals, name));
        const retrier = state.Retry?.[index];
        const tried = attempts[index] ?? 0;
        if (retrier && tried < (retrier.MaxAttempts ?? 3)) {
          attempts[index] = tried + 1;
          const {
            IntervalSeconds = 1,
            BackoffRate = 2,
            MaxDelaySeconds = Number.POSITIVE_INFINITY,
          } = retrier;
          const seconds = Math.min(IntervalSeconds * BackoffRate ** tried, MaxDelaySeconds);
          const share = retrier.JitterStrategy === "FULL" ? calls.random.fraction() : 1;
          await timeline.sleep(seconds * share * 1000);
          continue;
        }
        const catcher = state.Catch?.find(({ ErrorEquals }) => matches(ErrorEquals, name));
        if (!catcher) throw error;
        return { errorOutput: { Error: name, Cause: message }, catcher };
      } finally {
        alive(execution);
      }
    }
  }

  async function perform(resource: string, input: Record<string, unknown>): Promise<unknown> {
    if (resource.endsWith(":states:startExecution")) {
      await timeline.sleep(50);
      if (calls.strikes("unavailable")) throw stateError("StepFunctions.ServiceException", "unavailable");
      const fails = (error: Error) => stateError(`StepFunctions.${error.name}Exception`, error.message);
      try {
        start(String(input.Name), input.Input);
      } catch (error) {
        throw fails(error as Error);
      }
      if (calls.strikes("answerLost"))
        throw stateError("StepFunctions.SdkClientException", "the answer was lost");
      return {};
    }
    const answer = await lambda
      .invoke(String(input.FunctionName), input.Payload ?? {})
      .catch((error: Error) => {
        throw stateError(`Lambda.${error.name}`, error.message);
      });
    if ("errorType" in answer) throw stateError(answer.errorType, answer.message);
    limit(answer);
    return { Payload: answer.payload, StatusCode: 200 };
  }

  function count(execution: Execution, events: number): void {
    alive(execution);
    execution.events += events;
    if (execution.events > MAX_HISTORY_EVENTS)
      throw stateError("States.Runtime", "The execution reached the maximum number of history events");
  }

  /** Nothing goes on in an execution that was aborted. */
  function alive(execution: Execution): void {
    if (execution.status !== "RUNNING") throw serviceError("Aborted");
  }

  return {
    define: (definition: Workflow) => {
      workflow = definition;
    },
    start,
    abortAll: () => {
      for (const execution of executions.values()) end(execution, "ABORTED");
    },
    executions,
    nowIso,
  };
}

type StateError = Error & { isStateError?: true };

const stateError = (name: string, message: string): StateError =>
  Object.assign(serviceError(name, message), { isStateError: true as const });

const isStateError = (error: StateError) => error.isStateError === true;

/** Errors that no Retry or Catch takes: "terminal errors" of the error handling page. */
const TERMINAL = ["States.DataLimitExceeded", "States.Runtime"];

const matches = (errorEquals: string[], name: string) =>
  !TERMINAL.includes(name) &&
  errorEquals.some((one) => one === name || one === "States.ALL" || one === "States.TaskFailed");

function limit(value: unknown): void {
  if ((JSON.stringify(value) ?? "").length > MAX_DATA_BYTES)
    throw stateError("States.DataLimitExceeded", "over 256 KiB");
}

const compiled = new Map<string, ReturnType<typeof jsonata>>();

/** Evaluates every `{% expression %}` of a template; each is parsed once. */
async function evaluate(template: unknown, bindings: object): Promise<unknown> {
  if (typeof template === "string") {
    const expression = /^\{%([\s\S]*)%\}$/.exec(template)?.[1];
    if (expression === undefined) return template;
    let ready = compiled.get(expression);
    if (!ready) {
      ready = jsonata(expression);
      compiled.set(expression, ready);
    }
    const value = (await ready.evaluate(undefined, bindings as Record<string, unknown>)) as unknown;
    if (value === undefined)
      throw stateError("States.QueryEvaluationError", `${expression} returned nothing`);
    return value;
  }
  if (template === null || typeof template !== "object") return template;
  const made: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(template)) made[key] = await evaluate(member, bindings);
  return made;
}
