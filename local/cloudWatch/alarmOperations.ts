import { randomUUID } from "node:crypto";
import type {
  DeleteAlarmsInput,
  DescribeAlarmsForMetricInput,
  DescribeAlarmsInput,
  EnableAlarmActionsInput,
  MetricAlarm,
  PutMetricAlarmInput,
  SetAlarmStateInput,
} from "@aws-sdk/client-cloudwatch";
import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { Call, CloudDeps, Need, Operation } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import type { Alarm, AlarmConfiguration } from "./alarm";
import { readConfiguration } from "./alarmConfiguration";
import { describeHistory, type HistoryInput } from "./alarmHistory";
import type { AlarmStore } from "./alarmStore";
import { badToken, checks, dimensionsOf, invalidCombination } from "./inputs";
import { metricKey } from "./metrics";
import { tagsOf } from "./tagOperations";

const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const;
const DAY_SECONDS = 86_400;

/** The operations on alarms. */
export function makeAlarmOperations({ clock }: CloudDeps, store: AlarmStore) {
  const { alarms, arnOf } = store;
  const sorted = () => Object.values(alarms).sort(byKey(nameOf));
  const lookUp = (name: string) => entryOf(alarms, name);

  const need = (action: string, alarmName: string): Need => ({
    action: `cloudwatch:${action}`,
    resource: arnOf(alarmName),
    context: resourceTagContext(lookUp(alarmName)?.tags),
  });

  const find = (alarmName: string): Alarm => {
    const alarm = lookUp(alarmName);
    if (!alarm) throw awsError("ResourceNotFound", 404, `Alarm ${alarmName} does not exist`);
    return alarm;
  };

  const describe = (alarm: Alarm): Omit<MetricAlarm, "AlarmName"> => ({
    ...alarm.configuration,
    AlarmArn: arnOf(nameOf(alarm)),
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configurationUpdatedMs),
    StateValue: alarm.state.value,
    StateReason: alarm.state.reason,
    StateReasonData: alarm.state.reasonData,
    StateUpdatedTimestamp: new Date(alarm.state.updatedMs),
    StateTransitionedTimestamp: new Date(alarm.transitionedMs),
  });

  const switchActions =
    (action: string, enabled: boolean) => async (input: EnableAlarmActionsInput, call: Call) => {
      const names = checks.required(input.AlarmNames, "alarmNames");
      await call.authorize(...names.map((name) => need(action, name)));
      for (const name of names) find(name);
      for (const name of names) find(name).configuration.ActionsEnabled = enabled;
      store.save();
      return undefined;
    };

  const operations = {
    async PutMetricAlarm(input: PutMetricAlarmInput, call) {
      const name = checks.required(input.AlarmName, "alarmName");
      const tags = tagsOf(input.Tags);
      await call.authorize(
        need("PutMetricAlarm", name),
        ...(input.Tags?.length ? [need("TagResource", name)] : []),
      );
      const configuration = readConfiguration(input);
      const nowMs = clock.nowMs();
      const existing = lookUp(name);
      // An update keeps the state, and leaves tags to TagResource.
      alarms[name] = {
        metricId: randomUUID(),
        state: {
          value: "INSUFFICIENT_DATA",
          reason: "Unchecked: Initial alarm creation",
          updatedMs: nowMs,
        },
        transitionedMs: nowMs,
        tags,
        ...existing,
        configuration,
        configurationUpdatedMs: nowMs,
      };
      store.save();
      return undefined;
    },

    async DescribeAlarms(input: DescribeAlarmsInput, call) {
      const names = input.AlarmNames ?? [];
      const needs = (names.length > 0 ? names : ["*"]).map((name) => need("DescribeAlarms", name));
      await call.authorize(...needs);
      checks.unsupported(input, ["ChildrenOfAlarmName", "ParentsOfAlarmName"]);
      if (names.length > 0 && input.AlarmNamePrefix !== undefined) {
        throw invalidCombination("AlarmNames and AlarmNamePrefix must not be given together");
      }
      checks.oneOf(input.StateValue, "stateValue", STATES);
      const types: string[] = input.AlarmTypes ?? ["MetricAlarm"];
      const found = sorted().filter(
        (alarm) =>
          types.includes("MetricAlarm") &&
          (names.length === 0 || names.includes(nameOf(alarm))) &&
          nameOf(alarm).startsWith(input.AlarmNamePrefix ?? "") &&
          actsOn(alarm, input.ActionPrefix) &&
          alarm.state.value === (input.StateValue ?? alarm.state.value),
      );
      const listed = page(found, nameOf, {
        limit: checks.range(input.MaxRecords, "maxRecords", 1, 100) ?? 50,
        token: input.NextToken,
        badToken,
      });
      return {
        MetricAlarms: listed.items.map(describe),
        CompositeAlarms: [],
        NextToken: listed.nextToken,
      };
    },

    async DescribeAlarmsForMetric(input: DescribeAlarmsForMetricInput, call) {
      await call.authorize({ action: "cloudwatch:DescribeAlarmsForMetric", resource: "*" });
      checks.unsupported(input, ["ExtendedStatistic"]);
      const asked = metricKey({
        namespace: checks.required(input.Namespace, "namespace"),
        metricName: checks.required(input.MetricName, "metricName"),
        dimensions: dimensionsOf(input.Dimensions),
      });
      const period = checks.range(input.Period, "period", 1, 365 * DAY_SECONDS);
      const found = sorted().filter(
        ({ configuration }) =>
          keyOfMetric(configuration) === asked &&
          configuration.Statistic === (input.Statistic ?? configuration.Statistic) &&
          configuration.Period === (period ?? configuration.Period) &&
          configuration.Unit === (input.Unit ?? configuration.Unit),
      );
      return { MetricAlarms: found.map(describe) };
    },

    async DescribeAlarmHistory(input: HistoryInput, call) {
      await call.authorize(need("DescribeAlarmHistory", input.AlarmName ?? "*"));
      return describeHistory(store.history(), input);
    },

    async DeleteAlarms(input: DeleteAlarmsInput, call) {
      const names = checks.required(input.AlarmNames, "alarmNames");
      await call.authorize(...names.map((name) => need("DeleteAlarms", name)));
      for (const name of names) find(name);
      for (const name of names) delete alarms[name];
      store.save();
      return undefined;
    },

    async SetAlarmState(input: SetAlarmStateInput, call) {
      const name = checks.required(input.AlarmName, "alarmName");
      await call.authorize(need("SetAlarmState", name));
      const value = checks.required(checks.oneOf(input.StateValue, "stateValue", STATES), "stateValue");
      const reason = checks.required(input.StateReason, "stateReason");
      const alarm = find(name);
      if (input.StateReasonData !== undefined && !isJson(input.StateReasonData)) {
        throw awsError("InvalidFormatFault", 400, "StateReasonData is not valid JSON");
      }
      store.setState(alarm, { value, reason, reasonData: input.StateReasonData });
      return undefined;
    },

    EnableAlarmActions: switchActions("EnableAlarmActions", true),
    DisableAlarmActions: switchActions("DisableAlarmActions", false),
  } satisfies Record<string, Operation>;
  return operations;
}

const actsOn = ({ configuration }: Alarm, arnPrefix: string | undefined) =>
  arnPrefix === undefined ||
  [configuration.OKActions, configuration.AlarmActions, configuration.InsufficientDataActions].some((arns) =>
    arns.some((arn) => arn.startsWith(arnPrefix)),
  );

const nameOf = ({ configuration }: Alarm) => configuration.AlarmName;

const keyOfMetric = (configuration: AlarmConfiguration) =>
  metricKey({
    namespace: configuration.Namespace,
    metricName: configuration.MetricName,
    dimensions: dimensionsOf(configuration.Dimensions),
  });

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
