import { jsonService } from "../core/protocols";
import type { PutMetric, UseKey } from "../core/seams";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { makeDelivery } from "./delivery";
import { makeMessageOperations } from "./messageOperations";
import { makeUseQueueKey } from "./queueKey";
import { startQueueMetrics } from "./queueMetrics";
import { makeQueueOperations } from "./queueOperations";
import { openQueues } from "./queues";

/** Amazon SQS: standard queues. */
export interface Sqs {
  http: HttpService;
  operations: Operations;
  /** Ends the calls that wait for messages. */
  close(): void;
}

/** What the older Query protocol calls errors; SDKs still show these codes to programs. */
const QUERY_ERROR_CODES = Object.fromEntries(
  [
    ...["BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId"],
    ...["MessageNotInflight", "PurgeQueueInProgress", "TooManyEntriesInBatchRequest", "UnsupportedOperation"],
  ]
    .map((code) => [code, `AWS.SimpleQueueService.${code}`])
    .concat([
      ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"],
      ["QueueNameExists", "QueueAlreadyExists"],
      ["KmsAccessDenied", "KMS.AccessDeniedException"],
      ["KmsDisabled", "KMS.DisabledException"],
      ["KmsInvalidState", "KMS.InvalidStateException"],
      ["KmsNotFound", "KMS.NotFoundException"],
    ]),
);

/** Makes SQS. Waits and visibility timeouts are in the cloud's time. */
export function makeSqs(deps: CloudDeps & { useKey?: UseKey; putMetric?: PutMetric }): Sqs {
  const queues = openQueues(deps);
  const useQueueKey = makeUseQueueKey(queues, deps.useKey);
  const delivery = makeDelivery(deps.clock, queues);
  const operations: Operations = guarded(deps, "sqs", {
    ...makeQueueOperations(deps, queues, delivery),
    ...makeMessageOperations(deps, queues, delivery, useQueueKey),
  });
  const http = jsonService({
    signingName: "sqs",
    targetPrefix: "AmazonSQS",
    version: "1.0",
    queryErrorCodes: QUERY_ERROR_CODES,
    operations,
  });
  const stopMetrics = startQueueMetrics(deps, queues, delivery);
  return {
    http,
    operations,
    close() {
      stopMetrics();
      delivery.close();
    },
  };
}
