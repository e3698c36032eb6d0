import type {
  GetMetricDataInput,
  GetMetricStatisticsInput,
  ListMetricsInput,
  MetricDataQuery,
  MetricDatum,
  PutMetricDataInput,
} from "@aws-sdk/client-cloudwatch";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { CloudDeps, Operation } from "../core/service";
import {
  checks,
  dimensionsOf,
  invalidCombination,
  invalidValue,
  periodSeconds,
  timestampMs,
  toDimensions,
  unitOf,
  type WireTimestamp,
} from "./inputs";
import {
  fold,
  type Metric,
  type MetricStore,
  metricKey,
  STATISTIC_NAMES,
  STATISTICS,
  type StatisticName,
  type StatisticSet,
} from "./metrics";

const HOUR_MS = 3_600_000;
const MAX_DATAPOINTS = 1440;
const LIST_PAGE_SIZE = 500;

/** Timestamps arrive in the protocol's own form, not as dates. */
type Wire<T, K extends string> = Omit<T, K> & { [Member in K]?: WireTimestamp };

const badToken = () => awsError("InvalidNextToken", 400, "The NextToken is not one that this operation gave");

/** The operations on metric data: PutMetricData, GetMetricStatistics, GetMetricData and ListMetrics. */
export function makeMetricOperations({ clock }: CloudDeps, metrics: MetricStore) {
  const operations = {
    async PutMetricData(input: PutMetricDataInput, call) {
      const namespace = checks.required(input.Namespace, "namespace");
      checks.unsupported(input, ["EntityMetricData", "StrictEntityValidation"]);
      await call.authorize({
        action: "cloudwatch:PutMetricData",
        resource: "*",
        context: { "cloudwatch:namespace": namespace },
      });
      if (namespace.startsWith("AWS/")) {
        throw invalidValue("The value AWS/ for parameter Namespace is reserved for AWS services");
      }
      const data = (input.MetricData ?? []) as Wire<MetricDatum, "Timestamp">[];
      if (data.length > 1000)
        throw invalidValue("The collection MetricData must not have more than 1000 members");
      const added = data.map((datum) => readDatum(namespace, datum, clock.nowMs()));
      for (const { metric, unit, values, atMs } of added) metrics.add(metric, unit, values, atMs);
      return undefined;
    },

    async GetMetricStatistics(input: Wire<GetMetricStatisticsInput, "StartTime" | "EndTime">, call) {
      await call.authorize({ action: "cloudwatch:GetMetricStatistics", resource: "*" });
      checks.unsupported(input, ["ExtendedStatistics"]);
      const metric = {
        namespace: checks.required(input.Namespace, "namespace"),
        metricName: checks.required(input.MetricName, "metricName"),
        dimensions: dimensionsOf(input.Dimensions),
      };
      const periodMs = periodSeconds(input.Period, "period") * 1000;
      const { startMs, endMs } = rangeOf(input, 60_000);
      if ((endMs - startMs) / periodMs > MAX_DATAPOINTS) {
        throw invalidCombination(
          `You have requested up to ${Math.ceil((endMs - startMs) / periodMs)} datapoints, which exceeds the limit ` +
            `of ${MAX_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
        );
      }
      const statistics = (input.Statistics ?? []).map((name) => statisticOf(name, "statistics"));
      if (statistics.length === 0) throw invalidCombination("At least one of Statistics must be given");
      const unit = unitOf(input.Unit);
      const datapoints = metrics.read(metric, { startMs, endMs, periodMs, unit });
      return {
        Label: metric.metricName,
        Datapoints: datapoints.map((datapoint) => ({
          Timestamp: new Date(datapoint.startMs),
          Unit: datapoint.unit,
          ...Object.fromEntries(statistics.map((name) => [name, STATISTICS[name](datapoint)])),
        })),
      };
    },

    async GetMetricData(input: Wire<GetMetricDataInput, "StartTime" | "EndTime">, call) {
      await call.authorize({ action: "cloudwatch:GetMetricData", resource: "*" });
      checks.unsupported(input, ["NextToken", "LabelOptions", "MaxDatapoints"]);
      const queries = checks.required(input.MetricDataQueries, "metricDataQueries");
      checks.oneOf(input.ScanBy, "scanBy", ["TimestampDescending", "TimestampAscending"]);
      const results = queries
        .filter(({ ReturnData }) => String(ReturnData ?? true) === "true")
        .map((query) => {
          const { metric, periodMs, statistic, unit } = readQuery(query);
          const datapoints = metrics.read(metric, { ...rangeOf(input, periodMs), periodMs, unit });
          if (input.ScanBy !== "TimestampAscending") datapoints.reverse();
          return {
            Id: query.Id,
            Label: query.Label ?? metric.metricName,
            Timestamps: datapoints.map(({ startMs }) => new Date(startMs)),
            Values: datapoints.map(STATISTICS[statistic]),
            StatusCode: "Complete",
          };
        });
      return { MetricDataResults: results, Messages: [] };
    },

    async ListMetrics(input: ListMetricsInput, call) {
      await call.authorize({ action: "cloudwatch:ListMetrics", resource: "*" });
      checks.unsupported(input, ["IncludeLinkedAccounts", "OwningAccount"]);
      checks.oneOf(input.RecentlyActive, "recentlyActive", ["PT3H"]);
      const sinceMs = input.RecentlyActive ? clock.nowMs() - 3 * HOUR_MS : 0;
      const asked = input.Dimensions ?? [];
      const found = metrics
        .list(sinceMs)
        .filter(
          ({ namespace, metricName, dimensions }) =>
            namespace === (input.Namespace ?? namespace) &&
            metricName === (input.MetricName ?? metricName) &&
            asked.every(
              ({ Name = "", Value }) =>
                Name in dimensions && (Value ?? dimensions[Name]) === dimensions[Name],
            ),
        );
      const listed = page(found.sort(byKey(metricKey)), metricKey, {
        limit: LIST_PAGE_SIZE,
        token: input.NextToken,
        badToken,
      });
      return {
        Metrics: listed.items.map(({ namespace, metricName, dimensions }) => ({
          Namespace: namespace,
          MetricName: metricName,
          Dimensions: toDimensions(dimensions),
        })),
        NextToken: listed.nextToken,
      };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** Reads one datum of PutMetricData: a value, values with counts, or a statistic set. */
function readDatum(namespace: string, datum: Wire<MetricDatum, "Timestamp">, nowMs: number) {
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

function readQuery(query: MetricDataQuery) {
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
function rangeOf(input: { StartTime?: WireTimestamp; EndTime?: WireTimestamp }, stepMs: number) {
  const startMs = timestampMs(checks.required(input.StartTime, "startTime"), "StartTime") as number;
  const endMs = timestampMs(checks.required(input.EndTime, "endTime"), "EndTime") as number;
  if (startMs >= endMs)
    throw invalidValue("The parameter StartTime must be less than the parameter EndTime.");
  return { startMs: Math.floor(startMs / stepMs) * stepMs, endMs };
}

function statisticOf(value: unknown, member: string): StatisticName {
  return checks.oneOf(checks.required(value, member), member, STATISTIC_NAMES) as StatisticName;
}

function numberOf(value: unknown, member: string): number {
  const number = Number(checks.required(value, member));
  if (!Number.isFinite(number))
    throw invalidValue(`The value ${value} for parameter ${member} is not a number`);
  return number;
}
