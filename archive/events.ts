import type { Entry, GapChange, PlannedClip } from "./ledger";

/** What those who wait for footage are told, as events of EventBridge: `docs/events.md` has their shapes. */
export type ArchiveEvent =
  | { type: "Recording Opened"; detail: { openedSeq: number; fromMs: number } }
  | {
      type: "Clip Archived";
      detail: {
        key: string;
        sizeBytes: number;
        sha256: string;
        fragments: number;
        startMs: number;
        endMs: number;
      };
    }
  | {
      type: "Recording Closed";
      detail: { openedSeq: number; clips: number; fragments: number; coveredMs: number };
    }
  | {
      type: "Gap Found";
      detail: { fromMs: number; toMs: number; cause: GapChange["cause"]; fragments?: number };
    }
  | {
      type: "Footage At Risk";
      detail: { oldestMs: number; ageSeconds: number; retentionSeconds: number; usedPercent: number };
    }
  | { type: "Archiving Failed"; detail: { error: string; message: string } }
  | { type: "Damage Found"; detail: { keys: string[] } };

/** Tells whoever listens. It must not throw: what happened has happened, and is in the ledger. */
export type Announce = (event: ArchiveEvent) => Promise<void>;

/** The events that an entry is worth; `clip` is the one that it stored. */
export function eventsOf({ seq, change, damaged }: Entry, clip?: PlannedClip): ArchiveEvent[] {
  const events: ArchiveEvent[] = [];
  if (damaged) events.push({ type: "Damage Found", detail: { keys: damaged } });
  switch (change.kind) {
    case "plan": {
      const [, fromMs = 0] = change.clip.fragments[0] ?? [];
      if (change.recording === "opened")
        events.push({ type: "Recording Opened", detail: { openedSeq: seq, fromMs } });
      break;
    }
    case "stored": {
      const { key, sizeBytes, sha256 } = change;
      const fragments = clip?.fragments ?? [];
      const [, , startMs = 0] = fragments[0] ?? [];
      const [, , lastMs = 0, durationMs = 0] = fragments.at(-1) ?? [];
      const detail = {
        key,
        sizeBytes,
        sha256,
        fragments: fragments.length,
        startMs,
        endMs: lastMs + durationMs,
      };
      events.push({ type: "Clip Archived", detail });
      break;
    }
    case "split": {
      if (!change.lost) break;
      const times = change.lost.map(([, serverMs]) => serverMs);
      const range = { fromMs: Math.min(...times), toMs: Math.max(...times) };
      events.push({ type: "Gap Found", detail: { ...range, cause: "expired", fragments: times.length } });
      break;
    }
    case "gap": {
      const { fromMs, toMs, cause } = change;
      const detail = { fromMs, toMs, cause, fragments: change.fragments?.length };
      events.push({ type: "Gap Found", detail });
      break;
    }
    case "closed": {
      const { openedSeq, clips, fragments, coverage } = change;
      const detail = { openedSeq, clips, fragments, coveredMs: coverage.totalMs };
      events.push({ type: "Recording Closed", detail });
    }
  }
  return events;
}
