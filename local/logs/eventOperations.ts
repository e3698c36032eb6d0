import { createHash } from "node:crypto";
import type {
  FilterLogEventsRequest,
  GetLogEventsRequest,
  InputLogEvent,
  PutLogEventsRequest,
} from "@aws-sdk/client-cloudwatch-logs";
import { byKey, page } from "../core/page";
import type { CloudDeps, Operation } from "../core/service";
import { EVENT_OVERHEAD_BYTES, type LogEvent, type StoredEvent } from "./eventFile";
import { readFilterPattern } from "./filterPattern";
import type { LogGroups } from "./groups";
import { badToken, checks, groupName, identifiedGroup, invalid, streamName } from "./inputs";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Limits of a batch ("PutLogEvents", API reference). */
const MAX_BATCH_EVENTS = 10_000;
const MAX_BATCH_BYTES = 1_048_576;
const MAX_AGE_MS = 14 * DAY_MS;
const MAX_AHEAD_MS = 2 * HOUR_MS;
const MAX_READ_EVENTS = 10_000;

/** The operations on log events. */
export function makeEventOperations({ clock }: CloudDeps, logs: LogGroups) {
  const operations = {
    async PutLogEvents(input: PutLogEventsRequest, call) {
      const name = groupName(input.logGroupName);
      const stream = streamName(input.logStreamName);
      await call.authorize(logs.need("PutLogEvents", name, stream));
      const events = checkBatch(checks.required(input.logEvents, "logEvents"));
      const group = logs.find(name);
      logs.findStream(group, stream);
      const nowMs = clock.nowMs();
      const oldestMs = nowMs - MAX_AGE_MS;
      const isTooOld = ({ timestamp }: LogEvent) => timestamp < oldestMs;
      const isExpired = ({ timestamp }: LogEvent) => timestamp < logs.oldestMs(group);
      const isTooNew = ({ timestamp }: LogEvent) => timestamp > nowMs + MAX_AHEAD_MS;
      const received = events.map((event) => ({ ...event, ingestionTime: nowMs }));
      const taken = received.filter((event) => !isTooOld(event) && !isExpired(event) && !isTooNew(event));
      logs.events(group, stream).append(taken);
      if (taken.length === received.length) return { nextSequenceToken: "0" };
      // Events come in order, so the old ones are the first of the batch and the new ones its last.
      const rejected = {
        tooOldLogEventEndIndex: received.filter(isTooOld).length || undefined,
        expiredLogEventEndIndex: received.filter(isExpired).length || undefined,
        tooNewLogEventStartIndex: received.some(isTooNew) ? received.findIndex(isTooNew) : undefined,
      };
      return { nextSequenceToken: "0", rejectedLogEventsInfo: rejected };
    },

    async GetLogEvents(input: GetLogEventsRequest, call) {
      const name = identifiedGroup(input);
      const stream = streamName(input.logStreamName);
      await call.authorize(logs.need("GetLogEvents", name, stream));
      checks.unsupported(input, ["unmask"]);
      const limit = checks.range(input.limit, "limit", 1, MAX_READ_EVENTS) ?? MAX_READ_EVENTS;
      const group = logs.find(name);
      logs.findStream(group, stream);
      const events = logs.events(group, stream).read(logs.oldestMs(group)).filter(inRange(input));
      const shown = chooseEvents(events, { limit, token: input.nextToken, fromHead: input.startFromHead });
      const first = shown[0];
      const last = shown.at(-1);
      // Where nothing is left, the token that asked is given back: the sign for clients to stop.
      const here = input.nextToken?.slice(2) ?? "";
      return {
        events: shown.map(({ timestamp, ingestionTime, message }) => ({ timestamp, ingestionTime, message })),
        nextForwardToken: `f/${last ? placeOf(last) : here}`,
        nextBackwardToken: `b/${first ? placeOf(first) : here}`,
      };
    },

    async FilterLogEvents(input: FilterLogEventsRequest, call) {
      const name = identifiedGroup(input);
      await call.authorize(logs.need("FilterLogEvents", name));
      checks.unsupported(input, ["unmask"]);
      const { logStreamNames: names, logStreamNamePrefix: prefix } = input;
      if (names !== undefined && prefix !== undefined) {
        throw invalid("logStreamNames and logStreamNamePrefix must not be given together.");
      }
      const matches = readFilterPattern(input.filterPattern ?? "");
      const group = logs.find(name);
      for (const stream of names ?? []) logs.findStream(group, stream);
      const streams = Object.keys(group.streams).filter(
        (stream) => (names?.includes(stream) ?? true) && stream.startsWith(prefix ?? ""),
      );
      const found = streams.flatMap((stream) =>
        logs
          .events(group, stream)
          .read(logs.oldestMs(group))
          .filter(inRange({ ...input, endTime: input.endTime && input.endTime + 1 }))
          .filter(({ message }) => matches(message))
          .map(({ line, ...event }) => ({
            ...event,
            logStreamName: stream,
            key: keyOf(event.timestamp, stream, line),
          })),
      );
      const listed = page(found.sort(byKey(({ key }) => key)), ({ key }) => key, {
        limit: checks.range(input.limit, "limit", 1, MAX_READ_EVENTS) ?? MAX_READ_EVENTS,
        token: input.nextToken,
        badToken,
      });
      return {
        events: listed.items.map(({ key, ...event }) => ({ ...event, eventId: eventId(key) })),
        searchedLogStreams: [],
        nextToken: listed.nextToken,
      };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** Checks a batch: its size, that its events are in order, and that they are of one day. */
function checkBatch(events: InputLogEvent[]): { timestamp: number; message: string }[] {
  checks.range(events.length, "logEvents.length", 1, MAX_BATCH_EVENTS);
  const batch = events.map(({ timestamp, message }) => ({
    timestamp: checks.required(timestamp, "logEvents.member.timestamp"),
    message: checks.required(message, "logEvents.member.message"),
  }));
  const sizeBytes = batch
    .map(({ message }) => Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES)
    .reduce((sum, eventBytes) => sum + eventBytes, 0);
  if (sizeBytes > MAX_BATCH_BYTES) {
    throw invalid(`Upload too large: ${sizeBytes} bytes exceeds limit of ${MAX_BATCH_BYTES}`);
  }
  if (batch.some(({ timestamp }, index) => timestamp < (batch[index - 1]?.timestamp ?? 0))) {
    throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
  }
  if ((batch.at(-1)?.timestamp ?? 0) - (batch[0]?.timestamp ?? 0) > DAY_MS) {
    throw invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  return batch;
}

/** From startTime on and before endTime; FilterLogEvents includes the latter. */
const inRange =
  ({ startTime = 0, endTime = Number.POSITIVE_INFINITY }: { startTime?: number; endTime?: number }) =>
  ({ timestamp }: LogEvent) =>
    timestamp >= startTime && timestamp < endTime;

/** The events after (`f/`) or before (`b/`) the place that a token names; without one, the first or the last. */
function chooseEvents(
  events: StoredEvent[],
  { limit, token, fromHead = false }: { limit: number; token?: string; fromHead?: boolean },
): StoredEvent[] {
  if (token === undefined) return fromHead ? events.slice(0, limit) : events.slice(-limit);
  const [, direction, place = ""] = /^([fb])\/(\d{15}-\d{12}|)$/.exec(token) ?? [];
  if (direction === undefined) throw badToken();
  if (direction === "f") return events.filter((event) => placeOf(event) > place).slice(0, limit);
  return events.filter((event) => placeOf(event) < place).slice(-limit);
}

const placeOf = ({ timestamp, line }: { timestamp: number; line: number }) =>
  `${String(timestamp).padStart(15, "0")}-${String(line).padStart(12, "0")}`;

const keyOf = (timestamp: number, stream: string, line: number) =>
  `${String(timestamp).padStart(15, "0")} ${stream} ${String(line).padStart(12, "0")}`;

/** A number of 56 digits that is an event's own, as the service gives. */
function eventId(key: string): string {
  const hash = createHash("sha256").update(key).digest("hex");
  return BigInt(`0x${hash}`).toString().padStart(56, "0").slice(0, 56);
}
