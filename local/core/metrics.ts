import type { PutMetric } from "./seams";
import type { CloudDeps } from "./service";

/** Publishes data points of one namespace, stamped with now. */
export type CountMetric = (
  metricName: string,
  dimensions: Record<string, string>,
  value?: number,
  unit?: "Count" | "Milliseconds" | "Seconds",
) => void;

/** Makes what publishes a service's metrics to CloudWatch; without a way there it publishes none. */
export function makeCountMetric(
  { clock, putMetric }: Pick<CloudDeps, "clock"> & { putMetric?: PutMetric },
  namespace: string,
): CountMetric {
  return (metricName, dimensions, value = 1, unit = "Count") =>
    putMetric?.({ namespace, metricName, dimensions, value, unit, timestampMs: clock.nowMs() });
}
