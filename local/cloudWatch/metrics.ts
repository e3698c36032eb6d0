import * as fs from "node:fs";
import * as path from "node:path";
import type { Clock } from "../core/clock";
import type { Store, StoredDocument } from "../core/store";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** One-minute data points are kept for 15 days ("Metrics retention", CloudWatch concepts). */
export const RETENTION_MS = 15 * 24 * HOUR_MS;

/** Data points are on disk within a second of real time: a kill loses at most that, never an alarm's state. */
const WRITE_DELAY_MS = 1000;

/** What tells one metric from another. */
export interface Metric {
  namespace: string;
  metricName: string;
  dimensions: Record<string, string>;
}

/** Values folded together, from which every statistic but percentiles follows. */
export interface StatisticSet {
  sampleCount: number;
  sum: number;
  minimum: number;
  maximum: number;
}

/** The statistics of one period of one metric in one unit. */
export interface Datapoint extends StatisticSet {
  startMs: number;
  unit: string;
}

/** A metric's values in one hour: by unit, then by the minute's start in ms. */
interface Series extends Metric {
  units: Record<string, Record<string, StatisticSet>>;
}

/** All metrics of an hour, by `metricKey`. */
type Hour = Record<string, Series>;

/** Metric data, folded per minute and kept in a file per hour of data. */
export interface MetricStore {
  add(metric: Metric, unit: string, values: StatisticSet, timestampMs: number): void;
  /**
   * Data points of periods that begin in [startMs, endMs), oldest first; `startMs` is a period's start. Periods without
   * data are absent; each unit has data points of its own.
   */
  read(
    metric: Metric,
    range: { startMs: number; endMs: number; periodMs: number; unit?: string },
  ): Datapoint[];
  /** Metrics that have data within the retention and since `sinceMs`. */
  list(sinceMs: number): Metric[];
  close(): void;
}

/** Opens the metric data under `cloudwatch/metrics` of the data folder. */
export function openMetrics(store: Store, clock: Clock): MetricStore {
  const folder = store.folder("cloudwatch/metrics");
  const hours = new Map<number, StoredDocument<Hour>>();
  const unsaved = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const open = (hourMs: number) => {
    const hour = store.document<Hour>(`cloudwatch/metrics/${fileName(hourMs)}`, {});
    hours.set(hourMs, hour);
    return hour;
  };
  for (const file of fs.readdirSync(folder)) {
    const hourMs = Date.parse(`${path.basename(file, ".json")}:00:00Z`);
    if (file.endsWith(".json") && !Number.isNaN(hourMs)) open(hourMs);
  }

  const dropExpired = () => {
    for (const hourMs of hours.keys()) {
      if (hourMs + HOUR_MS > clock.nowMs() - RETENTION_MS) continue;
      hours.delete(hourMs);
      unsaved.delete(hourMs);
      fs.rmSync(path.join(folder, `${fileName(hourMs)}.json`), { force: true });
    }
  };

  const save = () => {
    timer = undefined;
    for (const hourMs of unsaved) hours.get(hourMs)?.save();
    unsaved.clear();
  };

  return {
    add(metric, unit, values, timestampMs) {
      const hourMs = floorTo(timestampMs, HOUR_MS);
      if (!hours.has(hourMs)) dropExpired();
      const hour = (hours.get(hourMs) ?? open(hourMs)).value;
      hour[metricKey(metric)] ??= { ...metric, units: {} };
      const { units } = hour[metricKey(metric)] as Series;
      units[unit] ??= {};
      const minutes = units[unit];
      const minute = String(floorTo(timestampMs, MINUTE_MS));
      minutes[minute] = minutes[minute] ? fold(minutes[minute], values) : values;
      unsaved.add(hourMs);
      // Services that close later still measure: that is lost with the process, and the folder may be gone.
      if (!isClosed) timer ??= setTimeout(save, WRITE_DELAY_MS);
    },

    read(metric, { startMs, endMs, periodMs, unit }) {
      const key = metricKey(metric);
      const periods = new Map<string, Datapoint>();
      for (const [hourMs, hour] of hours) {
        if (hourMs + HOUR_MS <= startMs || hourMs >= endMs + periodMs) continue;
        for (const [seriesUnit, minutes] of Object.entries(hour.value[key]?.units ?? {})) {
          if (unit !== undefined && seriesUnit !== unit) continue;
          for (const [minute, values] of Object.entries(minutes)) {
            const periodStartMs = startMs + floorTo(Number(minute) - startMs, periodMs);
            if (periodStartMs < startMs || periodStartMs >= endMs) continue;
            const period = `${periodStartMs} ${seriesUnit}`;
            const folded = fold(values, periods.get(period));
            periods.set(period, { ...folded, startMs: periodStartMs, unit: seriesUnit });
          }
        }
      }
      return [...periods.values()].sort((a, b) => a.startMs - b.startMs);
    },

    list(sinceMs) {
      const metrics = new Map<string, Metric>();
      for (const [hourMs, hour] of hours) {
        if (hourMs + HOUR_MS <= sinceMs) continue;
        for (const { namespace, metricName, dimensions } of Object.values(hour.value)) {
          const metric = { namespace, metricName, dimensions };
          metrics.set(metricKey(metric), metric);
        }
      }
      return [...metrics.values()];
    },

    close() {
      clearTimeout(timer);
      save();
      isClosed = true;
    },
  };
}

/** A metric's identity as text: the order of its dimensions does not matter. */
export function metricKey({ namespace, metricName, dimensions }: Metric): string {
  return JSON.stringify([
    namespace,
    metricName,
    Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

/** Two sets of values as one. */
export function fold(a: StatisticSet, b: StatisticSet | undefined): StatisticSet {
  if (!b) return a;
  return {
    sampleCount: a.sampleCount + b.sampleCount,
    sum: a.sum + b.sum,
    minimum: Math.min(a.minimum, b.minimum),
    maximum: Math.max(a.maximum, b.maximum),
  };
}

/** The statistics that alarms and readers can ask for by name; percentiles would need every value. */
export const STATISTICS = {
  SampleCount: (values: StatisticSet) => values.sampleCount,
  Average: (values: StatisticSet) => values.sum / values.sampleCount,
  Sum: (values: StatisticSet) => values.sum,
  Minimum: (values: StatisticSet) => values.minimum,
  Maximum: (values: StatisticSet) => values.maximum,
};

/** The name of a statistic. */
export type StatisticName = keyof typeof STATISTICS;

/** The names of all statistics. */
export const STATISTIC_NAMES = Object.keys(STATISTICS) as StatisticName[];

const floorTo = (value: number, step: number) => Math.floor(value / step) * step;
const fileName = (hourMs: number) => new Date(hourMs).toISOString().slice(0, "2026-11-22T14".length);
