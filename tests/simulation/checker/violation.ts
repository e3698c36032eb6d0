import type { HeldFragment } from "../models/kinesisVideo";
import type { World } from "../world";

/**
 * A promise that a history broke. The checker knows what Kinesis Video Streams persisted and what lies in the bucket, and
 * shares no code with the archiver: it reads ledgers, metadata and media by itself.
 */
export interface Violation {
  invariant: "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I7" | "I8" | "I10" | "ledger";
  fragment?: string;
  says: string;
}

/** A fragment and its times, for people. */
export function describe(
  { serverMs, persistedMs, listedMs, hasBadFrame, readableFromMs }: HeldFragment,
  { history }: World,
): string {
  const at = (ms: number) => `${((ms - history.startMs) / 1000).toFixed(1)} s`;
  const odd = `${hasBadFrame ? ", with a bad frame" : ""}${readableFromMs ? `, readable from ${at(readableFromMs)}` : ""}`;
  return `began at ${at(serverMs)}, persisted at ${at(persistedMs)}, listed from ${at(listedMs)}${odd}`;
}
