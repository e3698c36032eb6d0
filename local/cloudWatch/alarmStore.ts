import type { StateValue } from "@aws-sdk/client-cloudwatch";
import type { InvokeTarget, PublishEvent } from "../core/seams";
import type { CloudDeps } from "../core/service";
import { type Alarm, type AlarmState, alarmTimestamp, stateChangeEvent } from "./alarm";
import { openActions } from "./alarmActions";
import type { HistoryEntry, HistoryItem } from "./alarmHistory";

const HISTORY_MS = 30 * 24 * 3_600_000;
const MAX_HISTORY_ITEMS = 1000;

interface AlarmDocument {
  alarms: Record<string, Alarm>;
  /** Oldest first; CloudWatch keeps 30 days, and this cloud at most 1,000 items of them. */
  history: HistoryItem[];
}

/** The account's alarms. What changes them says `save()`. */
export interface AlarmStore {
  alarms: Record<string, Alarm>;
  history(): HistoryItem[];
  arnOf(alarmName: string): string;
  /** Gives an alarm a state; if its value is another, that goes to the history and to EventBridge, and the alarm acts. */
  setState(alarm: Alarm, state: { value: StateValue; reason: string; reasonData?: string }): void;
  save(): void;
  /** Stops the alarms' actions; those that are owed go on at the next start. */
  close(): void;
}

/** Opens the alarms in `cloudwatch/alarms` of the data folder. */
export function openAlarms(
  deps: CloudDeps & { publishEvent: PublishEvent; invokeTarget: InvokeTarget },
): AlarmStore {
  const { clock, store, region, accountId, publishEvent } = deps;
  const document = store.document<AlarmDocument>("cloudwatch/alarms", { alarms: {}, history: [] });
  const arnOf = (alarmName: string) => `arn:aws:cloudwatch:${region}:${accountId}:alarm:${alarmName}`;

  const remember = (entry: HistoryEntry) => {
    const { history } = document.value;
    history.push({ ...entry, sequence: (history.at(-1)?.sequence ?? 0) + 1 });
    const current = history.filter(({ atMs }) => atMs > clock.nowMs() - HISTORY_MS);
    document.value.history = current.slice(-MAX_HISTORY_ITEMS);
  };

  const actions = openActions(deps, (entry) => {
    remember(entry);
    document.save();
  });

  return {
    alarms: document.value.alarms,
    history: () => document.value.history,
    arnOf,
    save: document.save,
    setState(alarm, state) {
      const previous = alarm.state;
      alarm.state = { ...state, updatedMs: clock.nowMs() };
      if (previous.value !== state.value) {
        alarm.transitionedMs = alarm.state.updatedMs;
        remember(stateUpdate(alarm, previous));
        const alarmArn = arnOf(alarm.configuration.AlarmName);
        // Before the state is stored: after a kill in between, the transition is told twice rather than never.
        publishEvent(stateChangeEvent(alarm, alarmArn, previous));
        actions.act(alarm, alarmArn, previous);
      }
      document.save();
    },
    close: actions.close,
  };
}

const stateUpdate = ({ configuration, state }: Alarm, previous: AlarmState): HistoryEntry => ({
  alarmName: configuration.AlarmName,
  atMs: state.updatedMs,
  type: "StateUpdate",
  summary: `Alarm updated from ${previous.value} to ${state.value}`,
  data: JSON.stringify({
    version: "1.0",
    oldState: historyState(previous),
    newState: historyState(state),
  }),
});

const historyState = ({ value, reason, reasonData }: AlarmState) => ({
  stateValue: value,
  stateReason: reason,
  stateReasonData: reasonData === undefined ? undefined : (JSON.parse(reasonData) as unknown),
});

/** The data behind a state that an evaluation came to, as text. */
export function reasonDataOf(
  { configuration }: Alarm,
  datapoints: { startMs: number; value: number }[],
  queryMs: number,
): string {
  return JSON.stringify({
    version: "1.0",
    queryDate: alarmTimestamp(queryMs),
    startDate: datapoints[0] && alarmTimestamp(datapoints[0].startMs),
    unit: configuration.Unit,
    statistic: configuration.Statistic,
    period: configuration.Period,
    recentDatapoints: datapoints.map(({ value }) => value),
    threshold: configuration.Threshold,
  });
}
