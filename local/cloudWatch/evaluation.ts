import type { ComparisonOperator, StateValue } from "@aws-sdk/client-cloudwatch";
import type { AlarmConfiguration } from "./alarm";

/**
 * CloudWatch looks at more data points than EvaluationPeriods, so that late or missing ones do less harm. How many more
 * it does not say; the user guide's worked example has 5 for 3 ("Configuring how CloudWatch alarms treat missing data").
 */
const EXTRA_DATAPOINTS = 2;

/** How many of the latest periods an evaluation looks at. */
export const evaluationRange = ({ EvaluationPeriods }: AlarmConfiguration) =>
  EvaluationPeriods + EXTRA_DATAPOINTS;

/** One period of the evaluation range; without a value if no data arrived for it. */
export interface EvaluatedPeriod {
  startMs: number;
  value?: number;
}

/** The state that an evaluation came to, and why, in CloudWatch's words. */
export interface Verdict {
  value: StateValue;
  reason: string;
  /** The real data points that decided, oldest first. */
  datapoints: { startMs: number; value: number }[];
}

type Comparison = { breaches: (value: number, threshold: number) => boolean; words: string };

/** The comparison operators of plain metric alarms. */
export const COMPARISONS: Partial<Record<ComparisonOperator, Comparison>> = {
  GreaterThanThreshold: { breaches: (value, threshold) => value > threshold, words: "greater than" },
  GreaterThanOrEqualToThreshold: {
    breaches: (value, threshold) => value >= threshold,
    words: "greater than or equal to",
  },
  LessThanThreshold: { breaches: (value, threshold) => value < threshold, words: "less than" },
  LessThanOrEqualToThreshold: {
    breaches: (value, threshold) => value <= threshold,
    words: "less than or equal to",
  },
};

/**
 * Evaluates an alarm over its evaluation range, oldest period first, after the user guide's rules on missing data: real
 * data points decide alone if there are EvaluationPeriods of them; otherwise as few missing ones as needed are filled in.
 * @returns nothing when the alarm keeps its state (TreatMissingData `ignore`)
 */
export function evaluate(alarm: AlarmConfiguration, periods: EvaluatedPeriod[]): Verdict | undefined {
  const { EvaluationPeriods: n, DatapointsToAlarm: m = n, TreatMissingData: missing = "missing" } = alarm;
  const { breaches } = COMPARISONS[alarm.ComparisonOperator] as Comparison;
  const real = periods.flatMap(({ startMs, value }) => (value === undefined ? [] : [{ startMs, value }]));
  const datapoints = real.slice(-n);
  const breachingCount = datapoints.filter(({ value }) => breaches(value, alarm.Threshold)).length;
  const missingCount = n - datapoints.length;
  const verdict = (value: StateValue): Verdict => ({
    value,
    reason: reasonFor(alarm, { value, datapoints, breachingCount, missingCount }),
    datapoints,
  });

  if (breachingCount >= m) return verdict("ALARM");
  if (missingCount === 0 || missing === "notBreaching") return verdict("OK");
  if (missing === "breaching") return verdict(breachingCount + missingCount >= m ? "ALARM" : "OK");
  const premature = isPremature(periods, m, (value) => breaches(value, alarm.Threshold));
  if (missing === "ignore") return datapoints.length === 0 || premature ? undefined : verdict("OK");
  if (datapoints.length === 0) return verdict("INSUFFICIENT_DATA");
  return verdict(premature ? "ALARM" : "OK");
}

/**
 * Whether all real data points breach and the oldest is at least `m` periods old: then the alarm goes off although fewer
 * than `m` data points exist ("Avoiding premature transitions to alarm state", and row 3 of its second table).
 */
function isPremature(periods: EvaluatedPeriod[], m: number, breaches: (value: number) => boolean): boolean {
  const oldest = periods.findIndex(({ value }) => value !== undefined);
  if (oldest === -1 || periods.length - oldest < m) return false;
  return periods.every(({ value }) => value === undefined || breaches(value));
}

function reasonFor(
  alarm: AlarmConfiguration,
  found: Pick<Verdict, "value" | "datapoints"> & { breachingCount: number; missingCount: number },
): string {
  const { value, datapoints, breachingCount, missingCount } = found;
  const { EvaluationPeriods: n, DatapointsToAlarm: m = n } = alarm;
  if (value === "INSUFFICIENT_DATA") {
    return `Insufficient Data: ${missingCount} ${missingCount === 1 ? "datapoint was" : "datapoints were"} unknown.`;
  }
  const treatment = { breaching: "Breaching", notBreaching: "NonBreaching" }[alarm.TreatMissingData ?? ""];
  const filled =
    treatment && missingCount > 0
      ? `${missingCount} missing ${missingCount === 1 ? "datapoint was" : "datapoints were"} treated as [${treatment}]`
      : undefined;
  if (datapoints.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${n} ${n === 1 ? "period" : "periods"} and ${filled}.`;
  }
  const isAlarm = value === "ALARM";
  const named = datapoints
    .map((point) => `${decimal(point.value)} (${dayAndTime(point.startMs)})`)
    .join(", ");
  const count = isAlarm ? breachingCount : datapoints.length - breachingCount;
  const { words } = COMPARISONS[alarm.ComparisonOperator] as Comparison;
  const sufficient = isAlarm ? m : n - m + 1;
  const transition = isAlarm ? "OK -> ALARM" : "ALARM -> OK";
  return (
    `Threshold Crossed: ${count} out of the last ${datapoints.length} datapoints [${named}] ` +
    `${count === 1 ? "was" : "were"} ${isAlarm ? "" : "not "}${words} the threshold (${decimal(alarm.Threshold)})` +
    `${filled ? ` and ${filled}` : ""} (minimum ${sufficient} ${sufficient === 1 ? "datapoint" : "datapoints"} for ${transition} transition).`
  );
}

/** CloudWatch writes whole numbers as `30.0`. */
const decimal = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** `22/11/26 05:09:00`, in UTC. */
function dayAndTime(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  const [year = "", month, day] = date.split("-");
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}
