import * as fs from "node:fs";
import * as path from "node:path";
import type { CloudDeps } from "../core/service";
import type { StoredDocument } from "../core/store";
import type { Execution } from "./execution";
import { appendEvent, type HistoryEvent, readHistory, truncateHistory } from "./history";

/** "Execution history retention time": a closed execution can be seen, and its name is taken, for 90 days. */
const RETENTION_MS = 90 * 24 * 3600_000;

/** An execution with its files: its state, and its history as lines that are only ever added. */
export interface StoredExecution {
  execution: Execution;
  /** Events recorded so far, those after the last checkpoint included. */
  eventCount: number;
  /** Appends an event to the history. */
  append(event: HistoryEvent): void;
  /** Puts the state on disk; what was recorded before now stands. */
  checkpoint(): void;
  /** Takes back what was recorded after the last checkpoint. */
  rewind(): void;
  history(): HistoryEvent[];
}

/** All executions, by ARN. */
export interface ExecutionStore {
  /** Keeps a new execution; it is on disk with its first checkpoint. */
  add(execution: Execution, machineName: string): StoredExecution;
  find(arn: string): StoredExecution | undefined;
  all(): StoredExecution[];
  remove(arn: string): void;
}

/** Opens the executions below the data folder. */
export function openExecutionStore({ store, clock }: Pick<CloudDeps, "store" | "clock">): ExecutionStore {
  const folder = store.folder("stepFunctions/executions");
  const kept = new Map<string, StoredExecution & { files: string[] }>();

  function keep(fileName: string, document: StoredDocument<Execution>) {
    const historyFile = path.join(folder, `${fileName}.history.jsonl`);
    const stored = {
      execution: document.value,
      eventCount: document.value.eventCount,
      files: [historyFile, path.join(folder, `${fileName}.json`)],
      append(event: HistoryEvent) {
        stored.eventCount += 1;
        appendEvent(historyFile, event);
      },
      checkpoint() {
        stored.execution.eventCount = stored.eventCount;
        document.save();
      },
      rewind() {
        stored.eventCount = stored.execution.eventCount;
        truncateHistory(historyFile, stored.eventCount);
      },
      history: () => readHistory(historyFile),
    };
    kept.set(document.value.arn, stored);
    return stored;
  }

  const open = (fileName: string, initial: Execution) =>
    keep(fileName, store.document(`stepFunctions/executions/${fileName}`, initial));

  for (const file of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    // The document is there, so it needs no beginning.
    if (file.endsWith(".json")) open(file.slice(0, -".json".length), {} as Execution);
  }

  function remove(arn: string) {
    for (const file of kept.get(arn)?.files ?? []) fs.rmSync(file, { force: true });
    kept.delete(arn);
  }

  const isOver = ({ execution: { stopMs } }: StoredExecution) =>
    stopMs !== undefined && clock.nowMs() - stopMs > RETENTION_MS;

  return {
    add(execution, machineName) {
      remove(execution.arn);
      return open(path.join(fileNameOf(machineName), fileNameOf(execution.name)), execution);
    },
    find(arn) {
      const found = kept.get(arn);
      return found && !isOver(found) ? found : undefined;
    },
    all: () => [...kept.values()].filter((stored) => !isOver(stored)),
    remove,
  };
}

/** Names hold no character that a file name may not hold, but dots alone would name a folder. */
const fileNameOf = (name: string) => name.replaceAll(".", "%2E");
