import type { MetricDataQuery, MetricDatum } from "@aws-sdk/client-cloudwatch";
import {
  checks,
  dimensionsOf,
  invalidCombination,
  invalidValue,
  periodSeconds,
  timestampMs,
  unitOf,
  type Wire,
} from "./inputs";
import { fold, type Metric, STATISTIC_NAMES, type StatisticName, type StatisticSet } from "./metrics";

const HOUR_MS = 3_600_000;

/** Reads one datum of PutMetricData: a value, values with counts, or a statistic set. */
export function readDatum(namespace: string, datum: Wire<MetricDatum, "Timestamp">, nowMs: number) {
  if (Number(datum.StorageResolution ?? 60) !== 60) {
    throw invalidValue("StorageResolution 1 is not supported by the local cloud; leave it out, or write 60");
  }
  const atMs = timestampMs(datum.Timestamp, "Timestamp") ?? nowMs;
  if (atMs < nowMs - 14 * 24 * HOUR_MS || atMs > nowMs + 2 * HOUR_MS) {
    throw invalidValue(
      `The parameter Timestamp must be at most two weeks in the past and two hours in the future: ${new Date(atMs).toISOString()}`,
    );
  }
  return {
    metric: {
      namespace,
      metricName: checks.required(datum.MetricName, "metricName"),
      dimensions: dimensionsOf(datum.Dimensions),
    },
    unit: unitOf(datum.Unit) ?? "None",
    values: readValues(datum),
    atMs,
  };
}

function readValues(datum: Wire<MetricDatum, "Timestamp">): StatisticSet {
  const { StatisticValues: set, Values, Counts } = datum;
  if (set) {
    return {
      sampleCount: numberOf(set.SampleCount, "SampleCount"),
      sum: numberOf(set.Sum, "Sum"),
      minimum: numberOf(set.Minimum, "Minimum"),
      maximum: numberOf(set.Maximum, "Maximum"),
    };
  }
  const values = Values?.length ? Values : [checks.required(datum.Value, "value")];
  if (Counts && Counts.length !== values.length) {
    throw invalidCombination("The parameters Values and Counts must have the same number of members");
  }
  return values
    .map((value, index): StatisticSet => {
      const one = numberOf(value, "Value");
      const count = numberOf(Counts?.[index] ?? 1, "Count");
      return { sampleCount: count, sum: one * count, minimum: one, maximum: one };
    })
    .reduce(fold);
}

/** Reads one query of GetMetricData: a statistic of a metric. */
export function readQuery(query: MetricDataQuery) {
  checks.unsupported(query, ["Expression", "AccountId"]);
  const { Metric: asked, Period, Stat, Unit } = checks.required(query.MetricStat, "metricStat");
  const metric: Metric = {
    namespace: checks.required(asked?.Namespace, "metricStat.metric.namespace"),
    metricName: checks.required(asked?.MetricName, "metricStat.metric.metricName"),
    dimensions: dimensionsOf(asked?.Dimensions),
  };
  const periodMs = periodSeconds(Period, "metricStat.period") * 1000;
  return { metric, periodMs, statistic: statisticOf(Stat, "metricStat.stat"), unit: unitOf(Unit) };
}

/** The asked range, its start cut down to a multiple of `stepMs`. */
export function rangeOf(input: Wire<object, "StartTime" | "EndTime">, stepMs: number) {
  const startMs = timestampMs(checks.required(input.StartTime, "startTime"), "StartTime") as number;
  const endMs = timestampMs(checks.required(input.EndTime, "endTime"), "EndTime") as number;
  if (startMs >= endMs)
    throw invalidValue("The parameter StartTime must be less than the parameter EndTime.");
  return { startMs: Math.floor(startMs / stepMs) * stepMs, endMs };
}

/** A statistic's name, required. */
export function statisticOf(value: unknown, member: string): StatisticName {
  return checks.oneOf(checks.required(value, member), member, STATISTIC_NAMES) as StatisticName;
}

function numberOf(value: unknown, member: string): number {
  const number = Number(checks.required(value, member));
  if (!Number.isFinite(number))
    throw invalidValue(`The value ${value} for parameter ${member} is not a number`);
  return number;
}
