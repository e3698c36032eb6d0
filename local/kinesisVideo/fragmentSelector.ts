import type { FragmentRecord } from "./fragmentStore";
import { invalidArgument, requiredOneOf } from "./input";

/** A range of fragments by the time they start at: both ends belong to it. Compared to the millisecond. */
export interface FragmentSelector {
  origin: "SERVER_TIMESTAMP" | "PRODUCER_TIMESTAMP";
  startMs: number;
  endMs: number;
}

/** FragmentSelector and ClipFragmentSelector as they come in; timestamps are epoch seconds, whole or not. */
export interface FragmentSelectorInput {
  FragmentSelectorType?: string;
  TimestampRange?: { StartTimestamp?: unknown; EndTimestamp?: unknown };
}

/** Reads a selector. @throws InvalidArgumentException that names `member` */
export function readSelector(input: FragmentSelectorInput | undefined, member: string): FragmentSelector {
  if (typeof input !== "object" || input === null) throw invalidArgument(`${member} is required.`);
  const origins = ["SERVER_TIMESTAMP", "PRODUCER_TIMESTAMP"] as const;
  return {
    origin: requiredOneOf(input.FragmentSelectorType, `${member}.FragmentSelectorType`, origins),
    startMs: epochMs(input.TimestampRange?.StartTimestamp, `${member}.TimestampRange.StartTimestamp`),
    endMs: epochMs(input.TimestampRange?.EndTimestamp, `${member}.TimestampRange.EndTimestamp`),
  };
}

/** Whether a fragment starts in the range. */
export function selects({ origin, startMs, endMs }: FragmentSelector, fragment: FragmentRecord): boolean {
  const timestampMs =
    origin === "SERVER_TIMESTAMP" ? fragment.serverTimestampMs : fragment.producerTimestampMs;
  return timestampMs >= startMs && timestampMs <= endMs;
}

function epochMs(seconds: unknown, member: string): number {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) {
    throw invalidArgument(`${member} is ${JSON.stringify(seconds)}; write seconds since 1970.`);
  }
  return Math.round(seconds * 1000);
}
