import { finished } from "./entries";
import { type ClipTarget, endLostPlan, FOREIGN, finishPlan } from "./finishPlan";
import { entryKey } from "./keys";
import {
  type Head,
  type LedgerState,
  type NewEntry,
  type OpenPlan,
  type PlannedClip,
  planIn,
  readEntry,
} from "./ledger";
import { booksWithout } from "./owed";

/**
 * Finishes an open plan: the entry that ends it, and the clip that it planned, if that can still be read.
 * @returns also whether an overdue plan was replaced, for GetClip or for what cannot be read
 */
export async function endOpenPlan(
  target: ClipTarget,
  head: Head,
  state: LedgerState,
  open: OpenPlan,
): Promise<{ entry: NewEntry; clip?: PlannedClip; isHopeless?: boolean }> {
  const { folder, nextSeq } = head;
  const planned = open.seq === head.entry?.seq ? head.entry : await readEntry(target.vault, folder, open.seq);
  if (!planned) return { entry: await lost(target, folder, state, { open, seq: nextSeq }) };
  const clip = planIn(planned, open.key);
  const plannedMs = Date.parse(planned.at);
  const change = await finishPlan(target, clip, plannedMs);
  const isHopeless = change.kind === "split" && plannedMs <= target.overdueToMs;
  const damaged = change.kind === "split" && change.because === FOREIGN ? [open.key] : undefined;
  return { entry: { ...finished(state, nextSeq, { open, clip, change }), damaged }, clip, isHopeless };
}

/**
 * The entry that ends a plan whose own entry is damaged beyond reading. What was stored is adopted. What was not is owed
 * again: the books forget what that entry accounted for; or, where it replaced a plan by this one, that plan is open
 * once more.
 */
async function lost(
  target: ClipTarget,
  folder: string,
  state: LedgerState,
  { open, seq }: { open: OpenPlan; seq: number },
): Promise<NewEntry> {
  const change = await endLostPlan(target, open.key);
  const left = finished(state, seq, { open, clip: { key: open.key, fragments: [] }, change });
  const entry = { ...left, damaged: [entryKey(folder, open.seq)] };
  if (change.kind === "stored") return entry;

  const before = (await readEntry(target.vault, folder, open.seq - 1))?.state.openPlans ?? [];
  // A plan is written only when none is open: an entry that was written while one was, is the split of the first.
  const [replaced] = before;
  if (!replaced) {
    const books = await booksWithout(target.vault, folder, state.books, open.seq);
    return { ...entry, state: { ...entry.state, books } };
  }
  const others = entry.state.openPlans.filter(({ key }) => key !== replaced.key);
  return { ...entry, state: { ...entry.state, openPlans: [replaced, ...others] } };
}
