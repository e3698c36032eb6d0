import { isAwsError } from "../core/errors";
import type { UseKey } from "../core/seams";
import type { Call } from "../core/service";
import type { StreamRecord } from "./streams";

/** How Kinesis Video names what KMS refused, in acknowledgements and in-band errors (API page of PutMedia; GetMedia's error ids). */
export const KEY_ERRORS = {
  KMS_KEY_ACCESS_DENIED: 4500,
  KMS_KEY_DISABLED: 4501,
  KMS_KEY_VALIDATION_ERROR: 4502,
  KMS_KEY_UNAVAILABLE: 4503,
  KMS_KEY_INVALID_USAGE: 4504,
  KMS_KEY_INVALID_STATE: 4505,
  KMS_KEY_NOT_FOUND: 4506,
} as const;

export type KeyErrorCode = keyof typeof KEY_ERRORS;

const CODES: Record<string, KeyErrorCode> = {
  AccessDeniedException: "KMS_KEY_ACCESS_DENIED",
  DisabledException: "KMS_KEY_DISABLED",
  ValidationException: "KMS_KEY_VALIDATION_ERROR",
  KMSInvalidStateException: "KMS_KEY_INVALID_STATE",
  NotFoundException: "KMS_KEY_NOT_FOUND",
};

/**
 * Asks whether a caller may use a stream's key: to write with `GenerateDataKey`, to read with `Decrypt` ("Data protection
 * in Kinesis Video Streams", developer guide). The media on this machine's disk are not encrypted.
 * @returns why not, or nothing
 */
export type AskStreamKey = (
  stream: StreamRecord,
  operation: "GenerateDataKey" | "Decrypt",
  call: Call,
) => Promise<KeyErrorCode | undefined>;

/** Makes the question to KMS. */
export function makeAskStreamKey(useKey: UseKey): AskStreamKey {
  return async (stream, operation, call) => {
    try {
      await useKey({ keyId: stream.kmsKeyId, operations: [operation], call, via: "kinesisvideo" });
      return undefined;
    } catch (error) {
      const code = isAwsError(error) ? CODES[error.code] : undefined;
      if (!code) throw error;
      return code;
    }
  };
}
