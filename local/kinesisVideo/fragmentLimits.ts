import type { AckErrorCode } from "./acknowledgement";

/** What the service takes in one fragment (quota page of Kinesis Video Streams, "PutMedia"). */
export const FRAGMENT_LIMITS = {
  sizeBytes: 50_000_000,
  durationMs: 20_000,
  tracks: 3,
  /** Metadata items: names and values of the producer's own tags. */
  tags: 10,
  tagNameBytes: 128,
  tagValueBytes: 256,
} as const;

/** Media that the service does not take: an error with the code of its acknowledgement. */
export interface Refusal extends Error {
  errorCode: AckErrorCode;
}

/** Makes the error that a rule throws at media that breaks it. */
export function refusal(errorCode: AckErrorCode, message: string): Refusal {
  return Object.assign(new Error(message), { errorCode });
}

/** Whether a rule threw this; anything else is a fault of this program. */
export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && "errorCode" in error;
}
