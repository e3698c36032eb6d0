import { HOUR_MS, type HourSummary, hourOf } from "./books";
import { endOpenPlan } from "./endOpenPlan";
import { closed, gap, planned } from "./entries";
import { type Announce, eventsOf } from "./events";
import { type Fragment, inOrderOfIngestion, markRepeats } from "./fragment";
import { clipKey, ledgerFolder } from "./keys";
import {
  append,
  emptyState,
  fromRow,
  type LedgerState,
  type NewEntry,
  type OpenPlan,
  type PlannedClip,
  readHead,
  type StoredChange,
} from "./ledger";
import { listStretch } from "./listStretch";
import { makePlannedNumbers, readHours, unaccounted } from "./owed";
import { type ClipPlan, planClips } from "./plan";
import type { FragmentSource, StreamDescription, Vault } from "./ports";
import { retryDeferred } from "./retryDeferred";
import { readSweep } from "./sweep";

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
  /** Told of what happened, once it is written. */
  announce: Announce;
  /** Plans of others are left to them for this long, only to save work; 0 unless told. */
  patienceMs?: number;
  /** Whether what is listed is archived at once, and no cell's end awaited: of a camera that sends no more. */
  cutsNow?: boolean;
  /** Whether fragments that could not be read are tried again. */
  retryDeferred?: boolean;
  /** Server time from which finished hours are listed once more and compared with their summaries. */
  compareFromMs?: number;
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
  /** A recording is open: fragments are owed, or came within the last minutes. */
  isRecording: boolean;
  /** Server time before which all that can be listed is accounted for; of a round that came to its end. */
  coveredToMs?: number;
  /** Server time up to which finished hours were compared, where that was asked for. */
  comparedToMs?: number;
}

/** Silence after which a recording is over: three periods of the alarm. */
const QUIET_MS = 180_000;

/** How long a plan waits for a clip that GetClip does not make, or for fragments that fail: a fault of moments is over. */
const OVERDUE_MS = 300_000;

/** Clocks of services differ by seconds; more would give up what is held and not listed yet. */
const CLOCKS_APART_MS = 10_000;

/** A recording that is closed is compared this far back; what is older, the daily comparison has seen. */
const CLOSING_COMPARISON_MS = 48 * HOUR_MS;

/** Fragments that are to be planned. */
interface Owed {
  fragments: Fragment[];
  plans: ClipPlan[];
  /** The finished hour that they are missing from. */
  hour?: HourSummary;
}

/**
 * Archives everything of a stream that is due and not accounted for in its ledger. Any number of rounds may run at once,
 * and each may end anywhere: what is decided is written before it is done, under a number that only one can take.
 */
