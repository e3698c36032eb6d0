import * as fs from "node:fs";
import * as path from "node:path";
import { toAwsError } from "../core/protocols";
import type { CloudDeps } from "../core/service";
import type { StoredDocument } from "../core/store";
import type { Definition } from "./definition";
import { isStateError, stateError } from "./errors";
import type { Execution, ExecutionStatus } from "./execution";
import { appendEvent, type HistoryEvent, MAX_HISTORY_EVENTS, readHistory, truncateHistory } from "./history";
import { runExecution } from "./interpreter";
import type { RunContext } from "./line";
import type { Revision, StateMachine } from "./stateMachines";
import type { Integrations } from "./tasks";

/** "Maximum execution time" of a standard workflow: a year. */
const MAX_EXECUTION_SECONDS = 365 * 24 * 3600;
/** "Execution history retention time": a closed execution can be seen, and its name is taken, for 90 days. */
const RETENTION_MS = 90 * 24 * 3600_000;

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

/** An execution in memory: its document, and how to stop it while it runs. */
interface Held {
  document: StoredDocument<Execution>;
  historyFile: string;
  eventCount: number;
  stopRun?: () => void;
}

/** Opens the executions below the data folder. `onEvent` and `onStatus` hear of every event and change of status. */
export function openExecutions(options: {
  deps: CloudDeps;
  integrations: () => Integrations;
  findMachine: (arn: string) => StateMachine | undefined;
  onEvent: (execution: Execution, event: HistoryEvent) => void;
  onStatus: (execution: Execution) => void;
}): Executions {
  const { deps, integrations, findMachine, onEvent, onStatus } = options;
  const { clock, store } = deps;
  const held = new Map<string, Held>();
  const folder = store.folder("stepFunctions/executions");
  for (const file of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".json")) hold(file.slice(0, -".json".length));
  }

  function hold(fileName: string, initial?: Execution): Held {
    const document = store.document(`stepFunctions/executions/${fileName}`, initial as Execution);
    const historyFile = path.join(folder, `${fileName}.history.jsonl`);
    const entry = { document, historyFile, eventCount: document.value.eventCount };
    held.set(document.value.arn, entry);
    return entry;
  }

  function record(entry: Held, previousEventId: number, type: string, details?: Record<string, object>) {
    entry.eventCount += 1;
    const event = { id: entry.eventCount, previousEventId, type, timestampMs: clock.nowMs(), details };
    appendEvent(entry.historyFile, event);
    onEvent(entry.document.value, event);
    return event.id;
  }

  function checkpoint({ document, eventCount }: Held) {
    document.value.eventCount = eventCount;
    document.save();
  }

  function finish(entry: Held, { status, ...end }: ExecutionEnd) {
    const execution = entry.document.value;
    const previousEventId = execution.frame?.previousEventId ?? 0;
    const name = `Execution${END_NAMES[status]}`;
    const details = { ...end, ...(status === "SUCCEEDED" ? { outputDetails: { truncated: false } } : {}) };
    record(entry, previousEventId, name, { [`execution${END_NAMES[status]}EventDetails`]: details });
    Object.assign(execution, end, { status, stopMs: clock.nowMs() });
    delete execution.frame;
    checkpoint(entry);
    entry.stopRun?.();
    delete entry.stopRun;
    onStatus(execution);
  }

  /** Runs an execution from where it stands, to its end or until it is stopped. */
  function run(entry: Held, machine: StateMachine, revision: Revision) {
    const execution = entry.document.value;
    const definition = JSON.parse(revision.definition) as Definition;
    const stopping = new AbortController();
    const limitSeconds = Math.min(definition.TimeoutSeconds ?? MAX_EXECUTION_SECONDS, MAX_EXECUTION_SECONDS);
    const limitMs = execution.startMs + limitSeconds * 1000 - clock.nowMs();
    const cancelLimit = clock.after(limitMs, () => finish(entry, { status: "TIMED_OUT" }));
    entry.stopRun = () => {
      cancelLimit();
      stopping.abort(new Error("The execution was ended"));
    };
    const context: RunContext = {
      execution,
      definition,
      stateMachine: { arn: machine.arn, name: machine.name, roleArn: revision.roleArn },
      clock,
      region: deps.region,
      integrations: integrations(),
      checkpoint: () => stopping.signal.aborted || checkpoint(entry),
      record(previousEventId, type, details) {
        stopping.signal.throwIfAborted();
        // The last event is kept for the end of the execution.
        if (entry.eventCount < MAX_HISTORY_EVENTS - 1) return record(entry, previousEventId, type, details);
        const cause = `The execution reached the maximum number of history events (${MAX_HISTORY_EVENTS}).`;
        throw stateError("States.Runtime", cause);
      },
    };
    runExecution(context, stopping.signal).then(
      (output) => {
        if (!stopping.signal.aborted) finish(entry, { status: "SUCCEEDED", output: JSON.stringify(output) });
      },
      (thrown: unknown) => {
        if (!stopping.signal.aborted) finish(entry, failureOf(thrown));
      },
    );
  }

  const remove = (entry: Held) => {
    held.delete(entry.document.value.arn);
    fs.rmSync(entry.historyFile, { force: true });
    fs.rmSync(entry.historyFile.replace(/history\.jsonl$/, "json"), { force: true });
  };

  return {
    start(machine, revision, name, input) {
      const arn = `${machine.arn.replace(":stateMachine:", ":execution:")}:${name}`;
      const entry = hold(`${fileNameOf(machine.name)}/${fileNameOf(name)}`, {
        arn,
        name,
        stateMachineArn: machine.arn,
        revisionId: revision.revisionId,
        input,
        status: "RUNNING",
        startMs: clock.nowMs(),
        eventCount: 0,
      });
      fs.rmSync(entry.historyFile, { force: true });
      record(entry, 0, "ExecutionStarted", {
        executionStartedEventDetails: {
          input,
          inputDetails: { truncated: false },
          roleArn: revision.roleArn,
        },
      });
      checkpoint(entry);
      onStatus(entry.document.value);
      run(entry, machine, revision);
      return entry.document.value;
    },
    find(arn) {
      const entry = held.get(arn);
      const { stopMs } = entry?.document.value ?? {};
      if (!entry || stopMs === undefined || clock.nowMs() - stopMs <= RETENTION_MS)
        return entry?.document.value;
      remove(entry);
      return undefined;
    },
    of: (stateMachineArn) =>
      [...held.values()]
        .map(({ document }) => document.value)
        .filter((execution) => execution.stateMachineArn === stateMachineArn),
    end(execution, end) {
      const entry = held.get(execution.arn);
      if (entry && execution.status === "RUNNING") finish(entry, end);
    },
    history: ({ arn }) => readHistory((held.get(arn) as Held).historyFile),
    remove(stateMachineArn) {
      for (const entry of [...held.values()]) {
        const execution = entry.document.value;
        if (execution.stateMachineArn !== stateMachineArn) continue;
        if (execution.status === "RUNNING") finish(entry, { status: "ABORTED" });
        remove(entry);
      }
    },
    resume() {
      for (const entry of held.values()) {
        const execution = entry.document.value;
        if (execution.status !== "RUNNING" || entry.stopRun) continue;
        const machine = findMachine(execution.stateMachineArn);
        const revision = machine?.revisions.find(({ revisionId }) => revisionId === execution.revisionId);
        if (!machine || !revision) throw new Error(`${execution.arn} runs a state machine that is gone`);
        truncateHistory(entry.historyFile, execution.eventCount);
        run(entry, machine, revision);
      }
    },
    close() {
      for (const { stopRun } of held.values()) stopRun?.();
    },
  };
}

const END_NAMES = { SUCCEEDED: "Succeeded", FAILED: "Failed", TIMED_OUT: "TimedOut", ABORTED: "Aborted" };

/** Names hold no character that a file name may not hold, but dots alone would name a folder. */
const fileNameOf = (name: string) => name.replaceAll(".", "%2E");

function failureOf(thrown: unknown): ExecutionEnd {
  if (isStateError(thrown))
    return { status: "FAILED", error: thrown.error || undefined, cause: thrown.cause || undefined };
  return { status: "FAILED", error: "States.Runtime", cause: toAwsError(thrown).message };
}
