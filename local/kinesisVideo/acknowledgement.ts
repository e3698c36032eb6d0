import { KEY_ERRORS } from "./streamKey";

/** The errors that an ERROR acknowledgement can carry (API page of PutMedia, "Response Elements"). */
export const ACK_ERRORS = {
  STREAM_READ_ERROR: 4000,
  MAX_FRAGMENT_SIZE_REACHED: 4001,
  MAX_FRAGMENT_DURATION_REACHED: 4002,
  MAX_CONNECTION_DURATION_REACHED: 4003,
  FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS: 4004,
  INVALID_MKV_DATA: 4006,
  INVALID_PRODUCER_TIMESTAMP: 4007,
  STREAM_NOT_ACTIVE: 4008,
  FRAGMENT_METADATA_LIMIT_REACHED: 4009,
  TRACK_NUMBER_MISMATCH: 4010,
  FRAMES_MISSING_FOR_TRACK: 4011,
  MORE_THAN_ALLOWED_TRACKS_FOUND: 4012,
  ...KEY_ERRORS,
  INTERNAL_ERROR: 5000,
  ARCHIVAL_ERROR: 5001,
} as const;

/** The name of an acknowledged error, on the wire as ErrorCode. */
export type AckErrorCode = keyof typeof ACK_ERRORS;

/** The fragment that an acknowledgement is about. */
export interface AckedFragment {
  /** As the producer sent it, in milliseconds: relative to the start of the recording in RELATIVE mode. */
  timecodeMs: number;
  fragmentNumber: string;
}

/** A line of PutMedia's answer: a flat object, without the wrapper that the API page shows. */
export function acknowledgement(
  eventType: "BUFFERING" | "RECEIVED" | "PERSISTED" | "IDLE" | "ERROR",
  fragment?: AckedFragment,
  errorCode?: AckErrorCode,
): string {
  const line = {
    EventType: eventType,
    FragmentTimecode: fragment?.timecodeMs,
    FragmentNumber: fragment?.fragmentNumber,
    ErrorId: errorCode && ACK_ERRORS[errorCode],
    ErrorCode: errorCode,
  };
  return `${JSON.stringify(line)}\n`;
}