export async function archiveStream(request: ArchiveRequest): Promise<ArchiveResult> {
  const { source, vault, prefix, clipMs, nowMs, tags, mayGoOn, announce, cutsNow } = request;
  const stream = await source.describe();
  const folder = ledgerFolder(prefix, stream);
  const at = new Date(nowMs).toISOString();
  const retentionMs = stream.retentionHours * HOUR_MS;
  const expiredToMs = nowMs - retentionMs;
  const target = { source, vault, prefix, stream, tags, expiredToMs, nowMs, overdueToMs: nowMs - OVERDUE_MS };
  const plannedNumbers = makePlannedNumbers(vault, folder);
  const clips: StoredClip[] = [];

  let head = await readHead(vault, folder);
  const ownFromSeq = head.nextSeq;
  /** The newest entry, if this round wrote it: a plan in it is no one else's, a split's neither. */
  let ownSeq: number | undefined;
  let listing: Awaited<ReturnType<typeof list>> | undefined;
  /** Server time before which this round has listed stretch after stretch, and found all of it accounted for. */
  let passedToMs = 0;
  /** By the head as it was read or written here; unknown after someone else's entry. */
  let owed: Owed | undefined;
  /** Deferred fragments are tried again in the order of their entries, once. */
  let triedToSeq = -1;
  let hoursToCompare: number[] | undefined;

  for (;;) {
    const state = head.entry?.state;
    if (!state) {
      await record({ change: { kind: "began" }, state: emptyState(stream.streamArn, stream.createdMs) });
      continue;
    }
    const [open] = state.openPlans;
    if (open) {
      const isOwn = open.seq === ownSeq;
      if (!isOwn && (isYoung(open) || !mayGoOn(clips.length))) return stopped(state);
      await finish(open, state);
      continue;
    }
    listing ??= await list(state);
    const { goneToMs, sweptToMs } = listing;
    const uncovered = { fromMs: Math.max(state.lowWaterMs, passedToMs, sweptToMs), toMs: goneToMs };
    if (uncovered.fromMs < uncovered.toMs) {
      await record(gap(state, uncovered, "expired"));
      continue;
    }
    owed ??= await whatIsOwed(state, listing.fragments);
    const [plan, ...plans] = owed.plans;
    if (plan) {
      if (!mayGoOn(clips.length)) return stopped(state);
      const isPlanned = new Set(plan.fragments);
      const left = { fragments: owed.fragments.filter((fragment) => !isPlanned.has(fragment)), plans };
      if (await write(plan, state, { lowWaterMs: lowWaterFor(left.fragments, listing.toMs) })) owed = left;
      continue;
    }
    if (listing.toMs < nowMs) {
      if (!mayGoOn(clips.length)) return stopped(state);
      // Nothing else may be concluded from a part: what is behind it, is listed next.
      passedToMs = listing.toMs + 1;
      [listing, owed] = [undefined, undefined];
      continue;
    }
    if (request.retryDeferred && mayGoOn(clips.length) && (await tryAgain(state))) continue;

    const { recording } = state;
    const isOver =
      recording && owed.fragments.length === 0 && nowMs - recording.toServerMs >= QUIET_MS
        ? recording
        : undefined;
    const closingFromMs = isOver && Math.max(isOver.fromServerMs, nowMs - CLOSING_COMPARISON_MS);
    const compareFromMs = Math.min(closingFromMs ?? nowMs, request.compareFromMs ?? nowMs);
    hoursToCompare ??= hoursBetween(
      Math.max(compareFromMs, listing.answeredMs - retentionMs),
      state.lowWaterMs,
    );
    const late = await missingFromFinishedHours(state, hoursToCompare);
    if (late === "stopped") return stopped(state);
    const [latePlan] = late?.plans ?? [];
    if (late && latePlan) {
      await write(latePlan, state, { lowWaterMs: state.lowWaterMs, hour: late.hour });
      continue;
    }
    if (isOver && closingFromMs !== undefined) {
      // A listing knows of nothing later than its range, however late it is answered.
      const asOfMs = Math.min(nowMs, listing.answeredMs);
      const compared = { fromMs: closingFromMs, toMs: nowMs, asOfMs };
      await record(closed(state, head.nextSeq, compared));
      continue;
    }
    return {
      ...stopped(state),
      hasBacklog: false,
      isDrained: owed.fragments.length === 0,
      coveredToMs: earliest(owed.fragments, nowMs - lookBackMs(stream)),
      ...(request.compareFromMs === undefined ? {} : { comparedToMs: nowMs }),
    };
  }

  function stopped(state: LedgerState): ArchiveResult {
    const [next] = hoursToCompare ?? [];
    const comparedToMs =
      request.compareFromMs === undefined || next === undefined ? undefined : next * HOUR_MS;
    const isRecording = state.recording !== undefined;
    return { clips, hasBacklog: true, isDrained: false, isRecording, comparedToMs };
  }

  function isYoung({ seq }: OpenPlan): boolean {
    const { entry } = head;
    return entry?.seq === seq && nowMs - Date.parse(entry.at) < (request.patienceMs ?? 0);
  }

  /** Writes an entry behind the head; or, when someone else was first, reads theirs, and all is to be decided anew. */
  async function record(entry: NewEntry, clip?: PlannedClip): Promise<boolean> {
    const next = await append(vault, head, at, entry);
    head = next ?? (await readHead(vault, folder));
    ownSeq = next?.entry?.seq;
    if (!next) owed = undefined;
    else if (next.entry) for (const event of eventsOf(next.entry, clip)) await announce(event);
    return next !== undefined;
  }

  /**
   * Lists from low-water to now, or as much of it as can be held. Where the beginning of that had expired by the answer,
   * as when nothing was planned for as long as the retention, it is no gap as far as the newest sweep found everything
   * accounted for.
   */
  async function list({ lowWaterMs }: LedgerState) {
    const fromMs = Math.max(lowWaterMs, passedToMs);
    const { fragments, answeredMs, toMs } = await listStretch(source, { fromMs, toMs: nowMs }, clipMs);
    // What had expired when the listing was answered, it could not show: by the service's clock, which may be ahead of
    // the one that says when that was. What it does show was held after all.
    const unseenToMs = Math.min(toMs + 1, answeredMs - retentionMs + CLOCKS_APART_MS);
    const goneToMs = earliest(fragments, unseenToMs);
    const swept = fromMs < goneToMs ? await readSweep(vault, prefix, stream) : undefined;
    const sweptToMs = swept?.sweep.coveredToMs ?? 0;
    return { fragments: markRepeats(inOrderOfIngestion(fragments)), answeredMs, toMs, goneToMs, sweptToMs };
  }

  async function whatIsOwed(state: LedgerState, listed: Fragment[]): Promise<Owed> {
    const above = listed.filter(({ serverMs }) => serverMs >= state.lowWaterMs);
    const fragments = await unaccounted(plannedNumbers, above, state.books);
    return { fragments, plans: planClips({ fragments, listed: above, clipMs, nowMs, cutsNow }) };
  }

  async function write(
    { fragments, range }: ClipPlan,
    state: LedgerState,
    marks: { lowWaterMs: number; hour?: HourSummary },
  ): Promise<boolean> {
    const key = clipKey(prefix, stream.streamName, fragments, { extension: "mp4" });
    return record(planned(state, head.nextSeq, { key, fragments, range }, marks));
  }

  async function finish(open: OpenPlan, state: LedgerState): Promise<void> {
    const { entry, clip, isHopeless } = await endOpenPlan(target, head, state, open);
    // Hours of footage may suffer from the same: this round waits for none of it again.
    if (isHopeless) target.overdueToMs = nowMs;
    const isRecorded = await record(entry, clip);
    if (isRecorded && clip && entry.change.kind === "stored") clips.push(summary(entry.change, clip));
  }

  /** Tries the next deferred fragments again; whether there were any that this round had not tried. */
  async function tryAgain(state: LedgerState): Promise<boolean> {
    const retry = await retryDeferred(target, head, state, { afterSeq: triedToSeq, beforeSeq: ownFromSeq });
    if (!retry) return false;
    triedToSeq = retry.triedSeq;
    if (retry.entry) await record(retry.entry);
    return true;
  }

  /** Compares hour after hour below low-water with its listing, until one has something that is not accounted for. */
  async function missingFromFinishedHours(
    state: LedgerState,
    hours: number[],
  ): Promise<Owed | "stopped" | undefined> {
    if (hours.length === 0) return undefined;
    const { summaries, isWhole } = await readHours(vault, folder, state.lastHourSeq, hours[0] ?? 0);
    for (let [hour] = hours; hour !== undefined; [hour] = hours) {
      if (!mayGoOn(clips.length)) return "stopped";
      const isFinished = hour < hourOf(state.lowWaterMs);
      const summary = summaries.get(hour) ?? { hour, minutes: {} };
      const [fromMs, toMs] = [hour * HOUR_MS, Math.min((hour + 1) * HOUR_MS, state.lowWaterMs)];
      const isKnown = !isFinished || isWhole || summaries.has(hour);
      const { fragments: all } = isKnown ? await source.list({ fromMs, toMs }) : { fragments: [] };
      const listed = inOrderOfIngestion(all);
      const within = listed.filter(({ serverMs }) => serverMs < toMs);
      const books = isFinished ? summary.minutes : state.books;
      const fragments = await unaccounted(plannedNumbers, within, books);
      if (fragments.length > 0) {
        const plans = planClips({ fragments, listed, clipMs, nowMs });
        return { fragments, plans, hour: isFinished ? summary : undefined };
      }
      hours.shift();
    }
    return undefined;
  }

  /**
   * Low-water may rise to a border of the grid that is far enough back, and not past a fragment that is owed, or what was
   * not listed.
   */
  function lowWaterFor(left: Fragment[], listedToMs: number): number {
    const limitMs = Math.min(nowMs - lookBackMs(stream), listedToMs + 1);
    return Math.floor(earliest(left, limitMs) / clipMs) * clipMs;
  }
}

