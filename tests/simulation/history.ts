/** A stretch in which one camera sends. All times are of the history's own, from its begin. */
export interface Session {
  fromMs: number;
  durationMs: number;
  /** Length of its fragments, and by how much it varies. */
  fragmentMs: number;
  jitterMs: number;
  bitsPerSecond: number;
  /** How far the camera's clock is ahead. */
  clockAheadMs: number;
  /** From the camera to Kinesis Video Streams. */
  uplinkMs: number;
  /** Which of the camera's settings: another decodes differently. */
  codec: number;
  incidents: Incident[];
}

/** Something that happens to a camera `atMs` after its session began. */
export type Incident = {
  atMs: number;
} /** No uplink; what was recorded meanwhile follows as fast as it can. */ & (
  | { kind: "outage"; forMs: number }
  /** A new connection, over which the last fragments, though persisted, are sent again. */
  | { kind: "reconnect"; resends: number }
  /** One fragment takes this long to arrive, and those behind it wait. */
  | { kind: "slowFragment"; forMs: number }
  | { kind: "clockJump"; byMs: number }
  | { kind: "codecChange"; codec: number }
  /** Fragments that GetClip refuses for a frame, or that nobody can read. */
  | { kind: "badFrames"; fragments: number }
  | { kind: "unreadable"; fragments: number; forMs: number }
  | ({ kind: "poison"; fragments: number; forMs: number } & Poison)
);

/** Calls that fail whatever else they ask for, and with what: a clip with such a fragment, or a list with its number. */
export interface Poison {
  clip: string;
  media?: string;
}

/** What services do wrong, from when to when. */
export interface Fault {
  kind: FaultKind;
  fromMs: number;
  toMs: number;
  /** Of each call or message that it may strike. */
  chance: number;
  /** How long what it delays takes. */
  delayMs: number;
}

/** Every kind of fault that services have here. */
export const FAULT_KINDS = [
  "throttled",
  "unavailable",
  "answerLost",
  "answerLostAndRetried",
  "crash",
  "stall",
  "keyDisabled",
  "writeConflict",
  "bodyBroken",
  "fragmentErrors",
  "listingLate",
  "functionThrottled",
  "eventLost",
  "eventTwice",
  "eventLate",
  "metricLate",
  "executionAborted",
  "entryDamaged",
  "foreignObject",
  "manyArchivers",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** Where the documentation of a service is silent or contradicts itself, what it does here. */
export interface Behaviours {
  /** GetClip leaves out what has the producer time of something older, even where it is asked by server time. */
  clipDropsRepeats: boolean;
  /** A clip's timeline has a hole where no footage is, or goes on without one. */
  clipKeepsHoles: boolean;
  /** GetClip sees what ListFragments does not list yet. */
  clipSeesUnlisted: boolean;
  /** A second PutMedia connection ends the first, or is refused. */
  newestConnectionWins: boolean;
  /** The name of GetClip's error for codec data that changes. */
  codecChangeError: "InvalidCodecPrivateDataException" | "InvalidArgumentException";
  /** GetMediaForFragmentList ends its body with the first fragment that it cannot read. */
  mediaEndsAtError: boolean;
  /** The bucket has the stream's key: while that is disabled, neither can be read. */
  oneKey: boolean;
  /** The latest that a fragment is listed after it began: the longest PutMedia connection, or later than is said anywhere. */
  listsWithinMs: number;
  /** A listing that may be cut holds fewer fragments than it may. */
  listsAtMost?: number;
}

/** Something that people do to the stream. */
export type Deed = { atMs: number } & (
  | { kind: "delete"; recreateAfterMs?: number }
  | { kind: "changeClipLength"; clipSeconds: number }
  /** The stream is taken from the program's settings: it goes when the program lets it go, and is asked again until then. */
  | { kind: "retire" }
);

/** All that happens, as plain data: the same history always ends the same. */
export interface History {
  seed: number;
  startMs: number;
  /** What goes wrong goes wrong before then. */
  durationMs: number;
  clipSeconds: number;
  retentionHours: number;
  /** The alarm rings above so many fragments in a minute. */
  alarmThreshold: number;
  /** At which millisecond of each minute it is evaluated. */
  alarmEvaluatesAtMs: number;
  reconcileMinutes: number;
  /** From the end of a minute until its metric is there. */
  metricDelayMs: number;
  behaviours: Behaviours;
  /** How far the clocks of services are ahead of that of Kinesis Video Streams. */
  clocksAheadMs: { lambda: number; stepFunctions: number; eventBridge: number };
  sessions: Session[];
  faults: Fault[];
  deeds: Deed[];
}
