import { account, type Books, isAccounted, minuteOf } from "./books";
import { finishPlan } from "./finishPlan";
import { type Fragment, inOrderOfIngestion } from "./fragment";
import { clipKey, ledgerFolder } from "./keys";
import {
  append,
  type Change,
  emptyState,
  fromRow,
  type LedgerState,
  type OpenPlan,
  type PlannedClip,
  planIn,
  raiseLowWater,
  readEntry,
  readHead,
  type StoredChange,
  toRow,
} from "./ledger";
import { type ClipPlan, planClips } from "./plan";
import type { FragmentSource, StreamDescription, Vault } from "./ports";

/** One round of archiving one stream. Time comes in with the call; nothing here asks a clock. */
export interface ArchiveRequest {
  source: FragmentSource;
  vault: Vault;
  prefix: string;
  clipMs: number;
  /** The instant as of which the round looks at the stream, on the service's clock. */
  nowMs: number;
  tags: Record<string, string>;
  /** Asked before each clip, with how many this round has stored: whether it may go on. */
  mayGoOn(clipCount: number): boolean;
}

/** A clip that this round stored. */
export interface StoredClip {
  key: string;
  sizeBytes: number;
  durationMs: number;
  fragmentCount: number;
}

/** What a round did. */
export interface ArchiveResult {
  clips: StoredClip[];
  /** Clips that are due are left for the next round. */
  hasBacklog: boolean;
  /** Everything that is listed is archived. What is listed but not due yet is neither backlog nor drained. */
  isDrained: boolean;
}

/**
 * Archives everything of a stream that is due and not accounted for in its ledger. Any number of rounds may run at once,
 * and each may end anywhere: what is decided is written before it is done, under a number that only one can take.
 */
export async function archiveStream(request: ArchiveRequest): Promise<ArchiveResult> {
  const { source, vault, prefix, clipMs, nowMs, tags, mayGoOn } = request;
  const stream = await source.describe();
  const folder = ledgerFolder(prefix, stream);
  const at = new Date(nowMs).toISOString();
  const expiredToMs = nowMs - stream.retentionHours * 3_600_000;
  const target = { source, vault, prefix, stream, tags, expiredToMs };
  const clips: StoredClip[] = [];

  let head = await readHead(vault, folder);
  let listed: Fragment[] | undefined;
  /** What is owed, by the head as it was read or written here; unknown after someone else's entry. */
  let owed: { fragments: Fragment[]; plans: ClipPlan[] } | undefined;
  let seqOfOwnPlan: number | undefined;

  for (;;) {
    const state = head.entry?.state;
    if (!state) {
      await record({ kind: "began" }, emptyState(stream.createdMs));
      continue;
    }
    const [open] = state.openPlans;
    if (open) {
      const isOwn = open.seq === seqOfOwnPlan;
      if (!isOwn && !mayGoOn(clips.length)) return { clips, hasBacklog: true, isDrained: false };
      await finish(open, state);
      continue;
    }
    if (state.lowWaterMs < expiredToMs) {
      const gap: Change = { kind: "gap", fromMs: state.lowWaterMs, toMs: expiredToMs, cause: "expired" };
      await record(gap, raiseLowWater(state, expiredToMs));
      continue;
    }
    listed ??= inOrderOfIngestion(await source.list({ fromMs: state.lowWaterMs, toMs: nowMs }));
    if (!owed) {
      const above = listed.filter(({ serverMs }) => serverMs >= state.lowWaterMs);
      const fragments = await unaccounted(vault, folder, above, state.books);
      owed = { fragments, plans: planClips({ fragments, listed: above, clipMs, nowMs }) };
    }
    const [plan, ...plans] = owed.plans;
    if (!plan) return { clips, hasBacklog: false, isDrained: owed.fragments.length === 0 };
    if (!mayGoOn(clips.length)) return { clips, hasBacklog: true, isDrained: false };
    const isPlanned = new Set(plan.fragments);
    const left = { fragments: owed.fragments.filter((fragment) => !isPlanned.has(fragment)), plans };
    if (await write(plan, state, left.fragments)) {
      owed = left;
      seqOfOwnPlan = head.entry?.seq;
    }
  }

  /** Writes an entry behind the head; or, when someone else was first, reads theirs, and all is to be decided anew. */
  async function record(change: Change, state: LedgerState): Promise<boolean> {
    const next = await append(vault, head, at, change, state);
    head = next ?? (await readHead(vault, folder));
    if (!next) owed = undefined;
    return next !== undefined;
  }

  function write({ fragments, range }: ClipPlan, state: LedgerState, left: Fragment[]): Promise<boolean> {
    const extension = range ? "mp4" : "mkv";
    const key = clipKey(prefix, stream.streamName, fragments, { extension });
    const books = account(state.books, fragments, head.nextSeq);
    const openPlans = [{ key, seq: head.nextSeq }];
    const change: Change = { kind: "plan", clip: { key, fragments: fragments.map(toRow), range } };
    return record(change, raiseLowWater({ ...state, books, openPlans }, lowWaterFor(left)));
  }

  async function finish(open: OpenPlan, state: LedgerState): Promise<void> {
    const written =
      open.seq === head.entry?.seq ? head.entry : (await readEntry(vault, folder, open.seq))?.entry;
    if (!written)
      throw new Error(`the ledger entry ${open.seq} of ${folder}, which plans ${open.key}, is gone`);
    const clip = planIn(written, open.key);
    const change = await finishPlan(target, clip);
    const others = state.openPlans.filter(({ key }) => key !== open.key);
    if (change.kind === "split") {
      const replacements = change.clips.map(({ key }) => ({ key, seq: head.nextSeq }));
      await record(change, { ...state, openPlans: [...others, ...replacements] });
      return;
    }
    const { totals } = state;
    const isRecorded = await record(change, {
      ...state,
      openPlans: others,
      totals: {
        clips: totals.clips + 1,
        fragments: totals.fragments + clip.fragments.length,
        bytes: totals.bytes + change.sizeBytes,
      },
    });
    if (isRecorded) clips.push(summary(change, clip));
  }

  /** Low-water may rise to a border of the grid that is far enough back, and not past a fragment that is owed. */
  function lowWaterFor(left: Fragment[]): number {
    const limitMs = left.reduce(
      (least, { serverMs }) => Math.min(least, serverMs),
      nowMs - lookBackMs(stream),
    );
    return Math.floor(limitMs / clipMs) * clipMs;
  }
}

