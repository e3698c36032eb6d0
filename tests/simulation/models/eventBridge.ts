import type { History } from "../history";
import type { Timeline } from "../timeline";
import type { Calls, Tally } from "./calls";

export type EventBridge = ReturnType<typeof makeEventBridge>;

/** An event of this account's bus, as far as anyone here reads it. */
export interface BusEvent {
  atMs: number;
  type: string;
  detail: unknown;
}

/** The bus, on which events are lost, late or there twice; and schedules. */
export function makeEventBridge(history: History, timeline: Timeline, calls: Calls, tally: Tally) {
  const heard: BusEvent[] = [];
  const nowIso = () => new Date(timeline.nowMs() + history.clocksAheadMs.eventBridge).toISOString();

  /** Delivers at least once, unless a fault has it lost. */
  function deliver(target: () => void): void {
    if (calls.strikes("eventLost")) return;
    const late = calls.strikes("eventLate");
    const atMs = timeline.nowMs() + calls.random.whole(100, 2000) + (late ? late.delayMs : 0);
    timeline.at(atMs, target);
    if (calls.strikes("eventTwice")) timeline.at(atMs + calls.random.whole(0, 60_000), target);
    if (calls.strikes("manyArchivers")) {
      tally.set("event ten times", (tally.get("event ten times") ?? 0) + 1);
      for (let copy = 0; copy < 9; copy += 1) timeline.at(atMs + calls.random.whole(0, 3000), target);
    }
  }

  /** Calls a target at these instants with a scheduled event. */
  function schedule(instantsMs: number[], target: (event: { time: string }) => void): void {
    for (const atMs of instantsMs) {
      timeline.at(atMs, () => {
        const time = nowIso();
        deliver(() => target({ time }));
      });
    }
  }

  return { heard, deliver, schedule, nowIso };
}
