import type { History } from "../history";
import { makeRandom } from "../random";
import type { Timeline } from "../timeline";
import type { Calls, Worker } from "./calls";

export type StateValue = "OK" | "ALARM" | "INSUFFICIENT_DATA";

const MINUTE_MS = 60_000;

/** Periods that an evaluation looks at beside its own, since data is late (as `local/cloudWatch/evaluation.ts`). */
const EXTRA_PERIODS = 2;

export type CloudWatch = ReturnType<typeof makeCloudWatch>;

/** A data point that a function put. */
export interface Datum {
  atMs: number;
  value: number;
}

/** The metric of fragments that arrive, the alarm on it, and the metrics that functions put. */
export function makeCloudWatch(history: History, timeline: Timeline, calls: Calls) {
  const random = makeRandom(history.seed, "cloudwatch");
  /** Of each minute: how many fragments, and when that can be seen. */
  const minutes = new Map<number, { count: number; shownMs: number }>();
  const alarm = {
    state: "INSUFFICIENT_DATA" as StateValue,
    /** It rings above so many in a minute. */
    threshold: history.alarmThreshold,
    tags: { RepeatedAlarm: "True", ClipSeconds: String(history.clipSeconds) },
  };
  const put = new Map<string, Datum[]>();
  const rings: { fromMs: number; toMs?: number }[] = [];
  let changed: ((state: StateValue, previous: StateValue) => void) | undefined;

  /** Counts a fragment. Its minute is published as a whole, late at times. */
  function received(atMs: number): void {
    const minute = Math.floor(atMs / MINUTE_MS);
    const known = minutes.get(minute);
    if (known) {
      known.count += 1;
      return;
    }
    const late = calls.strikes("metricLate");
    const delayMs = history.metricDelayMs + random.whole(0, 5000) + (late ? late.delayMs : 0);
    minutes.set(minute, { count: 1, shownMs: (minute + 1) * MINUTE_MS + delayMs });
  }

  /** One period of one breaches; missing data does not. Real data points of the last periods decide before missing ones. */
  function evaluate(): void {
    const nowMs = timeline.nowMs();
    const newest = Math.floor(nowMs / MINUTE_MS) - 1;
    const shown = Array.from(
      { length: 1 + EXTRA_PERIODS + Math.ceil(history.metricDelayMs / MINUTE_MS) },
      (_, back) => minutes.get(newest - back),
    ).find((minute) => minute && minute.shownMs <= nowMs);
    const state = shown && shown.count > alarm.threshold ? "ALARM" : "OK";
    minutes.delete(newest - 120);
    if (state === alarm.state) return;
    const previous = alarm.state;
    alarm.state = state;
    const ring = rings.at(-1);
    if (state === "ALARM") rings.push({ fromMs: nowMs });
    else if (ring) ring.toMs ??= nowMs;
    changed?.(state, previous);
  }

  function schedule(atMs: number): void {
    timeline.at(atMs, () => {
      evaluate();
      schedule(atMs + MINUTE_MS);
    });
  }

  const apis = ["throttled", "unavailable"] as const;
  return {
    received,
    alarm,
    /** When it was in ALARM. */
    rings,
    put,
    start: () => schedule(Math.ceil(timeline.nowMs() / MINUTE_MS) * MINUTE_MS + history.alarmEvaluatesAtMs),
    onChange: (listener: typeof changed) => {
      changed = listener;
    },
    readState: (worker: Worker) => calls.call(worker, () => alarm.state, apis),
    readTags: (worker: Worker) => calls.call(worker, () => ({ ...alarm.tags }), apis),
    putMetric: (worker: Worker, name: string, value: number) =>
      calls.call(
        worker,
        () => {
          const data = put.get(name) ?? [];
          put.set(name, [...data.slice(-5000), { atMs: timeline.nowMs(), value }]);
        },
        apis,
      ),
  };
}