/** The server time of the earliest fragment, or the limit, whichever is earlier. A listing may be too long to spread. */
function earliest(fragments: Fragment[], limitMs: number): number {
  return fragments.reduce((least, { serverMs }) => Math.min(least, serverMs), limitMs);
}

/** The hours of server time from one instant to another. */
function hoursBetween(fromMs: number, toMs: number): number[] {
  const count = Math.max(0, Math.ceil(toMs / HOUR_MS) - hourOf(fromMs));
  return Array.from({ length: count }, (_, index) => hourOf(fromMs) + index);
}

/**
 * How far back fragments may still turn up: a slow one is listed as late as 45 minutes after it began, the longest
 * PutMedia connection. A stream that keeps its media for less than two hours is looked back on half as far.
 */
function lookBackMs({ retentionHours }: StreamDescription): number {
  return Math.min(1, retentionHours / 2) * HOUR_MS;
}

function summary({ key, sizeBytes }: StoredChange, clip: PlannedClip): StoredClip {
  const fragments = clip.fragments.map(fromRow);
  const [first, last] = [fragments[0], fragments.at(-1)];
  const durationMs = first && last ? last.producerMs + last.durationMs - first.producerMs : 0;
  return { key, sizeBytes, durationMs, fragmentCount: fragments.length };
}
