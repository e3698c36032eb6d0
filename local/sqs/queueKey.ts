import { awsError, isAwsError } from "../core/errors";
import type { UseKey } from "../core/seams";
import type { Call } from "../core/service";
import type { Queue, Queues } from "./queues";

/** KMS's refusals under the names that SQS gives them ("SendMessage", API reference). */
const KMS_ERRORS: Record<string, string> = {
  AccessDeniedException: "KmsAccessDenied",
  DisabledException: "KmsDisabled",
  NotFoundException: "KmsNotFound",
  KMSInvalidStateException: "KmsInvalidState",
};

/** Asks KMS whether a caller may use a queue's key, if the queue has one. @throws KmsAccessDenied and its like */
export type UseQueueKey = (
  queue: Queue,
  call: Call,
  ...operations: ("GenerateDataKey" | "Decrypt")[]
) => Promise<void>;

/** Makes the question; without `useKey` every key can be used. */
export function makeUseQueueKey(queues: Queues, useKey?: UseKey): UseQueueKey {
  return async (queue, call, ...operations) => {
    const keyId = queue.attributes.KmsMasterKeyId;
    if (!keyId || !useKey) return;
    try {
      const encryptionContext = { "aws:sqs:arn": queues.arnOf(queue.name) };
      await useKey({ keyId, operations, call, via: "sqs", encryptionContext });
    } catch (error) {
      const code = isAwsError(error) ? KMS_ERRORS[error.code] : undefined;
      if (!code) throw error;
      throw awsError(code, 400, (error as Error).message);
    }
  };
}
