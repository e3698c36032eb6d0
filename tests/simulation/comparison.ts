import { awsSample, countKept, type Kept } from "./awsSample";
import type { Fault, History } from "./history";
import { lastframe } from "./lastframe";
import { makeHistory } from "./makeHistory";
import { quietly } from "./playSeed";
import { play, type Subject } from "./world";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** One camera that sends for so long, and what of it the note on the sample's defects expects to be lost. */
interface Scenario {
  title: string;
  sessionMs: number;
  fragmentMs: number;
  workSeconds: number;
  /** At how many phases of the minute the session begins. */
  phases: number;
  faults?: Fault[];
  /** Seconds lost by the sample, as the note's model has them. */
  expected: string;
}

/** Before its session a stream is quiet for so long that its alarm is settled, and the sample at rest. */
const LEAD_MS = 10 * MINUTE;

const atTenMinutes = (kind: Fault["kind"], forMs: number): Fault[] => [
  { kind, fromMs: LEAD_MS + 10 * MINUTE, toMs: LEAD_MS + 10 * MINUTE + forMs, chance: 1, delayMs: 0 },
];

const SCENARIOS: Scenario[] = [
  { title: "60 s", sessionMs: MINUTE, fragmentMs: 2000, workSeconds: 8, phases: 60, expected: "60" },
  { title: "90 s", sessionMs: 90 * SECOND, fragmentMs: 2000, workSeconds: 8, phases: 60, expected: "72-90" },
  { title: "5 min", sessionMs: 5 * MINUTE, fragmentMs: 2000, workSeconds: 8, phases: 60, expected: "72-130" },
  {
    title: "10 min, fragments of 10 s",
    sessionMs: 10 * MINUTE,
    fragmentMs: 10_000,
    workSeconds: 8,
    phases: 60,
    expected: "120-180",
  },
  {
    title: "10 min, fragments of 15 s",
    sessionMs: 10 * MINUTE,
    fragmentMs: 15_000,
    workSeconds: 8,
    phases: 12,
    expected: "all",
  },
  { title: "1 h", sessionMs: HOUR, fragmentMs: 2000, workSeconds: 8, phases: 12, expected: "72-130" },
  {
    title: "1 h, 20 s of work",
    sessionMs: HOUR,
    fragmentMs: 2000,
    workSeconds: 20,
    phases: 12,
    expected: "180",
  },
  {
    title: "8 h, 4 s of work",
    sessionMs: 8 * HOUR,
    fragmentMs: 2000,
    workSeconds: 4,
    phases: 2,
    expected: "538",
  },
  { title: "8 h", sessionMs: 8 * HOUR, fragmentMs: 2000, workSeconds: 8, phases: 2, expected: "1,078" },
  {
    title: "8 h, 20 s of work",
    sessionMs: 8 * HOUR,
    fragmentMs: 2000,
    workSeconds: 20,
    phases: 2,
    expected: "2,698",
  },
  { title: "24 h", sessionMs: 24 * HOUR, fragmentMs: 2000, workSeconds: 8, phases: 1, expected: "3,598" },
  {
    title: "24 h, one upload fails",
    sessionMs: 24 * HOUR,
    fragmentMs: 2000,
    workSeconds: 8,
    phases: 1,
    faults: atTenMinutes("keyDisabled", 185 * SECOND),
    expected: "3,778",
  },
  {
    title: "8 h, the workflow dies after 10 min",
    sessionMs: 8 * HOUR,
    fragmentMs: 2000,
    workSeconds: 8,
    phases: 2,
    faults: atTenMinutes("executionAborted", MINUTE),
    expected: "28,260",
  },
  {
    title: "7 days",
    sessionMs: 168 * HOUR,
    fragmentMs: 2000,
    workSeconds: 8,
    phases: 1,
    expected: "283,500",
  },
];

/** A line of the comparison. */
export interface Compared {
  title: string;
  expected?: string;
  /** Whether the histories are added up, and not held against each other. */
  isSum?: true;
  sample: Kept[];
  ours: Kept[];
}

/** Plays each scenario with the sample and with the product, at its phases of the minute. */
export async function compareScenarios(onCompared: (compared: Compared) => void): Promise<void> {
  for (const scenario of SCENARIOS) {
    const compared: Compared = { title: scenario.title, expected: scenario.expected, sample: [], ours: [] };
    for (let phase = 0; phase < scenario.phases; phase += 1) {
      const history = historyOf(scenario, Math.floor((phase * MINUTE) / scenario.phases));
      compared.sample.push(await keep(history, awsSample(scenario.workSeconds)));
      compared.ours.push(await keep(history, lastframe));
    }
    onCompared(compared);
  }
}

/** Plays random histories with both. */
export async function compareRandom(histories: number): Promise<Compared> {
  const compared: Compared = { title: `${histories} random histories`, isSum: true, sample: [], ours: [] };
  for (let seed = 0; seed < histories; seed += 1) {
    const history = makeHistory(seed);
    compared.sample.push(await keep(history, awsSample(8)));
    compared.ours.push(await keep(history, lastframe));
  }
  return compared;
}

async function keep(history: History, subject: Subject): Promise<Kept> {
  return countKept(await quietly(() => play(history, subject)));
}

function historyOf({ sessionMs, fragmentMs, faults = [] }: Scenario, phaseMs: number): History {
  return {
    seed: 1,
    startMs: Date.UTC(2026, 10, 22, 14),
    durationMs: LEAD_MS + sessionMs + MINUTE,
    clipSeconds: 180,
    retentionHours: 168,
    // Fragments of 10 s and more never come to 10 a minute.
    alarmThreshold: fragmentMs < 6000 ? 10 : 2,
    alarmEvaluatesAtMs: 7000,
    reconcileMinutes: 15,
    metricDelayMs: 60_000,
    behaviours: {
      clipDropsRepeats: true,
      clipKeepsHoles: true,
      clipSeesUnlisted: false,
      newestConnectionWins: false,
      codecChangeError: "InvalidCodecPrivateDataException",
      mediaEndsAtError: false,
      oneKey: true,
      listsWithinMs: 44 * MINUTE,
    },
    clocksAheadMs: { lambda: 0, stepFunctions: 0, eventBridge: 0 },
    sessions: [
      {
        fromMs: LEAD_MS + phaseMs,
        durationMs: sessionMs,
        fragmentMs,
        jitterMs: 0,
        bitsPerSecond: 2_000_000,
        clockAheadMs: 0,
        uplinkMs: 100,
        codec: 0,
        incidents: [],
      },
    ],
    faults,
    deeds: [],
  };
}
