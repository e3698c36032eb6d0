import { makeCountMetric } from "../core/metrics";
import type { PutMetric } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { Execution } from "./execution";

/** The metric of each status ("Monitoring Step Functions metrics", developer guide). */
const METRICS: Record<string, string> = {
  RUNNING: "ExecutionsStarted",
  SUCCEEDED: "ExecutionsSucceeded",
  FAILED: "ExecutionsFailed",
  TIMED_OUT: "ExecutionsTimedOut",
  ABORTED: "ExecutionsAborted",
};

/** Makes what publishes the metrics of an execution's new status. */
export function makeExecutionMetrics(deps: CloudDeps & { putMetric?: PutMetric }) {
  const publish = makeCountMetric(deps, "AWS/States");
  return ({ stateMachineArn, status, startMs, stopMs }: Execution): void => {
    const dimensions = { StateMachineArn: stateMachineArn };
    const metric = METRICS[status];
    if (metric) publish(metric, dimensions);
    if (stopMs !== undefined) publish("ExecutionTime", dimensions, stopMs - startMs, "Milliseconds");
  };
}
