import * as fs from "node:fs";

/** "Maximum execution history size", a hard quota. */
export const MAX_HISTORY_EVENTS = 25_000;

/** An event as GetExecutionHistory has it, with its time in milliseconds. */
export interface HistoryEvent {
  id: number;
  previousEventId: number;
  type: string;
  timestampMs: number;
  /** The member that belongs to the type, such as `stateEnteredEventDetails`. */
  details?: Record<string, object>;
}

/** Appends one event; histories are files of JSON lines. */
export function appendEvent(file: string, event: HistoryEvent): void {
  fs.appendFileSync(file, `${JSON.stringify(event)}\n`);
}

/** Reads a history from its first event on. */
export function readHistory(file: string): HistoryEvent[] {
  const lines = fs.readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as HistoryEvent);
}

/** Takes back what was written after the last checkpoint, which a restart does again. */
export function truncateHistory(file: string, eventCount: number): void {
  const lines = fs.readFileSync(file, "utf8").split("\n").slice(0, eventCount);
  fs.writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
}

/** An event as the API answers it; without execution data, inputs and outputs are left out. */
export function describeEvent(event: HistoryEvent, includeExecutionData: boolean): object {
  const { timestampMs, details = {}, ...rest } = event;
  const shown = includeExecutionData ? details : mapValues(details, withoutData);
  return { ...rest, timestamp: new Date(timestampMs), ...shown };
}

const DATA_MEMBERS = ["input", "output", "parameters", "assignedVariables"];

function withoutData(details: object): object {
  return Object.fromEntries(Object.entries(details).filter(([name]) => !DATA_MEMBERS.includes(name)));
}

function mapValues<T, U>(record: Record<string, T>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
