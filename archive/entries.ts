import { account, type HourSummary } from "./books";
import { withDeferred } from "./deferred";
import type { Fragment } from "./fragment";
import {
  type DeferredRange,
  type FragmentRow,
  fromRow,
  type GapChange,
  type LedgerState,
  type NewEntry,
  type OpenPlan,
  type PlanChange,
  type PlannedClip,
  type SplitChange,
  type StoredChange,
  toRow,
} from "./ledger";
import { openRecording, withClip } from "./recordings";

/** The entry `seq` that plans a clip of fragments which no entry accounts for. */
export function planned(
  state: LedgerState,
  seq: number,
  { key, fragments, range }: { key: string; fragments: Fragment[]; range?: PlannedClip["range"] },
  /** Low-water as it may be now; and, of fragments missing from a finished hour, that hour. */
  { lowWaterMs, hour }: { lowWaterMs: number; hour?: HourSummary },
): NewEntry {
  const clip: PlannedClip = { key, fragments: fragments.map(toRow), range };
  const next = withOpenPlan(state, seq, clip);
  const change: PlanChange = { kind: "plan", clip, recording: next.mark };
  if (hour) {
    const minutes = account(hour.minutes, fragments, seq);
    return { change, state: next.state, reissued: { hour: hour.hour, minutes, isReissue: true } };
  }
  const books = account(state.books, fragments, seq);
  return { change, state: { ...next.state, books, lowWaterMs: Math.max(lowWaterMs, state.lowWaterMs) } };
}

/** The entry `seq` that plans fragments which were deferred and can be read now; `rest` still cannot. */
export function retried(
  state: LedgerState,
  seq: number,
  clip: PlannedClip,
  { retries, rest, ranges }: { retries: number; rest: FragmentRow[]; ranges: DeferredRange[] },
): NewEntry {
  const deferred = withDeferred(ranges, rest, seq);
  const next = withOpenPlan({ ...state, deferred }, seq, clip);
  const change: PlanChange = { kind: "plan", clip, recording: next.mark, retries };
  if (rest.length > 0) change.deferred = rest;
  return { change, state: next.state };
}

/** The entry `seq` that ends an open plan: its object is there, or others take its place. */
export function finished(
  state: LedgerState,
  seq: number,
  { open, clip, change }: { open: OpenPlan; clip: PlannedClip; change: StoredChange | SplitChange },
): NewEntry {
  const others = state.openPlans.filter(({ key }) => key !== open.key);
  if (change.kind === "split") {
    const openPlans = [...others, ...change.clips.map(({ key }) => ({ key, seq }))];
    const deferred = withDeferred(state.deferred, change.deferred ?? [], seq);
    return { change, state: { ...state, openPlans, deferred } };
  }
  const fragments = clip.fragments.map(fromRow);
  const totals = {
    clips: state.totals.clips + 1,
    fragments: state.totals.fragments + fragments.length,
    bytes: state.totals.bytes + change.sizeBytes,
  };
  const recording = state.recording && withClip(state.recording, fragments);
  return { change, state: { ...state, openPlans: others, totals, recording } };
}

/** The entry that names server time before which nothing can be had any more. */
export function gap(
  state: LedgerState,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  cause: GapChange["cause"],
): NewEntry {
  return { change: { kind: "gap", fromMs, toMs, cause }, state: { ...goingOn(state), lowWaterMs: toMs } };
}

/** The entry that gives up a range of deferred fragments; `rows` names them, and `ranges` are left. */
export function givenUp(
  state: LedgerState,
  { fromMs, toMs }: Pick<DeferredRange, "fromMs" | "toMs">,
  { rows, ranges, cause }: { rows?: FragmentRow[]; ranges: DeferredRange[]; cause: GapChange["cause"] },
): NewEntry {
  const change: GapChange = { kind: "gap", fromMs, toMs, cause, fragments: rows };
  return { change, state: { ...state, deferred: ranges } };
}

/**
 * The entry that ends a life: all of it up to an instant is archived or named as missing, and no more is to come. Should
 * more come all the same, because the stream was not deleted in the end, the life goes on.
 */
export function ended(state: LedgerState, asOfMs: number): NewEntry {
  const { recording: _, ...others } = state;
  const lowWaterMs = Math.max(state.lowWaterMs, asOfMs);
  return { change: { kind: "ended" }, state: { ...others, lowWaterMs, ended: true } };
}

/** The state of a life that has not ended after all. */
function goingOn({ ended: _, ...state }: LedgerState): LedgerState {
  return state;
}

/** The entry `seq` that closes the open recording, compared with a listing as of an instant. */
export function closed(
  state: LedgerState,
  seq: number,
  compared: { fromMs: number; toMs: number; asOfMs: number },
): NewEntry {
  const { recording, ...others } = state;
  if (!recording) throw new Error("a recording was to be closed and none is open");
  const { clips, fragments, coverage, seq: openedSeq } = recording;
  const deferred = state.deferred.length > 0 ? { deferred: state.deferred } : {};
  return {
    change: { kind: "closed", openedSeq, clips, fragments, coverage, compared, ...deferred },
    state: { ...others, lastClosed: { seq, asOfMs: compared.asOfMs } },
  };
}

/**
 * The state with a plan open. Its fragments begin a recording, go on with the open one, or amend the one that was
 * closed last, when all of them began before that.
 */
function withOpenPlan(
  state: LedgerState,
  seq: number,
  { key, fragments }: PlannedClip,
): { state: LedgerState; mark: PlanChange["recording"] } {
  const times = fragments.map(([, serverMs]) => serverMs);
  const [firstMs, lastMs] = [Math.min(...times), Math.max(...times)];
  const openPlans = [...state.openPlans, { key, seq }];
  if (state.lastClosed && lastMs < state.lastClosed.asOfMs) {
    return { state: { ...goingOn(state), openPlans }, mark: "amended" };
  }
  const recording = state.recording ?? openRecording(seq, firstMs);
  const toServerMs = Math.max(recording.toServerMs, lastMs);
  return {
    state: { ...goingOn(state), openPlans, recording: { ...recording, toServerMs } },
    mark: state.recording ? undefined : "opened",
  };
}
