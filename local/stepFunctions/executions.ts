import { toAwsError } from "../core/protocols";
import type { CloudDeps } from "../core/service";
import type { Definition } from "./definition";
import { isStateError, stateError } from "./errors";
import type { Execution, ExecutionStatus } from "./execution";
import { openExecutionStore, type StoredExecution } from "./executionStore";
import { type HistoryEvent, MAX_HISTORY_EVENTS } from "./history";
import { runExecution } from "./interpreter";
import type { RunContext } from "./line";
import type { Revision, StateMachine } from "./stateMachines";
import type { Integrations } from "./tasks";

/** "Maximum execution time" of a standard workflow: a year. */
const MAX_EXECUTION_SECONDS = 365 * 24 * 3600;

/** The end of an execution, as its last event tells it. */
export interface ExecutionEnd {
  status: Exclude<ExecutionStatus, "RUNNING">;
  output?: string;
  error?: string;
  cause?: string;
}

/** The executions of all state machines, on disk and running. */
export interface Executions {
  /** Begins an execution; when this returns it is on disk and under way. */
  start(machine: StateMachine, revision: Revision, name: string, input: string): Execution;
  find(arn: string): Execution | undefined;
  of(stateMachineArn: string): Execution[];
  /** Ends a running execution from outside. */
  end(execution: Execution, end: ExecutionEnd): void;
  /** The events so far, in order. */
  history(execution: Execution): HistoryEvent[];
  /** Ends what runs and forgets all executions of a machine. */
  remove(stateMachineArn: string): void;
  /** Goes on with what was running when the cloud last stopped. */
  resume(): void;
  /** Lets everything rest where it stands. */
  close(): void;
}

/** Opens the executions. `onEvent` and `onStatus` hear of every event and change of status. */
export function openExecutions(options: {
  deps: CloudDeps;
  integrations: () => Integrations;
  findMachine: (arn: string) => StateMachine | undefined;
  onEvent: (execution: Execution, event: HistoryEvent) => void;
  onStatus: (execution: Execution) => void;
}): Executions {
  const { deps, integrations, findMachine, onEvent, onStatus } = options;
  const { clock } = deps;
  const kept = openExecutionStore(deps);
  /** How to stop what runs, by ARN. */
  const running = new Map<string, () => void>();

  function record(
    stored: StoredExecution,
    previousEventId: number,
    type: string,
    details?: Record<string, object>,
  ) {
    const event = { id: stored.eventCount + 1, previousEventId, type, timestampMs: clock.nowMs(), details };
    stored.append(event);
    onEvent(stored.execution, event);
    return event.id;
  }

  function stop(arn: string) {
    running.get(arn)?.();
    running.delete(arn);
  }

  function finish(stored: StoredExecution, { status, ...end }: ExecutionEnd) {
    const { execution } = stored;
    const name = END_NAMES[status];
    const details = { ...end, ...(status === "SUCCEEDED" ? { outputDetails: { truncated: false } } : {}) };
    record(stored, execution.frame?.previousEventId ?? 0, `Execution${name}`, {
      [`execution${name}EventDetails`]: details,
    });
    Object.assign(execution, end, { status, stopMs: clock.nowMs() });
    delete execution.frame;
    stored.checkpoint();
    stop(execution.arn);
    onStatus(execution);
  }

  /** Runs an execution from where it stands, to its end or until it is stopped. */
  function run(stored: StoredExecution, machine: StateMachine, revision: Revision) {
    const { execution } = stored;
    const definition = JSON.parse(revision.definition) as Definition;
    const stopping = new AbortController();
    const { signal } = stopping;
    const limitSeconds = Math.min(definition.TimeoutSeconds ?? MAX_EXECUTION_SECONDS, MAX_EXECUTION_SECONDS);
    const limitMs = execution.startMs + limitSeconds * 1000 - clock.nowMs();
    const cancelLimit = clock.after(limitMs, () => finish(stored, { status: "TIMED_OUT" }));
    running.set(execution.arn, () => {
      cancelLimit();
      stopping.abort(new Error("The execution was ended"));
    });
    const context: RunContext = {
      execution,
      definition,
      stateMachine: { arn: machine.arn, name: machine.name, roleArn: revision.roleArn },
      clock,
      region: deps.region,
      integrations: integrations(),
      checkpoint() {
        signal.throwIfAborted();
        stored.checkpoint();
      },
      record(previousEventId, type, details) {
        signal.throwIfAborted();
        // The last event is kept for the end of the execution.
        if (stored.eventCount < MAX_HISTORY_EVENTS - 1) {
          return record(stored, previousEventId, type, details);
        }
        const cause = `The execution reached the maximum number of history events (${MAX_HISTORY_EVENTS}).`;
        throw stateError("States.Runtime", cause);
      },
    };
    runExecution(context, signal)
      .then(
        (output): ExecutionEnd => ({ status: "SUCCEEDED", output: JSON.stringify(output) }),
        (thrown: unknown) => (signal.aborted ? undefined : failureOf(thrown)),
      )
      .then((end) => {
        if (end && !signal.aborted) finish(stored, end);
      });
  }

  const storedOf = (stateMachineArn: string) =>
    kept.all().filter(({ execution }) => execution.stateMachineArn === stateMachineArn);

  return {
    start(machine, revision, name, input) {
      const execution: Execution = {
        arn: executionArn(machine, name),
        name,
        stateMachineArn: machine.arn,
        revisionId: revision.revisionId,
        input,
        status: "RUNNING",
        startMs: clock.nowMs(),
        eventCount: 0,
      };
      const stored = kept.add(execution, machine.name);
      const started = { input, inputDetails: { truncated: false }, roleArn: revision.roleArn };
      record(stored, 0, "ExecutionStarted", { executionStartedEventDetails: started });
      stored.checkpoint();
      onStatus(execution);
      run(stored, machine, revision);
      return execution;
    },
    find: (arn) => kept.find(arn)?.execution,
    of: (stateMachineArn) => storedOf(stateMachineArn).map(({ execution }) => execution),
    end({ arn }, end) {
      const stored = kept.find(arn);
      if (stored?.execution.status === "RUNNING") finish(stored, end);
    },
    history: ({ arn }) => kept.find(arn)?.history() ?? [],
    remove(stateMachineArn) {
      for (const stored of storedOf(stateMachineArn)) {
        if (stored.execution.status === "RUNNING") finish(stored, { status: "ABORTED" });
        kept.remove(stored.execution.arn);
      }
    },
    resume() {
      for (const stored of kept.all()) {
        const { execution } = stored;
        if (execution.status !== "RUNNING") continue;
        const machine = findMachine(execution.stateMachineArn);
        const revision = machine?.revisions.find(({ revisionId }) => revisionId === execution.revisionId);
        if (!machine || !revision) throw new Error(`${execution.arn} runs a state machine that is gone`);
        stored.rewind();
        run(stored, machine, revision);
      }
    },
    close() {
      for (const arn of [...running.keys()]) stop(arn);
    },
  };
}

/** The ARN of the execution called `name`. */
export function executionArn(machine: StateMachine, name: string): string {
  return `${machine.arn.replace(":stateMachine:", ":execution:")}:${name}`;
}

const END_NAMES = { SUCCEEDED: "Succeeded", FAILED: "Failed", TIMED_OUT: "TimedOut", ABORTED: "Aborted" };

function failureOf(thrown: unknown): ExecutionEnd {
  if (!isStateError(thrown)) {
    return { status: "FAILED", error: "States.Runtime", cause: toAwsError(thrown).message };
  }
  return { status: "FAILED", error: thrown.error || undefined, cause: thrown.cause || undefined };
}
