/** What a producer does about an error acknowledgement. */
export interface AckErrorRule {
  /** The service's name, which it also sends as `ErrorCode`. */
  name: string;
  /**
   * - `skip`: the fragment itself is at fault, and sending it again would fail again
   * - `resend`: the service or the connection is at fault: connect and send it again
   * - `wait`: the stream cannot take media until someone repairs it: as `resend`, after a longer pause
   */
  remedy: "skip" | "resend" | "wait";
}

/** The error IDs of PutMedia's acknowledgements (API page "PutMedia", "Acknowledgement error IDs"). */
export const ackErrors: Readonly<Record<number, AckErrorRule>> = {
  4000: { name: "STREAM_READ_ERROR", remedy: "resend" },
  4001: { name: "MAX_FRAGMENT_SIZE_REACHED", remedy: "skip" },
  4002: { name: "MAX_FRAGMENT_DURATION_REACHED", remedy: "skip" },
  4003: { name: "MAX_CONNECTION_DURATION_REACHED", remedy: "resend" },
  4004: { name: "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS", remedy: "resend" },
  4005: { name: "MORE_THAN_ALLOWED_TRACKS_FOUND", remedy: "skip" },
  4006: { name: "INVALID_MKV_DATA", remedy: "skip" },
  4007: { name: "INVALID_PRODUCER_TIMESTAMP", remedy: "skip" },
  4008: { name: "STREAM_NOT_ACTIVE", remedy: "wait" },
  4009: { name: "FRAGMENT_METADATA_LIMIT_REACHED", remedy: "skip" },
  4010: { name: "TRACK_NUMBER_MISMATCH", remedy: "skip" },
  4011: { name: "FRAMES_MISSING_FOR_TRACK", remedy: "skip" },
  4012: { name: "MORE_THAN_ALLOWED_TRACKS_FOUND", remedy: "skip" },
  4500: { name: "KMS_KEY_ACCESS_DENIED", remedy: "wait" },
  4501: { name: "KMS_KEY_DISABLED", remedy: "wait" },
  4502: { name: "KMS_KEY_VALIDATION_ERROR", remedy: "wait" },
  4503: { name: "KMS_KEY_UNAVAILABLE", remedy: "wait" },
  4504: { name: "KMS_KEY_INVALID_USAGE", remedy: "wait" },
  4505: { name: "KMS_KEY_INVALID_STATE", remedy: "wait" },
  4506: { name: "KMS_KEY_NOT_FOUND", remedy: "wait" },
  4507: { name: "STREAM_DELETED", remedy: "wait" },
  5000: { name: "INTERNAL_ERROR", remedy: "resend" },
  5001: { name: "ARCHIVAL_ERROR", remedy: "resend" },
};

/** The rule for an ID; one that is not in the table is taken for trouble that passes. */
export function ackErrorRule(errorId: number): AckErrorRule {
  return ackErrors[errorId] ?? { name: `ERROR_${errorId}`, remedy: "resend" };
}
