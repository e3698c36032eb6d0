import type {
  GetMetricDataInput,
  GetMetricStatisticsInput,
  ListMetricsInput,
  MetricDatum,
  PutMetricDataInput,
} from "@aws-sdk/client-cloudwatch";
import { byKey, page } from "../core/page";
import type { CloudDeps, Operation } from "../core/service";
import {
  badToken,
  checks,
  dimensionsOf,
  invalidCombination,
  invalidValue,
  periodSeconds,
  toDimensions,
  unitOf,
  type Wire,
} from "./inputs";
import { rangeOf, readDatum, readQuery, statisticOf } from "./metricInputs";
import { type MetricStore, metricKey, STATISTICS } from "./metrics";

const HOUR_MS = 3_600_000;
const MAX_DATAPOINTS = 1440;
const LIST_PAGE_SIZE = 500;

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
