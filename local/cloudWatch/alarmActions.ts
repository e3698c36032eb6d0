import { randomUUID } from "node:crypto";
import type { StateValue } from "@aws-sdk/client-cloudwatch";
import { isFinalRefusal } from "../core/errors";
import { type Owed, openOutbox } from "../core/outbox";
import type { InvokeTarget } from "../core/seams";
import type { CloudDeps } from "../core/service";
import { type Alarm, type AlarmState, alarmTimestamp, stateChangeEvent } from "./alarm";
import type { HistoryEntry } from "./alarmHistory";
import { checks, invalidValue } from "./inputs";

/** What an alarm does when it enters a state: ARNs of topics and functions. */
export interface AlarmActions {
  OKActions: string[];
  AlarmActions: string[];
  InsufficientDataActions: string[];
}

/** The member that holds the actions of each state. */
const MEMBERS: Record<StateValue, keyof AlarmActions> = {
  OK: "OKActions",
  ALARM: "AlarmActions",
  INSUFFICIENT_DATA: "InsufficientDataActions",
};

const MAX_ACTIONS_PER_STATE = 5;
const TOPIC = /^arn:aws:sns:[\w-]+:\d{12}:[\w-]+$/;
const FUNCTION = /^arn:aws:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/;

/** A fault or throttle is tried again; how often AWS does is not documented. */
const MAX_ATTEMPTS = 5;
const FIRST_RETRY_MS = 1000;

/** Places as the console and mails name them; other Regions go by their code. */
const REGION_NAMES: Record<string, string> = {
  "us-east-1": "US East (N. Virginia)",
  "us-east-2": "US East (Ohio)",
  "us-west-2": "US West (Oregon)",
  "eu-central-1": "EU (Frankfurt)",
  "eu-west-1": "EU (Ireland)",
  "ap-northeast-1": "Asia Pacific (Tokyo)",
};

/** Reads the actions of PutMetricAlarm. @throws ValidationError for what is no ARN, InvalidParameterValue for one that cannot be reached here */
export function readActions(input: { [Member in keyof AlarmActions]?: string[] }): AlarmActions {
  const read = (member: keyof AlarmActions) => {
    const arns = input[member] ?? [];
    if (arns.length > MAX_ACTIONS_PER_STATE) {
      throw invalidValue(
        `${member} has ${arns.length} actions; at most ${MAX_ACTIONS_PER_STATE} are allowed`,
      );
    }
    for (const arn of arns) {
      checks.pattern(arn, member, /arn:[\w:/$.+=,@-]+/);
      if (TOPIC.test(arn) || FUNCTION.test(arn)) continue;
      throw invalidValue(`${member}: alarms of the local cloud act on topics and functions, not on ${arn}`);
    }
    return arns;
  };
  return {
    OKActions: read("OKActions"),
    AlarmActions: read("AlarmActions"),
    InsufficientDataActions: read("InsufficientDataActions"),
  };
}

/** One action that is owed. */
interface OwedAction extends Owed {
  alarmName: string;
  alarmArn: string;
  actionArn: string;
  payload: string;
  subject?: string;
  attempts: number;
}

/**
 * Carries alarms' actions out, over restarts: publishes to topics as `cloudwatch.amazonaws.com`, invokes functions as
 * `lambda.alarms.cloudwatch.amazonaws.com`. How each ended is told to `remember`, for the alarm's history.
 */
