import type { ComparisonOperator, PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import type { AlarmConfiguration } from "./alarm";
import { readActions } from "./alarmActions";
import { COMPARISONS } from "./evaluation";
import {
  booleanOf,
  checks,
  dimensionsOf,
  invalidCombination,
  invalidValue,
  periodSeconds,
  toDimensions,
  unitOf,
} from "./inputs";
import { STATISTIC_NAMES } from "./metrics";

const MISSING_DATA = ["breaching", "notBreaching", "ignore", "missing"] as const;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const MAX_COUNT = 1_000_000;

/** Members of PutMetricAlarm that would do something which this cloud does not do. */
const UNSUPPORTED = [
  ...["Metrics", "ThresholdMetricId", "ExtendedStatistic", "EvaluateLowSampleCountPercentile"],
  ...["EvaluationCriteria", "EvaluationInterval"],
];

/** Checks the input of PutMetricAlarm for a plain metric, and answers what it sets. */
export function readConfiguration(input: PutMetricAlarmInput): AlarmConfiguration {
  checks.unsupported(input, UNSUPPORTED);
  const operators = Object.keys(COMPARISONS) as ComparisonOperator[];
  const operator = checks.oneOf(input.ComparisonOperator, "comparisonOperator", operators);
  const statistic = checks.oneOf(input.Statistic, "statistic", STATISTIC_NAMES);
  const evaluationPeriods = checks.range(input.EvaluationPeriods, "evaluationPeriods", 1, MAX_COUNT);
  const configuration: AlarmConfiguration = {
    AlarmName: checks.required(input.AlarmName, "alarmName"),
    AlarmDescription: input.AlarmDescription,
    ActionsEnabled: booleanOf(input.ActionsEnabled) ?? true,
    Namespace: checks.required(input.Namespace, "namespace"),
    MetricName: checks.required(input.MetricName, "metricName"),
    Dimensions: toDimensions(dimensionsOf(input.Dimensions)),
    Statistic: checks.required(statistic, "statistic"),
    Period: periodSeconds(input.Period, "period"),
    Unit: unitOf(input.Unit),
    EvaluationPeriods: checks.required(evaluationPeriods, "evaluationPeriods"),
    DatapointsToAlarm: checks.range(input.DatapointsToAlarm, "datapointsToAlarm", 1, MAX_COUNT),
    Threshold: readThreshold(input.Threshold),
    ComparisonOperator: checks.required(operator, "comparisonOperator"),
    TreatMissingData: checks.oneOf(input.TreatMissingData, "treatMissingData", MISSING_DATA),
    ...readActions(input),
  };
  checkPeriods(configuration);
  return configuration;
}

function readThreshold(value: unknown): number {
  const threshold = Number(checks.required(value, "threshold"));
  if (!Number.isFinite(threshold)) throw invalidValue(`The parameter Threshold is not a number: ${value}`);
  return threshold;
}

function checkPeriods({ Period, EvaluationPeriods, DatapointsToAlarm }: AlarmConfiguration): void {
  const maxSeconds = Period < HOUR_SECONDS ? DAY_SECONDS : 7 * DAY_SECONDS;
  if (Period * EvaluationPeriods > maxSeconds) {
    throw invalidCombination(
      `Metrics cannot be checked across more than ${maxSeconds / DAY_SECONDS} days (EvaluationPeriods * Period must be <= ${maxSeconds}).`,
    );
  }
  if ((DatapointsToAlarm ?? 1) > EvaluationPeriods) {
    throw invalidCombination("DatapointsToAlarm must be less than or equal to EvaluationPeriods");
  }
}
