import type { Clock } from "../core/clock";
import type { Alarm } from "./alarm";
import { type AlarmStore, reasonDataOf } from "./alarmStore";
import { type EvaluatedPeriod, evaluate, evaluationRange } from "./evaluation";
import { dimensionsOf } from "./inputs";
import { fold, type MetricStore, STATISTICS, type StatisticSet } from "./metrics";

const MINUTE_MS = 60_000;

/**
 * Evaluates every alarm once per period, `metricDelayMs` after the period's end: data that arrive later than that are
 * missing for this evaluation and present for the next. Minutes that were missed while the process was busy are made up
 * for, in order; those during which it did not run are not.
 * @returns what stops it
 */
export function startEvaluator(options: {
  clock: Clock;
  alarms: AlarmStore;
  metrics: MetricStore;
  metricDelayMs: number;
}): () => void {
  const { clock, alarms, metrics, metricDelayMs } = options;
  let minuteEndMs = Math.floor((clock.nowMs() - metricDelayMs) / MINUTE_MS) * MINUTE_MS;
  let cancel: () => void;

  const evaluateMinute = () => {
    for (const alarm of Object.values(alarms.alarms)) {
      const periodMs = alarm.configuration.Period * 1000;
      if (minuteEndMs % periodMs === 0) evaluateAlarm(alarm, minuteEndMs);
    }
  };

  const evaluateAlarm = (alarm: Alarm, endMs: number) => {
    const verdict = evaluate(alarm.configuration, readPeriods(metrics, alarm, endMs));
    if (!verdict || verdict.value === alarm.state.value) return;
    const reasonData = reasonDataOf(alarm, verdict.datapoints, clock.nowMs());
    alarms.setState(alarm, { value: verdict.value, reason: verdict.reason, reasonData });
  };

  const schedule = () => {
    minuteEndMs += MINUTE_MS;
    cancel = clock.after(minuteEndMs + metricDelayMs - clock.nowMs(), () => {
      evaluateMinute();
      schedule();
    });
  };
  schedule();
  return () => cancel();
}

/** The alarm's evaluation range up to `endMs`, oldest period first. Without a unit, all units count together. */
function readPeriods(metrics: MetricStore, { configuration }: Alarm, endMs: number): EvaluatedPeriod[] {
  const periodMs = configuration.Period * 1000;
  const count = evaluationRange(configuration);
  const metric = {
    namespace: configuration.Namespace,
    metricName: configuration.MetricName,
    dimensions: dimensionsOf(configuration.Dimensions),
  };
  const startMs = endMs - count * periodMs;
  const found = new Map<number, StatisticSet>();
  for (const datapoint of metrics.read(metric, { startMs, endMs, periodMs, unit: configuration.Unit })) {
    found.set(datapoint.startMs, fold(datapoint, found.get(datapoint.startMs)));
  }
  return Array.from({ length: count }, (_, index) => {
    const periodStartMs = startMs + index * periodMs;
    const values = found.get(periodStartMs);
    return { startMs: periodStartMs, value: values && STATISTICS[configuration.Statistic](values) };
  });
}