/**
 * How far back fragments may still turn up: a slow one is listed as late as 45 minutes after it began, the longest
 * PutMedia connection. A stream that keeps its media for less than two hours is looked back on half as far.
 */
function lookBackMs({ retentionHours }: StreamDescription): number {
  return Math.min(1, retentionHours / 2) * 3_600_000;
}

function summary({ key, sizeBytes }: StoredChange, clip: PlannedClip): StoredClip {
  const fragments = clip.fragments.map(fromRow);
  const [first, last] = [fragments[0], fragments.at(-1)];
  const durationMs = first && last ? last.producerMs + last.durationMs - first.producerMs : 0;
  return { key, sizeBytes, durationMs, fragmentCount: fragments.length };
}

/**
 * The listed fragments that no entry accounts for. A minute whose listing equals its book is settled by that; one that
 * differs (a late fragment, a cut within the minute) by reading the numbers back from its entries.
 */
async function unaccounted(
  vault: Vault,
  folder: string,
  listed: Fragment[],
  books: Books,
): Promise<Fragment[]> {
  const byMinute = new Map<string, Fragment[]>();
  for (const fragment of listed) {
    const minute = minuteOf(fragment.serverMs);
    const fragments = byMinute.get(minute);
    if (fragments) fragments.push(fragment);
    else byMinute.set(minute, [fragment]);
  }
  const owed: Fragment[] = [];
  for (const [minute, fragments] of byMinute) {
    const book = books[minute];
    if (book && isAccounted(book, fragments)) continue;
    const known = new Set<string>();
    for (let seq = book?.firstSeq ?? 0; book && seq <= book.lastSeq; seq += 1) {
      const change = (await readEntry(vault, folder, seq))?.entry.change;
      if (change?.kind === "plan")
        for (const [fragmentNumber] of change.clip.fragments) known.add(fragmentNumber);
    }
    owed.push(...fragments.filter(({ fragmentNumber }) => !known.has(fragmentNumber)));
  }
  return owed;
}
