import type { TaskState } from "./definition";
import { isStateError, stateError } from "./errors";
import { evaluateIn, eventData, type Line, MAX_SECONDS, record, secondsIn } from "./line";
import type { Integration } from "./tasks";

/** One attempt of a Task state: answers the integration's result. @throws StateError */
export async function runTask(line: Line, state: TaskState): Promise<unknown> {
  const { context } = line;
  const integration = context.integrations[state.Resource] as Integration;
  const { resourceType, resource } = integration;
  const input = readArguments(integration, await evaluateIn(line, state.Arguments, "Arguments"));
  const limited = state.TimeoutSeconds !== undefined;
  const timeoutSeconds = limited
    ? await secondsIn(line, state.TimeoutSeconds, "TimeoutSeconds", 1)
    : MAX_SECONDS;
  const details = { resourceType, resource };
  record(line, "TaskScheduled", {
    taskScheduledEventDetails: {
      ...details,
      region: context.region,
      parameters: JSON.stringify(input),
      ...(limited ? { timeoutInSeconds: timeoutSeconds } : {}),
    },
  });
  record(line, "TaskStarted", { taskStartedEventDetails: details });
  try {
    const sessionName = context.execution.name.replace(/[^\w+=,.@-]/g, "_").slice(0, 64);
    const { arn: sourceArn, roleArn } = context.stateMachine;
    const work = integration.perform(input, { roleArn, sessionName, sourceArn });
    const output = await limitTime(line, work, timeoutSeconds * 1000);
    record(line, "TaskSucceeded", {
      taskSucceededEventDetails: { ...details, ...eventData("output", output) },
    });
    return output;
  } catch (thrown) {
    if (!isStateError(thrown)) throw thrown;
    const { error, cause } = thrown;
    const failure = { ...details, error, cause };
    if (error === "States.Timeout") record(line, "TaskTimedOut", { taskTimedOutEventDetails: failure });
    else record(line, "TaskFailed", { taskFailedEventDetails: failure });
    throw thrown;
  }
}

function readArguments({ members, required }: Integration, value: unknown): Record<string, unknown> {
  const input = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const missing = required.find((name) => input[name] === undefined);
  const unknown = Object.keys(input).find((name) => !members.includes(name));
  const complaint = missing
    ? `The field "${missing}" is required but was missing`
    : unknown && `The field "${unknown}" is not supported here`;
  if (!complaint) return input;
  throw stateError(
    "States.Runtime",
    `The Parameters '${JSON.stringify(value)}' could not be used to start the Task: [${complaint}]`,
  );
}

/** Waits for `work` no longer than `limitMs` of the cloud's time, and no longer than the line lives. */
async function limitTime(line: Line, work: Promise<unknown>, limitMs: number): Promise<unknown> {
  const finished = new AbortController();
  const signal = AbortSignal.any([line.signal, finished.signal]);
  const limit = line.context.clock.sleep(limitMs, signal).then(() => {
    throw stateError("States.Timeout", `The task did not finish within ${limitMs / 1000} seconds`);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    finished.abort();
  }
}
