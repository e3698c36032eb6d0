import type { Behaviours, Incident, Poison, Session } from "../history";
import { makeRandom } from "../random";

/** A fragment on its way into Kinesis Video Streams, if its stream exists. */
export interface Arrival {
  /** First byte received, and stored for good. */
  serverMs: number;
  persistedMs: number;
  producerMs: number;
  durationMs: number;
  sizeBytes: number;
  codec: number;
  /** GetClip refuses a run with it. */
  hasBadFrame: boolean;
  /** From when on it can be read. */
  readableFromMs: number;
  /** Whole calls fail that ask for it, until then. */
  poison?: Poison & { untilMs: number };
}

/** What all cameras send, in the order of its first bytes. */
export function* arrivalsOf(
  { seed, startMs, sessions }: { seed: number; startMs: number; sessions: Session[] },
  { newestConnectionWins }: Behaviours,
): Generator<Arrival> {
  const cameras = sessions.map((session, index) => {
    const sent = oneCamera(session, startMs, seed + index);
    return { session, sent, next: sent.next().value as Arrival | undefined };
  });
  for (;;) {
    let first: (typeof cameras)[number] | undefined;
    for (const camera of cameras) {
      if (camera.next && (!first?.next || camera.next.serverMs < first.next.serverMs)) first = camera;
    }
    if (!first?.next) return;
    const arrival = first.next;
    const others = sessions.filter((session) => session !== first.session);
    const rival = others.find(({ fromMs, durationMs }) => {
      const atMs = arrival.serverMs - startMs;
      return atMs >= fromMs && atMs < fromMs + durationMs;
    });
    if (!rival || isConnected(first.session, rival, arrival)) yield arrival;
    first.next = first.sent.next().value as Arrival | undefined;
  }

  /** One connection per stream: the other camera is refused, or each throws the other out when it tries again. */
  function isConnected(own: Session, rival: Session, { serverMs }: Arrival): boolean {
    if (!newestConnectionWins) return own.fromMs < rival.fromMs;
    const retryMs = 10_000;
    return Math.floor(serverMs / retryMs) % 2 === (own.fromMs < rival.fromMs ? 0 : 1);
  }
}

function* oneCamera(session: Session, startMs: number, seed: number): Generator<Arrival> {
  const random = makeRandom(seed, "camera");
  const { fragmentMs, jitterMs, bitsPerSecond, uplinkMs } = session;
  const beginMs = startMs + session.fromMs;
  const endMs = beginMs + session.durationMs;
  const incidents = [...session.incidents];
  let { clockAheadMs, codec } = session;
  let uplinkFreeMs = beginMs;
  let badFrames = 0;
  let unreadable = { fragments: 0, forMs: 0 };
  let poison: Extract<Incident, { kind: "poison" }> | undefined;
  let poisoned = 0;
  let slowMs = 0;
  const recent: Arrival[] = [];

  for (let recordedMs = beginMs; recordedMs < endMs; ) {
    while (incidents[0] && beginMs + incidents[0].atMs <= recordedMs)
      yield* suffer(incidents.shift()!, recordedMs);
    const lengthMs = Math.min(20_000, Math.max(200, fragmentMs + random.whole(-jitterMs, jitterMs)));
    const recorded = recordedMs + lengthMs + uplinkMs;
    const isBehind = uplinkFreeMs > recordedMs + uplinkMs;
    const serverMs = Math.max(recordedMs + uplinkMs, uplinkFreeMs);
    // What waited is sent faster than it was recorded, at times many in one millisecond.
    const sendMs = isBehind ? Math.floor(random.fraction() * random.fraction() * 40) : 0;
    const arrivedMs = Math.max(recorded, serverMs + sendMs + slowMs);
    slowMs = 0;
    uplinkFreeMs = arrivedMs;
    const persistedMs = arrivedMs + random.whole(50, 900);
    const arrival: Arrival = {
      serverMs,
      persistedMs,
      producerMs: recordedMs + clockAheadMs,
      durationMs: lengthMs,
      sizeBytes: Math.min(50_000_000, Math.max(2000, Math.floor((bitsPerSecond / 8) * (lengthMs / 1000)))),
      codec,
      hasBadFrame: badFrames-- > 0,
      readableFromMs: unreadable.fragments-- > 0 ? persistedMs + unreadable.forMs : 0,
    };
    if (poison && poisoned-- > 0) {
      const { clip, media, forMs } = poison;
      arrival.poison = { clip, media, untilMs: persistedMs + forMs };
      if (media) arrival.readableFromMs = Math.max(arrival.readableFromMs, persistedMs + forMs);
    }
    recent.push(arrival);
    if (recent.length > 6) recent.shift();
    yield arrival;
    recordedMs += lengthMs;
  }

  function* suffer(incident: Incident, nowMs: number): Generator<Arrival> {
    switch (incident.kind) {
      case "outage":
        uplinkFreeMs = Math.max(uplinkFreeMs, nowMs + incident.forMs);
        break;
      case "reconnect":
        for (const sentBefore of recent.slice(recent.length - incident.resends)) {
          const serverMs = Math.max(nowMs, uplinkFreeMs);
          uplinkFreeMs = serverMs + random.whole(0, 30);
          yield { ...sentBefore, serverMs, persistedMs: uplinkFreeMs + random.whole(50, 900) };
        }
        break;
      case "slowFragment":
        slowMs = incident.forMs;
        break;
      case "clockJump":
        clockAheadMs += incident.byMs;
        break;
      case "codecChange":
        codec = incident.codec;
        break;
      case "badFrames":
        badFrames = incident.fragments;
        break;
      case "unreadable":
        unreadable = { fragments: incident.fragments, forMs: incident.forMs };
        break;
      case "poison":
        [poison, poisoned] = [incident, incident.fragments];
    }
  }
}
