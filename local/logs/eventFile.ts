import * as fs from "node:fs";

/** A line of a log stream, under the API's names; times in ms. */
export interface LogEvent {
  timestamp: number;
  ingestionTime: number;
  message: string;
}

/** A line with its place in the file, which tells lines of one timestamp apart. */
export interface StoredEvent extends LogEvent {
  line: number;
}

/** What DescribeLogStreams says of a stream's events. */
export interface EventSummary {
  firstEventTimestamp?: number;
  lastEventTimestamp?: number;
  lastIngestionTime?: number;
  storedBytes: number;
}

/** The events of one log stream: a file of JSON lines that only grows. */
export interface EventFile {
  append(events: LogEvent[]): void;
  /** All events from `oldestMs` on, by timestamp, those of one timestamp as they came. */
  read(oldestMs: number): StoredEvent[];
  summary(): EventSummary;
}

/** What an event counts beside its message ("PutLogEvents", API reference). */
export const EVENT_OVERHEAD_BYTES = 26;

/**
 * Opens a stream's file. Here, once per process, a line that a kill has cut off is dropped, and lines that are older than
 * `oldestMs` (the group's retention) are too.
 */
export function openEventFile(file: string, oldestMs: number): EventFile {
  let lineCount = 0;
  let summary: EventSummary = { storedBytes: 0 };

  const readLines = () => {
    const lines = fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n") : [""];
    const torn = lines.pop();
    return { torn, events: lines.map((line) => JSON.parse(line) as LogEvent) };
  };

  const count = (events: LogEvent[]) => {
    for (const { timestamp, ingestionTime, message } of events) {
      summary = {
        firstEventTimestamp: Math.min(timestamp, summary.firstEventTimestamp ?? timestamp),
        lastEventTimestamp: Math.max(timestamp, summary.lastEventTimestamp ?? timestamp),
        lastIngestionTime: ingestionTime,
        storedBytes: summary.storedBytes + Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES,
      };
    }
    lineCount += events.length;
  };

  const { torn, events } = readLines();
  const kept = events.filter(({ timestamp }) => timestamp >= oldestMs);
  if (torn !== "" || kept.length < events.length) {
    fs.writeFileSync(`${file}.new`, toLines(kept));
    fs.renameSync(`${file}.new`, file);
  }
  count(kept);

  return {
    append(added) {
      fs.appendFileSync(file, toLines(added));
      count(added);
    },
    read(fromMs) {
      if (lineCount === 0) return [];
      return readLines()
        .events.map((event, line): StoredEvent => ({ ...event, line }))
        .filter(({ timestamp }) => timestamp >= fromMs)
        .sort((a, b) => a.timestamp - b.timestamp || a.line - b.line);
    },
    summary: () => summary,
  };
}

const toLines = (events: LogEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
