import { type Deed, FAULT_KINDS, type Fault, type History, type Incident, type Session } from "./history";
import { makeRandom, type Random } from "./random";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Draws a random history of at least an hour. What makes it a rare one is drawn by itself, and leaves the others alone. */
export function makeHistory(seed: number): History {
  const history = drawHistory(makeRandom(seed, "history"), seed);
  const random = makeRandom(seed, "visits");
  if (random.chance(0.1)) return visitsOf(history, random);
  const late = listedLate(retired(history, makeRandom(seed, "farewell")), makeRandom(seed, "late listings"));
  return listedInParts(poisoned(late, makeRandom(seed, "poison")), makeRandom(seed, "parts"));
}

/** At times so little fits into a listing that an outage's footage is listed in parts. */
function listedInParts(history: History, random: Random): History {
  if (!random.chance(0.3)) return history;
  return { ...history, behaviours: { ...history.behaviours, listsAtMost: random.whole(4, 60) } };
}

/** At times whole calls fail for some of the fragments that they ask for, for a while or for good; or nothing else does. */
function poisoned(history: History, random: Random): History {
  if (!random.chance(0.08)) return history;
  const index = random.whole(0, history.sessions.length - 1);
  const sessions = history.sessions.map((session, at): Session => {
    if (at !== index) return session;
    const poison: Incident = {
      kind: "poison",
      atMs: Math.floor(random.fraction() * session.durationMs),
      fragments: random.pick([1, 1, 3, 40]),
      forMs: random.pick([4 * MINUTE, 40 * MINUTE, 1000 * HOUR]),
      clip: random.pick(["ResourceNotFoundException", "InternalFailure", "TimeoutError"]),
      media: random.pick([
        undefined,
        "InvalidArgumentException",
        "InvalidArgumentException",
        "InternalFailure",
      ]),
    };
    return { ...session, incidents: [...session.incidents, poison].sort((a, b) => a.atMs - b.atMs) };
  });
  return random.chance(0.5) ? { ...history, sessions } : { ...history, sessions, faults: [], deeds: [] };
}

/** At times the stream is to go, while its camera sends or when it is long silent. */
function retired(history: History, random: Random): History {
  const { deeds, durationMs } = history;
  if (deeds.some(({ kind }) => kind === "delete") || !random.chance(0.1)) return history;
  const atMs = Math.floor((0.2 + random.fraction()) * durationMs);
  return { ...history, deeds: [...deeds, { kind: "retire", atMs }] };
}

/** At times what some minutes brought is listed when its hour is long finished. */
function listedLate(history: History, random: Random): History {
  if (!random.chance(0.02)) return history;
  const { behaviours, faults, durationMs } = history;
  const fromMs = Math.floor(random.fraction() * durationMs);
  const toMs = Math.min(durationMs, fromMs + random.whole(1, 5) * MINUTE);
  const late: Fault = {
    kind: "listingLate",
    fromMs,
    toMs,
    chance: 0.7,
    delayMs: random.whole(90, 170) * MINUTE,
  };
  return {
    ...history,
    retentionHours: 24,
    behaviours: { ...behaviours, listsWithinMs: 3 * HOUR },
    faults: [...faults, late],
  };
}

/**
 * A history of a camera that comes and goes while nothing else is wrong: for some minutes, for half a minute, or with so
 * few fragments that the alarm flaps. The alarm is evaluated in the second in which rounds take place, so it may ring
 * while a Recorder that found it silent is about to end.
 */
