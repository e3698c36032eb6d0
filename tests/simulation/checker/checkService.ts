import { UNBOUNDED } from "../models/calls";
import type { Execution } from "../models/stepFunctions";
import type { World } from "../world";
import type { Archive } from "./readArchive";
import type { Violation } from "./violation";

const MAX_ENTRY_BYTES = 32_768;

/** I8. */
export function checkBounds({ ledgers }: Archive, { stepFunctions, lambda, tally }: World): Violation[] {
  const violations: Violation[] = lambda.faults.map((says) => ({ invariant: "I7", says }));
  if (tally.has(UNBOUNDED))
    violations.push({ invariant: "I8", says: "an invocation made calls without end" });
  for (const { folder, entries } of ledgers) {
    for (const { seq, sizeBytes } of entries) {
      if (sizeBytes > MAX_ENTRY_BYTES)
        violations.push({ invariant: "I8", says: `entry ${seq} of ${folder} has ${sizeBytes} bytes` });
    }
  }
  for (const { name, status, error, events } of stepFunctions.executions.values()) {
    // One whose calls fail for longer than it tries again is restarted; no other end is foreseen.
    if (status === "FAILED" && /^(States\.|undefined|TypeError|Aborted)/.test(error ?? "undefined"))
      violations.push({ invariant: "I8", says: `execution ${name} failed after ${events} events: ${error}` });
    if (status === "RUNNING") violations.push({ invariant: "I8", says: `execution ${name} never ended` });
  }
  return violations;
}

const MINUTE_MS = 60_000;

/** The instant from which nothing that failed before may show any more: a stale claim was found by a sweep. */
export function healedMs(history: World["history"]): number {
  const { startMs, durationMs, faults, deeds, reconcileMinutes } = history;
  if (faults.length === 0 && deeds.length === 0) return startMs;
  const staleMs = 2 * 900_000 + 960_000;
  const longestClipMs = Math.max(2 * Math.max(...clipLengthsMs(history)), staleMs);
  return startMs + durationMs + longestClipMs + reconcileMinutes * MINUTE_MS + 5 * MINUTE_MS;
}

/** The clip lengths that a history's stream is given, one after the other. */
export const clipLengthsMs = ({ clipSeconds, deeds }: World["history"]): number[] =>
  [clipSeconds, ...deeds.flatMap((deed) => (deed.kind === "changeClipLength" ? deed.clipSeconds : []))].map(
    (seconds) => seconds * 1000,
  );

/** Whether an execution recorded, and did not just find that another does. */
export const recorded = ({ transitions }: Execution) => transitions > 3;

/** I5 and I8: one Recorder is at work while an alarm rings, and no second one. */
export function checkRecorders(world: World): Violation[] {
  const { stepFunctions, cloudWatch, history, endMs } = world;
  const violations: Violation[] = [];
  const recorders = [...stepFunctions.executions.values()].filter(recorded);
  const worksAt = (atMs: number) =>
    recorders.filter(({ startMs, stopMs = Number.POSITIVE_INFINITY }) => startMs <= atMs && atMs <= stopMs);
  const fromMs = healedMs(history);
  for (const { fromMs: rangMs, toMs = endMs } of cloudWatch.rings) {
    for (let atMs = Math.max(rangMs, fromMs) + 2 * MINUTE_MS; atMs < toMs; atMs += MINUTE_MS) {
      const count = worksAt(atMs).length;
      const at = `${((atMs - history.startMs) / 1000).toFixed(0)} s`;
      if (count === 0)
        violations.push({ invariant: "I5", says: `no Recorder is at work at ${at}, and the alarm rings` });
      if (count > 1) violations.push({ invariant: "I8", says: `${count} Recorders are at work at ${at}` });
      if (count !== 1) break;
    }
  }
  return violations;
}

/** I8: each new holder raises the claim's generation, so none has the name, or takes itself for the successor, of an earlier. */
export function checkClaims(world: World): Violation[] {
  const claims = [{ holder: "", generation: 0 }, ...world.claims()];
  return claims.slice(1).flatMap(({ holder, generation }, index): Violation[] => {
    const before = claims[index];
    const isNew = holder !== "" && holder !== before?.holder;
    const expected = (before?.generation ?? 0) + (isNew ? 1 : 0);
    if (generation === expected) return [];
    return [
      { invariant: "I8", says: `${holder} holds the claim as of generation ${generation}, not ${expected}` },
    ];
  });
}

/** I7: each time that un-archived footage comes to use up half of its retention, or 80 %, the bus hears it. */
export function checkRisks({ history, cloudWatch, eventBridge }: World): Violation[] {
  if (history.faults.length > 0) return [];
  const told = eventBridge.heard.filter(({ type }) => type === "Footage At Risk");
  const ages = cloudWatch.put.get("UnarchivedAgeOfRetention") ?? [];
  return ages.flatMap(({ atMs, value }, index): Violation[] => {
    const before = ages[index - 1]?.value ?? 0;
    const rises = [50, 80].some((percent) => value >= percent && before < percent);
    if (!rises || told.some((event) => Math.abs(event.atMs - atMs) < 60_000)) return [];
    return [{ invariant: "I7", says: `nobody was told that ${value} % of a retention were used up` }];
  });
}

/** I8: where nothing is wrong with a camera, a cell becomes as few clips as GetClip's limits allow, and by GetClip. */
export function checkCuts({ ledgers, clips }: Archive, { history, kinesisVideo }: World): Violation[] {
  const { faults, deeds, sessions, behaviours } = history;
  const isCalm =
    faults.length === 0 && deeds.length === 0 && sessions.every(({ incidents }) => incidents.length === 0);
  const [life] = kinesisVideo.lives;
  if (!isCalm || !life || sessions.length > 1 || !behaviours.clipKeepsHoles) return [];
  const violations: Violation[] = [];
  for (const { folder, entries } of ledgers) {
    const other = entries.find(({ change }) => change.kind === "stored" && change.source !== "get-clip");
    if (other)
      violations.push({ invariant: "I8", says: `entry ${other.seq} of ${folder} did not come from GetClip` });
  }
  const clipMs = history.clipSeconds * 1000;
  const cells = new Map<number, { count: number; bytes: number; fragments: Set<string> }>();
  for (const { serverMs, sizeBytes, fragmentNumber } of life.fragments) {
    const cell = Math.floor(serverMs / clipMs);
    const known = cells.get(cell) ?? { count: 0, bytes: 0, fragments: new Set<string>() };
    cells.set(cell, {
      count: known.count + 1,
      bytes: known.bytes + sizeBytes,
      fragments: known.fragments.add(fragmentNumber),
    });
  }
  for (const { count, bytes, fragments } of cells.values()) {
    const made = clips.filter(({ numbers }) => numbers.some((number) => fragments.has(number))).length;
    const needed = Math.max(Math.ceil(count / 200), 2 * Math.ceil(bytes / 95_000_000) - 1);
    if (made > needed)
      violations.push({ invariant: "I8", says: `${count} fragments of one cell became ${made} clips` });
  }
  return violations;
}
