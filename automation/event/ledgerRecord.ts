import { type Entry, type FragmentRow, type PlannedClip, readEntry } from "../../archive/ledger";
import type { Vault } from "../../archive/ports";
import { readAhead } from "../../archive/readAhead";

/** A stored clip, as a manifest names it. */
export interface ClipRecord {
  key: string;
  plan: PlannedClip;
  sizeBytes: number;
  sha256: string;
  source: string;
}

/** A recording whose fragments were compared with a listing, and as of when. */
export interface RecordingRecord {
  clips: number;
  fragments: number;
  fromMs: number;
  toMs: number;
  asOfMs: number;
}

/** Footage that can no longer be had. */
export interface MissingRecord {
  fromMs: number;
  toMs: number;
  cause: string;
  fragments?: string[];
}

/** What a life's ledger comes to. */
export interface LedgerRecord {
  clips: ClipRecord[];
  recordings: RecordingRecord[];
  missing: MissingRecord[];
}

/** How many entries are read at once. */
const AT_ONCE = 16;

/** Reads a ledger's entries, from one number up to another, the last included. */
export async function* readEntries(
  vault: Vault,
  folder: string,
  { fromSeq, toSeq }: { fromSeq: number; toSeq: number },
): AsyncGenerator<Entry> {
  const seqs = Array.from({ length: Math.max(0, toSeq - fromSeq + 1) }, (_, index) => fromSeq + index);
  // One that cannot be read was stepped over; `verify` names it.
  for await (const entry of readAhead(seqs, AT_ONCE, (seq) => readEntry(vault, folder, seq)))
    if (entry) yield entry;
}

/** Gathers what entries say, in their order. */
export function makeLedgerRecord() {
  const plans = new Map<string, PlannedClip>();
  const record: LedgerRecord = { clips: [], recordings: [], missing: [] };

  function take({ change }: Entry): void {
    if (change.kind === "plan") plans.set(change.clip.key, change.clip);
    else if (change.kind === "split") {
      for (const clip of change.clips) plans.set(clip.key, clip);
      if (change.lost) record.missing.push(missing(change.lost, "lost"));
    } else if (change.kind === "stored") {
      const { key, sizeBytes, sha256, source } = change;
      const plan = plans.get(key);
      if (plan) record.clips.push({ key, plan, sizeBytes, sha256, source });
    } else if (change.kind === "gap") {
      const { fromMs, toMs, cause, fragments } = change;
      record.missing.push({ fromMs, toMs, cause, fragments: fragments?.map(([number]) => number) });
    } else if (change.kind === "closed") {
      const { clips, fragments, compared } = change;
      record.recordings.push({ clips, fragments, ...compared });
    }
  }

  return { take, record };
}

function missing(rows: FragmentRow[], cause: string): MissingRecord {
  const times = rows.map(([, serverMs]) => serverMs);
  return {
    fromMs: Math.min(...times),
    toMs: Math.max(...times),
    cause,
    fragments: rows.map(([number]) => number),
  };
}
