import type { Clock } from "../core/clock";
import type { Definition, StateList, Template } from "./definition";
import { isStateError, limitData, type StateError, stateError } from "./errors";
import type { Execution, Frame } from "./execution";
import { evaluate } from "./expressions";
import type { Integrations } from "./tasks";

/** What a run of states needs from the execution that it belongs to. */
export interface RunContext {
  execution: Execution;
  definition: Definition;
  stateMachine: { arn: string; name: string; roleArn: string };
  clock: Clock;
  region: string;
  integrations: Integrations;
  /** Writes a history event and answers its id. @throws StateError when the history is full */
  record(previousEventId: number, type: string, details?: Record<string, object>): number;
  /** Puts the frames on disk; what was done before is not done again after a restart. */
  checkpoint(): void;
}

/** One line of states on its way, with what surrounds it. */
export interface Line {
  context: RunContext;
  list: StateList;
  /** Where the frame is kept: the execution, or the child of a Parallel or Map state. */
  home: { frame?: Frame };
  frame: Frame;
  /** Variables of the lines around this one. */
  outer: Record<string, unknown>;
  /** The item of the Map around this line. */
  item?: { Index: number; Value: unknown };
  /** Aborted when the execution, or the Parallel or Map around this line, ends. */
  signal: AbortSignal;
}

/** How a state ends: what it hands on, and to whom; no `next` ends the line. */
export interface Step {
  output: unknown;
  assign?: Record<string, unknown>;
  next?: string;
}

/** What a state made of its work, beside its input, for `$states`. */
export interface Made {
  result?: unknown;
  errorOutput?: object;
}

/** Records an event of this line. Nothing is recorded for a line that was ended from outside. */
export function record(line: Line, type: string, details?: Record<string, object>): void {
  line.signal.throwIfAborted();
  line.frame.previousEventId = line.context.record(line.frame.previousEventId, type, details);
}

/** The variables that a line sees: its own and those around it. */
export const variablesOf = ({ outer, frame }: Line) => ({ ...outer, ...frame.variables });

/**
 * Evaluates a template of the line's state, with what `$states` holds at this moment.
 * @throws States.QueryEvaluationError, after recording the event that tells of it
 */
export async function evaluateIn(line: Line, template: Template, location: string, made: Made = {}) {
  const { context, frame } = line;
  try {
    return await evaluate(
      template,
      {
        variables: variablesOf(line),
        nowMs: context.clock.nowMs(),
        states: { input: frame.input, context: contextObject(line), ...made },
      },
      location,
    );
  } catch (thrown) {
    throw isStateError(thrown) ? recordQueryError(line, thrown) : thrown;
  }
}

/** The error of a value that an expression should not have answered, told in the history. */
export function wrongValue(line: Line, location: string, value: unknown, wanted: string): StateError {
  const cause = `The field '${location}' is ${JSON.stringify(value)}; it must be ${wanted}`;
  return recordQueryError(line, stateError("States.QueryEvaluationError", cause, location));
}

function recordQueryError(line: Line, failure: StateError): StateError {
  const { error, cause, location } = failure;
  record(line, "EvaluationFailed", {
    evaluationFailedEventDetails: { error, cause, location, state: line.frame.state },
  });
  return failure;
}

/** `$states.context` ("Context object" of the Step Functions guide). */
function contextObject({ context, frame, item }: Line): object {
  const { execution, stateMachine, clock } = context;
  return {
    Execution: {
      Id: execution.arn,
      Input: JSON.parse(execution.input) as unknown,
      Name: execution.name,
      RoleArn: stateMachine.roleArn,
      StartTime: new Date(execution.startMs).toISOString(),
      RedriveCount: 0,
    },
    State: {
      Name: frame.state,
      EnteredTime: new Date(frame.enteredMs ?? clock.nowMs()).toISOString(),
      RetryCount: frame.retries.reduce((sum, count) => sum + (count ?? 0), 0),
    },
    StateMachine: { Id: stateMachine.arn, Name: stateMachine.name },
    ...(item ? { Map: { Item: item } } : {}),
  };
}

/**
 * What a state hands on when its work is done: its Output, or else what it made, or else its input. Output and Assign
 * both see the variables as they were before the state.
 */
export async function leave(
  line: Line,
  state: { Output?: Template; Assign?: Record<string, Template>; Next?: string },
  made: Made = {},
): Promise<Step> {
  const otherwise = made.errorOutput ?? ("result" in made ? made.result : line.frame.input);
  const output =
    state.Output === undefined ? otherwise : await evaluateIn(line, state.Output, "Output", made);
  const assign = state.Assign && limitData(await evaluateIn(line, state.Assign, "Assign", made), "Assign");
  return { output, assign: assign as Record<string, unknown> | undefined, next: state.Next };
}

/** Waits for an instant of the cloud's time; rejects when the line is ended before. */
export function sleepUntil({ context: { clock }, signal }: Line, dueMs: number): Promise<void> {
  return clock.sleep(Math.max(0, dueMs - clock.nowMs()), signal);
}

/** "Timeout, heartbeat and wait" limit of a state, and what a Task without TimeoutSeconds has. */
export const MAX_SECONDS = 99_999_999;

/** Evaluates a field of whole seconds, between `min` and the limit. */
export async function secondsIn(line: Line, template: Template, location: string, min: number) {
  const seconds = await evaluateIn(line, template, location);
  if (typeof seconds === "number" && Number.isInteger(seconds) && seconds >= min && seconds <= MAX_SECONDS) {
    return seconds;
  }
  throw wrongValue(line, location, seconds, `a whole number from ${min} to ${MAX_SECONDS}`);
}

/** A value as events carry it. */
export function eventData(name: "input" | "output", value: unknown): Record<string, unknown> {
  return { [name]: JSON.stringify(value), [`${name}Details`]: { truncated: false } };
}
