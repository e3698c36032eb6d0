import type { PublishEvent } from "../core/seams";
import type { Execution } from "./execution";

/** More input and output together than this is left out of the event ("Step Functions Execution Status Change"). */
const MAX_INCLUDED_BYTES = 248 * 1024;

/** Tells EventBridge of an execution's new status. */
export function publishStatus(publishEvent: PublishEvent, execution: Execution): void {
  const { arn, stateMachineArn, name, status, startMs, stopMs, input, output, error, cause } = execution;
  const included = Buffer.byteLength(JSON.stringify(input + (output ?? ""))) <= MAX_INCLUDED_BYTES;
  publishEvent({
    source: "aws.states",
    detailType: "Step Functions Execution Status Change",
    resources: [arn],
    timeMs: stopMs ?? startMs,
    detail: {
      executionArn: arn,
      stateMachineArn,
      name,
      status,
      startDate: startMs,
      stopDate: stopMs ?? null,
      input: included ? input : null,
      inputDetails: { included },
      output: included ? (output ?? null) : null,
      outputDetails: output === undefined ? null : { included },
      error: error ?? null,
      cause: cause ?? null,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      redriveCount: 0,
      redriveDate: null,
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: null,
    },
  });
}
