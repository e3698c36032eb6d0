import { every } from "../core/clock";
import { makeCountMetric } from "../core/metrics";
import type { PutMetric } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { Delivery } from "./delivery";
import type { Queues } from "./queues";

const MINUTE_MS = 60_000;

/**
 * Publishes every queue's gauges once a minute ("Available CloudWatch metrics for Amazon SQS"), the quiet ones' too, of
 * which AWS stops after six hours.
 * @returns what stops it
 */
export function startQueueMetrics(
  deps: CloudDeps & { putMetric?: PutMetric },
  queues: Queues,
  delivery: Delivery,
): () => void {
  const { clock } = deps;
  const publish = makeCountMetric(deps, "AWS/SQS");

  const publishAll = () => {
    const nowMs = clock.nowMs();
    for (const queue of queues.all()) {
      const dimensions = { QueueName: queue.name };
      const messages = delivery.current(queue);
      const hidden = messages.filter(({ visibleMs }) => visibleMs > nowMs);
      const delayed = hidden.filter(({ receiveCount }) => receiveCount === 0);
      const oldestMs = Math.min(nowMs, ...messages.map(({ sentMs }) => sentMs));
      publish("ApproximateNumberOfMessagesVisible", dimensions, messages.length - hidden.length);
      publish("ApproximateNumberOfMessagesNotVisible", dimensions, hidden.length - delayed.length);
      publish("ApproximateNumberOfMessagesDelayed", dimensions, delayed.length);
      publish("ApproximateAgeOfOldestMessage", dimensions, Math.floor((nowMs - oldestMs) / 1000), "Seconds");
    }
  };
  return every(clock, MINUTE_MS, publishAll);
}