function visitsOf(history: History, random: Random): History {
  const { startMs, clocksAheadMs } = history;
  const sessions: Session[] = [];
  const visit = (fromMs: number, durationMs: number, fragmentMs: number): number => {
    sessions.push({ ...afterwards(random, fromMs), durationMs, fragmentMs });
    return fromMs + durationMs;
  };
  for (let fromMs = MINUTE; fromMs < 80 * MINUTE; ) {
    const isSlow = random.chance(0.2);
    const durationMs = isSlow ? random.whole(10, 20) * MINUTE : random.whole(60, 240) * SECOND;
    let endMs = visit(fromMs, durationMs, isSlow ? 5900 : 2000) + random.whole(150, 420) * SECOND;
    if (random.chance(0.5)) {
      // All within a minute, whose metric is there when the footage is archived and the recording over.
      const minuteMs = Math.ceil((startMs + endMs) / MINUTE) * MINUTE - startMs;
      endMs = visit(minuteMs + 2 * SECOND, 26 * SECOND, 2000) + random.whole(185, 240) * SECOND;
    }
    fromMs = endMs;
  }
  const settledMs = 30 * SECOND;
  return {
    ...history,
    durationMs: 1.5 * HOUR,
    clipSeconds: random.pick([30, 30, 60, 180]),
    alarmThreshold: 10,
    metricDelayMs: random.pick([history.metricDelayMs, 120 * SECOND]),
    alarmEvaluatesAtMs: settledMs - clocksAheadMs.stepFunctions + random.whole(0, 400),
    sessions,
    faults: [],
    deeds: [],
  };
}

function drawHistory(random: Random, seed: number): History {
  // Shorter than the settings allow, so that footage expires in an outage of hours.
  const retentionHours = random.pick([2, 2, 2, 4, 24, 24, 168]);
  const hours = random.pick([1, 1, 1, 1, 1.5, 2, retentionHours <= 2 ? 5 : 1]);
  const durationMs = hours * HOUR;
  const clipSeconds = random.pick([30, 60, 120, 180, 180, 180, 300, 900]);
  const isCalm = random.chance(0.15);
  const deeds = drawDeeds(random, durationMs);
  return {
    seed,
    startMs: Date.UTC(2026, 10, 22, 14) + random.whole(0, 24 * HOUR),
    durationMs,
    clipSeconds,
    retentionHours,
    alarmThreshold: random.pick([2, 10, 10, 10]),
    alarmEvaluatesAtMs: random.whole(0, 59_999),
    reconcileMinutes: 15,
    metricDelayMs: random.whole(5, 120) * SECOND,
    behaviours: {
      clipDropsRepeats: random.chance(0.5),
      clipKeepsHoles: random.chance(0.7),
      clipSeesUnlisted: random.chance(0.5),
      newestConnectionWins: random.chance(0.5),
      codecChangeError: random.pick(["InvalidCodecPrivateDataException", "InvalidArgumentException"]),
      mediaEndsAtError: random.chance(0.5),
      oneKey: makeRandom(seed, "keys").chance(0.5),
      listsWithinMs: random.chance(0.1) ? Math.min(3, retentionHours / 2) * HOUR : 44 * MINUTE,
    },
    clocksAheadMs: {
      lambda: random.whole(-3, 3) * SECOND,
      stepFunctions: random.whole(-3, 3) * SECOND,
      eventBridge: random.whole(-3, 3) * SECOND,
    },
    sessions: drawSessions(random, durationMs, isCalm),
    faults: isCalm ? [] : drawFaults(random, durationMs, retentionHours),
    deeds: isCalm ? [] : deeds,
  };
}

function drawSessions(random: Random, durationMs: number, isCalm: boolean): Session[] {
  const sessions: Session[] = [];
  const count = random.pick(isCalm ? [1, 1, 2] : [1, 1, 2, 3, 5]);
  for (let index = 0; index < count; index += 1) {
    const fromMs = random.whole(1, Math.max(1, Math.floor(durationMs * 0.8)));
    const longestMs = Math.min(durationMs - fromMs, HOUR);
    const fragmentMs = random.pick([500, 1000, 2000, 2000, 4000, 6000, 10_000, 10_000, 15_000, 20_000]);
    // Short fragments are many: a session has about 500 at most.
    const sessionMs = Math.min(random.pick([0.02, 0.3, 0.6, 1]) * longestMs, fragmentMs * 500);
    sessions.push({
      fromMs,
      durationMs: Math.max(fragmentMs, Math.floor(sessionMs)),
      fragmentMs,
      jitterMs: random.pick([0, 0, Math.floor(fragmentMs / 10), Math.floor(fragmentMs / 2)]),
      bitsPerSecond: random.pick([
        500_000, 2_000_000, 2_000_000, 4_000_000, 4_000_000, 8_000_000, 20_000_000, 100_000_000,
      ]),
      clockAheadMs: random.pick([0, 0, random.whole(-5000, 5000), random.whole(-HOUR, HOUR)]),
      uplinkMs: random.pick([50, 200, 1000, 5000]),
      codec: random.whole(0, 1),
      incidents: isCalm && random.chance(0.5) ? [] : drawIncidents(random, sessionMs),
    });
  }
  // A camera that goes on behind the last fault: what healed, must record it in time.
  if (random.chance(0.15)) sessions.push(afterwards(random, durationMs));
  return sessions.sort((a, b) => a.fromMs - b.fromMs);
}

