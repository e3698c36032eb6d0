import type { PutMetric } from "../core/seams";
import type { CloudDeps } from "../core/service";

/** Publishes a data point of a stream's metric, such as `PutMedia.IncomingFragments`. */
export type StreamMetric = (
  streamName: string,
  metricName: string,
  value: number,
  unit: "Count" | "Bytes" | "Milliseconds",
) => void;

/** Metrics as Kinesis Video publishes them: namespace AWS/KinesisVideo, dimension StreamName. */
export function makeStreamMetric({ clock }: CloudDeps, putMetric: PutMetric): StreamMetric {
  return (streamName, metricName, value, unit) =>
    putMetric({
      namespace: "AWS/KinesisVideo",
      metricName,
      dimensions: { StreamName: streamName },
      value,
      unit,
      timestampMs: clock.nowMs(),
    });
}
