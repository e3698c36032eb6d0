import { setImmediate as nextTurn } from "node:timers/promises";
import { runMap, runParallel } from "./containers";
import type { ChoiceState, FailState, State, WaitState } from "./definition";
import { limitData, stateError } from "./errors";
import { newFrame } from "./execution";
import { runHandled } from "./handlers";
import {
  evaluateIn,
  eventData,
  type Line,
  leave,
  type RunContext,
  record,
  type Step,
  secondsIn,
  sleepUntil,
  wrongValue,
} from "./line";
import { runTask } from "./taskState";

/**
 * Runs an execution's states from where its frame stands, to the output of the last.
 * @throws StateError when a state fails and nothing catches it; the signal's reason when it is aborted
 */
export function runExecution(context: RunContext, signal: AbortSignal): Promise<unknown> {
  const { definition, execution } = context;
  execution.frame ??= newFrame(definition.StartAt, JSON.parse(execution.input), 0);
  return runLine({ context, list: definition, home: execution, frame: execution.frame, outer: {}, signal });
}

/** Runs a line of states to the output of its last. */
async function runLine(line: Line): Promise<unknown> {
  for (;;) {
    const { context, frame, list } = line;
    const { state: name } = frame;
    const state = list.States[name] as State;
    // A loop that never waits must not keep the endpoint from answering.
    await nextTurn();
    if (frame.enteredMs === undefined) {
      frame.enteredMs = context.clock.nowMs();
      const details = { name, ...eventData("input", frame.input) };
      record(line, `${state.Type}StateEntered`, { stateEnteredEventDetails: details });
    }
    const { assign, next, ...step } = await runState(line, state);
    const output = limitData(step.output, `The state '${name}'`);
    const details = { name, ...eventData("output", output), ...describeAssigned(assign) };
    record(line, `${state.Type}StateExited`, { stateExitedEventDetails: details });
    if (next === undefined) return output;
    const entering = newFrame(next, output, frame.previousEventId);
    line.frame = line.home.frame = { ...entering, variables: { ...frame.variables, ...assign } };
  }
}

async function runState(line: Line, state: State): Promise<Step> {
  switch (state.Type) {
    case "Pass":
    case "Succeed":
      return leave(line, state);
    case "Fail":
      return runFail(line, state);
    case "Choice":
      return runChoice(line, state);
    case "Wait":
      return runWait(line, state);
    case "Task":
      return runHandled(line, state, () => runTask(line, state));
    case "Parallel":
      return runHandled(line, state, () => runParallel(line, state, runLine));
    case "Map":
      return runHandled(line, state, () => runMap(line, state, runLine));
  }
}

async function runFail(line: Line, state: FailState): Promise<never> {
  const error = await evaluateIn(line, state.Error ?? "", "Error");
  const cause = await evaluateIn(line, state.Cause ?? "", "Cause");
  throw stateError(String(error), String(cause));
}

async function runChoice(line: Line, state: ChoiceState): Promise<Step> {
  for (const [index, rule] of state.Choices.entries()) {
    const location = `Choices[${index}]/Condition`;
    const holds = await evaluateIn(line, rule.Condition, location);
    if (typeof holds !== "boolean") throw wrongValue(line, location, holds, "a boolean");
    if (holds) return leave(line, rule);
  }
  if (state.Default) return leave(line, { ...state, Next: state.Default });
  throw stateError("States.NoChoiceMatched", "No choice rule matched, and there is no Default");
}

async function runWait(line: Line, state: WaitState): Promise<Step> {
  const { frame, context } = line;
  if (frame.dueMs === undefined) {
    frame.dueMs = await waitUntilMs(line, state);
    context.checkpoint();
  }
  await sleepUntil(line, frame.dueMs);
  return leave(line, state);
}

async function waitUntilMs(line: Line, state: WaitState): Promise<number> {
  if (state.Timestamp === undefined) {
    const seconds = await secondsIn(line, state.Seconds, "Seconds", 0);
    return (line.frame.enteredMs ?? 0) + seconds * 1000;
  }
  const timestamp = await evaluateIn(line, state.Timestamp, "Timestamp");
  const atMs = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(atMs)) throw wrongValue(line, "Timestamp", timestamp, "a timestamp of RFC 3339");
  return atMs;
}

function describeAssigned(assign: Record<string, unknown> | undefined): object {
  if (!assign) return {};
  const texts = Object.entries(assign).map(([name, value]) => [name, JSON.stringify(value)]);
  return {
    assignedVariables: Object.fromEntries(texts) as Record<string, string>,
    assignedVariablesDetails: { truncated: false },
  };
}