function afterwards(random: Random, durationMs: number): Session {
  return {
    fromMs: durationMs,
    durationMs: 110 * MINUTE,
    fragmentMs: random.pick([5000, 10_000]),
    jitterMs: 0,
    bitsPerSecond: 1_000_000,
    clockAheadMs: 0,
    uplinkMs: 200,
    codec: 0,
    incidents: [],
  };
}

function drawIncidents(random: Random, sessionMs: number): Incident[] {
  const count = random.pick([0, 0, 1, 2, 4]);
  const incidents = Array.from({ length: count }, (): Incident => {
    const atMs = Math.floor(random.fraction() * sessionMs);
    switch (random.whole(0, 6)) {
      case 0:
        return { atMs, kind: "outage", forMs: random.pick([5, 30, 120, 600]) * SECOND };
      case 1:
        return { atMs, kind: "reconnect", resends: random.whole(0, 5) };
      case 2:
        return { atMs, kind: "slowFragment", forMs: random.pick([30, 60, 300, 600, 2400]) * SECOND };
      case 3:
        return {
          atMs,
          kind: "clockJump",
          byMs: random.pick([-1, 1]) * random.pick([1, 60, 3600, 20_000]) * SECOND,
        };
      case 4:
        return { atMs, kind: "codecChange", codec: random.whole(0, 3) };
      case 5:
        return { atMs, kind: "badFrames", fragments: random.whole(1, 3) };
      default: {
        const forMs = random.pick([1 * MINUTE, 20 * MINUTE, 1000 * HOUR]);
        return { atMs, kind: "unreadable", fragments: random.whole(1, 3), forMs };
      }
    }
  });
  return incidents.sort((a, b) => a.atMs - b.atMs);
}

function drawFaults(random: Random, durationMs: number, retentionHours: number): Fault[] {
  const count = random.pick([1, 2, 3, 4, 6]);
  const longOutageMs = Math.min(durationMs, (retentionHours + 1) * HOUR);
  return Array.from({ length: count }, (): Fault => {
    const kind = random.pick(FAULT_KINDS);
    const fromMs = Math.floor(random.fraction() * durationMs);
    const lastsMs = random.pick([1 * MINUTE, 5 * MINUTE, 30 * MINUTE, 60 * MINUTE, longOutageMs]);
    return {
      kind,
      fromMs,
      toMs: Math.min(durationMs, fromMs + lastsMs),
      // Two writes of a key at the same moment are over in the next.
      chance: random.pick(kind === "writeConflict" ? [0.02, 0.1, 0.3] : [0.02, 0.1, 0.3, 0.7, 1]),
      delayMs: random.pick([2, 10, 70, 300, 800, 2000, 9000]) * SECOND,
    };
  });
}

function drawDeeds(random: Random, durationMs: number): Deed[] {
  const deeds: Deed[] = [];
  const isEarly = () => Math.floor((0.3 + 0.6 * random.fraction()) * durationMs);
  if (random.chance(0.12)) {
    const recreateAfterMs = random.pick([undefined, 1 * SECOND, 60 * SECOND, 20 * MINUTE]);
    deeds.push({ atMs: isEarly(), kind: "delete", recreateAfterMs });
  }
  if (random.chance(0.1)) {
    deeds.push({
      atMs: isEarly(),
      kind: "changeClipLength",
      clipSeconds: random.pick([30, 60, 120, 180, 300]),
    });
  }
  return deeds;
}
