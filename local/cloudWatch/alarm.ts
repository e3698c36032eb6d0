import type { ComparisonOperator, Dimension, StandardUnit, StateValue } from "@aws-sdk/client-cloudwatch";
import type { PublishEvent } from "../core/seams";
import type { AlarmActions } from "./alarmActions";
import { dimensionsOf } from "./inputs";
import type { StatisticName } from "./metrics";

/** What PutMetricAlarm sets, under the API's names and checked. Period is in seconds. */
export interface AlarmConfiguration extends AlarmActions {
  AlarmName: string;
  AlarmDescription?: string;
  ActionsEnabled: boolean;
  Namespace: string;
  MetricName: string;
  Dimensions: Dimension[];
  Statistic: StatisticName;
  Period: number;
  Unit?: StandardUnit;
  EvaluationPeriods: number;
  DatapointsToAlarm?: number;
  Threshold: number;
  ComparisonOperator: ComparisonOperator;
  TreatMissingData?: string;
}

/** A state of an alarm. */
export interface AlarmState {
  value: StateValue;
  reason: string;
  /** JSON text; absent for the state at creation. */
  reasonData?: string;
  updatedMs: number;
}

/** An alarm as it is stored. */
export interface Alarm {
  configuration: AlarmConfiguration;
  /** The id of the metric in events; of no use but kept, as CloudWatch keeps it. */
  metricId: string;
  configurationUpdatedMs: number;
  state: AlarmState;
  /** When the state's value last changed. */
  transitionedMs: number;
  tags: Record<string, string>;
}

/** `2026-11-22T05:10:40.989+0000`: alarms write their timestamps with an offset, not with a Z. */
export const alarmTimestamp = (ms: number) => new Date(ms).toISOString().replace("Z", "+0000");

/** The event of an alarm's transition ("Alarm events and EventBridge", CloudWatch user guide). */
export function stateChangeEvent(
  alarm: Alarm,
  alarmArn: string,
  previous: AlarmState,
): Parameters<PublishEvent>[0] {
  const { configuration, metricId, state } = alarm;
  const metric = {
    dimensions: dimensionsOf(configuration.Dimensions),
    name: configuration.MetricName,
    namespace: configuration.Namespace,
  };
  return {
    source: "aws.cloudwatch",
    detailType: "CloudWatch Alarm State Change",
    resources: [alarmArn],
    timeMs: state.updatedMs,
    detail: {
      alarmName: configuration.AlarmName,
      configuration: {
        description: configuration.AlarmDescription,
        metrics: [
          {
            id: metricId,
            metricStat: {
              metric,
              period: configuration.Period,
              stat: configuration.Statistic,
              unit: configuration.Unit,
            },
            returnData: true,
          },
        ],
      },
      previousState: stateOfEvent(previous),
      state: stateOfEvent(state),
    },
  };
}

const stateOfEvent = ({ value, reason, reasonData, updatedMs }: AlarmState) => ({
  reason,
  reasonData,
  timestamp: alarmTimestamp(updatedMs),
  value,
});