export function openActions(
  deps: CloudDeps & { invokeTarget: InvokeTarget },
  remember: (entry: HistoryEntry) => void,
) {
  const { clock, invokeTarget, region, accountId } = deps;

  async function attempt(action: OwedAction): Promise<number | undefined> {
    const { alarmName, alarmArn: sourceArn, actionArn: arn, payload, subject } = action;
    const principal = FUNCTION.test(arn) ? "lambda.alarms.cloudwatch" : "cloudwatch";
    const data = { actionState: "Succeeded", notificationResource: arn, publishedMessage: payload };
    const item = { alarmName, atMs: clock.nowMs(), type: "Action" as const };
    try {
      await invokeTarget({
        arn,
        servicePrincipal: `${principal}.amazonaws.com`,
        sourceArn,
        payload,
        subject,
      });
      remember({ ...item, summary: `Successfully executed action ${arn}`, data: JSON.stringify(data) });
    } catch (error) {
      action.attempts += 1;
      if (!isFinalRefusal(error) && action.attempts < MAX_ATTEMPTS) {
        return clock.nowMs() + FIRST_RETRY_MS * 2 ** (action.attempts - 1);
      }
      const { message } = error as Error;
      const failed = { ...data, actionState: "Failed", error: message };
      const summary = `Failed to execute action ${arn}. Received error: "${message}"`;
      remember({ ...item, summary, data: JSON.stringify(failed) });
      console.error(`local cloud: the alarm ${alarmName} could not act on ${arn}: ${message}`);
    }
    return undefined;
  }

  const outbox = openOutbox<OwedAction>(deps, "cloudwatch/actions", attempt);
  return {
    /** Owes what an alarm does on entering its present state. */
    act(alarm: Alarm, alarmArn: string, previous: AlarmState) {
      const { configuration, state } = alarm;
      if (!configuration.ActionsEnabled) return;
      const regionName = REGION_NAMES[region] ?? region;
      const actions = configuration[MEMBERS[state.value]];
      outbox.accept(
        actions.map((actionArn) => ({
          id: randomUUID(),
          dueMs: clock.nowMs(),
          alarmName: configuration.AlarmName,
          alarmArn,
          actionArn,
          attempts: 0,
          ...(FUNCTION.test(actionArn)
            ? { payload: JSON.stringify(lambdaPayload(alarm, alarmArn, previous, { region, accountId })) }
            : {
                payload: JSON.stringify(topicMessage(alarm, alarmArn, previous, { regionName, accountId })),
                subject: subjectOf(configuration.AlarmName, state.value, regionName),
              }),
        })),
      );
    },
    close: outbox.close,
  };
}

/** Subjects are ASCII and at most 100 characters long. */
const subjectOf = (alarmName: string, value: StateValue, regionName: string) =>
  `${value}: "${alarmName}" in ${regionName}`.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);

/** The message that topics get. */
function topicMessage(
  { configuration, state, configurationUpdatedMs }: Alarm,
  alarmArn: string,
  previous: AlarmState,
  { regionName, accountId }: { regionName: string; accountId: string },
) {
  return {
    AlarmName: configuration.AlarmName,
    AlarmDescription: configuration.AlarmDescription ?? null,
    AWSAccountId: accountId,
    AlarmConfigurationUpdatedTimestamp: alarmTimestamp(configurationUpdatedMs),
    NewStateValue: state.value,
    NewStateReason: state.reason,
    StateChangeTime: alarmTimestamp(state.updatedMs),
    Region: regionName,
    AlarmArn: alarmArn,
    OldStateValue: previous.value,
    OKActions: configuration.OKActions,
    AlarmActions: configuration.AlarmActions,
    InsufficientDataActions: configuration.InsufficientDataActions,
    Trigger: {
      MetricName: configuration.MetricName,
      Namespace: configuration.Namespace,
      StatisticType: "Statistic",
      Statistic: configuration.Statistic.toUpperCase(),
      Unit: configuration.Unit ?? null,
      Dimensions: configuration.Dimensions.map(({ Name, Value }) => ({ value: Value, name: Name })),
      Period: configuration.Period,
      EvaluationPeriods: configuration.EvaluationPeriods,
      DatapointsToAlarm: configuration.DatapointsToAlarm ?? configuration.EvaluationPeriods,
      ComparisonOperator: configuration.ComparisonOperator,
      Threshold: configuration.Threshold,
      TreatMissingData: configuration.TreatMissingData ?? "missing",
      EvaluateLowSampleCountPercentile: "",
    },
  };
}

/** The event that functions get ("Invoke a Lambda function from an alarm", CloudWatch user guide). */
function lambdaPayload(
  alarm: Alarm,
  alarmArn: string,
  previous: AlarmState,
  { region, accountId }: { region: string; accountId: string },
) {
  const { alarmName, ...alarmData } = stateChangeEvent(alarm, alarmArn, previous).detail as {
    alarmName: string;
  };
  return {
    source: "aws.cloudwatch",
    alarmArn,
    accountId,
    time: alarmTimestamp(alarm.state.updatedMs),
    region,
    alarmData: { alarmName, ...alarmData },
  };
}
