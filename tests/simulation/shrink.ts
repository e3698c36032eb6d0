import type { History, Incident, Session } from "./history";
import { playHistory, type SeedResult } from "./playSeed";

/** Plays that a shrinking may take. */
const MAX_PLAYS = 300;

/**
 * Takes from a failing history what can be taken while it still breaks the same promise: deeds, faults, sessions and
 * incidents, then durations, then differences of clocks.
 */
export async function shrink(history: History): Promise<{ history: History; result: SeedResult }> {
  let result = await playHistory(history);
  let shortest = history;
  const broken = result.violations[0]?.invariant;
  if (!broken) return { history, result };

  let plays = 0;
  for (let isShorter = true; isShorter && plays < MAX_PLAYS; ) {
    isShorter = false;
    for (const candidate of shorter(shortest)) {
      plays += 1;
      if (plays > MAX_PLAYS) break;
      const played = await playHistory(candidate);
      if (!played.violations.some(({ invariant }) => invariant === broken)) continue;
      [shortest, result, isShorter] = [candidate, played, true];
      break;
    }
  }
  return { history: shortest, result };
}

/** Histories that are a little less, those first that are a lot less. */
function* shorter(history: History): Generator<History> {
  const { faults, deeds, sessions, durationMs } = history;
  for (const index of faults.keys()) yield { ...history, faults: faults.toSpliced(index, 1) };
  for (const index of deeds.keys()) yield { ...history, deeds: deeds.toSpliced(index, 1) };
  for (const index of sessions.keys()) yield { ...history, sessions: sessions.toSpliced(index, 1) };
  for (const [at, session] of sessions.entries()) {
    for (const changed of shorterSessions(session))
      yield { ...history, sessions: sessions.with(at, changed) };
  }
  for (const [at, fault] of faults.entries()) {
    const lengthMs = fault.toMs - fault.fromMs;
    if (lengthMs < 2000) continue;
    const middleMs = fault.fromMs + Math.floor(lengthMs / 2);
    yield { ...history, faults: faults.with(at, { ...fault, toMs: middleMs }) };
    yield { ...history, faults: faults.with(at, { ...fault, fromMs: middleMs }) };
  }
  const { lambda, stepFunctions, eventBridge } = history.clocksAheadMs;
  if (lambda || stepFunctions || eventBridge)
    yield { ...history, clocksAheadMs: { lambda: 0, stepFunctions: 0, eventBridge: 0 } };
  const lastMs = Math.max(0, ...faults.map(({ toMs }) => toMs), ...deeds.map(({ atMs }) => atMs));
  if (lastMs < durationMs) yield { ...history, durationMs: lastMs };
}

function* shorterSessions(session: Session): Generator<Session> {
  const { incidents, durationMs, fragmentMs, fromMs } = session;
  const without = (index: number): Incident[] => incidents.toSpliced(index, 1);
  for (const index of incidents.keys()) yield { ...session, incidents: without(index) };
  const halfMs = Math.floor(durationMs / 2);
  if (halfMs >= fragmentMs) {
    yield { ...session, durationMs: halfMs };
    yield { ...session, fromMs: fromMs + halfMs, durationMs: durationMs - halfMs };
  }
  if (session.jitterMs > 0) yield { ...session, jitterMs: 0 };
  if (session.clockAheadMs !== 0) yield { ...session, clockAheadMs: 0 };
}
