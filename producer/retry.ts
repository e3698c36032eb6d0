import type { AckFailure } from "./verdict";

const FIRST_DELAY_MS = 200;
/** For what only a person can repair: a key that is disabled, a stream that is not active. */
const FIRST_LONG_DELAY_MS = 5000;
const MAX_DELAY_MS = 30_000;

/** Name of the error of a connection on which nothing was heard. */
export const SILENCE = "NoAcknowledgement";

/** What passes by itself: silence, the stream's quotas (API page "PutMedia") and the general throttles. */
const passing = [
  SILENCE,
  "ClientLimitExceededException",
  "ConnectionLimitExceededException",
  "ThrottlingException",
  "TooManyRequestsException",
];

/** How long to wait after the given number of failures in a row: doubling, and anywhere from half of it to all. */
export function backOffMs(error: unknown, failures: number, random: () => number): number {
  const remedy = (error as Partial<AckFailure>).remedy;
  if (remedy === "skip") return 0;
  const firstMs = remedy === "wait" ? FIRST_LONG_DELAY_MS : FIRST_DELAY_MS;
  const ceilingMs = Math.min(MAX_DELAY_MS, firstMs * 2 ** (failures - 1));
  return Math.round(ceilingMs * (0.5 + random() / 2));
}

/**
 * Whether connecting again is of no use. Before the first connection, whatever does not pass by itself is taken for a
 * mistake in the camera's settings; later only a stream that does not exist (any more) is.
 */
export function isHopeless(error: unknown, wasConnected: boolean): boolean {
  const { name, remedy } = error as Partial<AckFailure>;
  if (name === "ResourceNotFoundException") return true;
  if (wasConnected || remedy !== undefined || passing.includes(String(name))) return false;
  return httpStatus(error) < 500;
}

/** Of a PutMedia refusal or of an SDK exception; 0 when no service answered. */
function httpStatus(error: unknown): number {
  const { statusCode, $metadata } = error as { statusCode?: number; $metadata?: { httpStatusCode?: number } };
  return statusCode ?? $metadata?.httpStatusCode ?? 0;
}
