import type { HeldFragment, Life } from "../models/kinesisVideo";
import type { World } from "../world";
import { clipLengthsMs, healedMs, recorded } from "./checkService";
import { type Archive, type HeldClip, type LedgerEntry, plansIn, rowsOf } from "./readArchive";
import { describe, type Violation } from "./violation";

/** What became of one fragment. */
interface Fate {
  clip?: HeldClip;
  gap?: LedgerEntry;
}

/** Before the end, three sweeps look at everything. */
export const GRACE_MS = 50 * 60_000;

/** I1, I5, I6, I7 and I10: every fragment that was persisted in a life. */
export function checkLife(life: Life, archive: Archive, world: World): Violation[] {
  const violations: Violation[] = [];
  const { kinesisVideo, endMs } = world;
  const ledger = archive.ledgers.find((one) => one.life === life);
  const goneMs = life.deletedMs ?? Number.POSITIVE_INFINITY;
  const persisted = life.fragments.filter(({ persistedMs }) => persistedMs < goneMs && persistedMs <= endMs);
  const clipOf = new Map(
    archive.clips.flatMap((clip) => clip.numbers.map((number) => [number, clip] as const)),
  );
  const gaps = (ledger?.entries ?? []).flatMap((entry) => {
    if (entry.kind === "gap") return [entry];
    return entry.kind === "split" && entry.change.lost ? [entry] : [];
  });
  if (!ledger) {
    // A life that ended before anyone looked at it is nobody's promise.
    const wasSeen =
      world.scheduleMs.some((atMs) => atMs > life.createdMs && atMs < goneMs - 60_000) &&
      world.history.faults.length === 0;
    if (persisted.length > 0 && wasSeen)
      violations.push({ invariant: "I1", says: `no ledger was begun for ${life.arn}` });
    return violations;
  }
  const damaged = ledger.damagedKeys.length > 0;
  const { faults, sessions } = world.history;
  const isSlow = sessions.some(({ incidents }) => incidents.some(({ kind }) => kind === "slowFragment"));
  const poisons = sessions.flatMap(({ incidents }) => incidents.filter(({ kind }) => kind === "poison"));
  // What fails is waited for, twice at most: for some minutes, and until the next round comes by.
  const poisonMs = poisons.length * 2 * (5 + world.history.reconcileMinutes) * 60_000;
  const isPromised = faults.length === 0 && world.history.deeds.length === 0;
  const isPrompt = faults.length === 0 && !isSlow && poisonMs === 0;

  violations.push(...checkDeferrals());
  for (const fragment of persisted) {
    const { fragmentNumber, serverMs, listedMs } = fragment;
    const wrong = (invariant: Violation["invariant"], says: string) =>
      violations.push({
        invariant,
        fragment: fragmentNumber,
        says: `${says} (${describe(fragment, world)})`,
      });
    const expiredMs = Math.min(serverMs + kinesisVideo.retentionMs, goneMs);
    const fate = fateOf(fragment);
    const { askedMs } = life;
    if (askedMs !== undefined && !fate.clip && serverMs + kinesisVideo.retentionMs > goneMs) {
      // What arrives or is listed so late that nobody could know of it goes without a word.
      if (listedMs < askedMs || isPrompt) wrong("I1", "was held, and its stream was let go");
      continue;
    }
    if (fate.clip) {
      if (gaps.some((gap) => rowsOf(gap).some(([number]) => number === fragmentNumber))) {
        wrong("I1", "is in a clip, and named as lost");
      }
      const dueMs = mustBeThereBy(fragment);
      if (fate.clip.object.putMs > dueMs) {
        const lateS = ((fate.clip.object.putMs - dueMs) / 1000).toFixed(0);
        wrong("I5", `was archived ${lateS} s later than it had to be`);
      }
      continue;
    }
    if (fate.gap) {
      // Clocks of services differ by seconds.
      if (fate.gap.putMs < expiredMs - 10_000)
        wrong("I1", `was given up as ${fate.gap.change.cause ?? "lost"} while it was held`);
      if (isPromised && fragment.readableFromMs === 0)
        wrong("I6", "was lost, and could be read all the time");
      if (goneMs === Number.POSITIVE_INFINITY && !wasTold(expiredMs))
        wrong("I7", "was lost without a word before");
      continue;
    }
    if (expiredMs <= endMs) {
      // What ends at the end, nobody was there to name.
      if (expiredMs < endMs - GRACE_MS) wrong("I1", "is in no clip and in no gap, and expired");
    } else if (fragment.readableFromMs <= endMs - GRACE_MS && listedMs < endMs - GRACE_MS) {
      wrong("I6", "is held, and was not archived at the end");
    } else if (fragment.readableFromMs > endMs - GRACE_MS && !isDeferred(fragment) && !damaged) {
      wrong("I1", "cannot be read and is not owed");
    }
  }
  return violations;

  /** Only what cannot be read itself is put off, not what cannot be read at the moment with all the rest. */
  function checkDeferrals(): Violation[] {
    const kinds = ["fragmentErrors", "bodyBroken"];
    if (world.history.faults.some(({ kind }) => kinds.includes(kind))) return [];
    const readable = new Map(
      persisted.filter(({ readableFromMs }) => readableFromMs === 0).map((one) => [one.fragmentNumber, one]),
    );
    const isHeldAt = (atMs: number, serverMs = 0) => serverMs + kinesisVideo.retentionMs > atMs;
    return (ledger?.entries ?? []).flatMap(({ seq, change, putMs }) =>
      (change.kind === "split" ? (change.deferred ?? []) : []).flatMap((row): Violation[] =>
        Array.isArray(row) && isHeldAt(putMs, readable.get(row[0])?.serverMs)
          ? [{ invariant: "I1", fragment: row[0], says: `was put off by entry ${seq}, and can be read` }]
          : [],
      ),
    );
  }

  function fateOf({ fragmentNumber, serverMs }: HeldFragment): Fate {
    const clip = clipOf.get(fragmentNumber);
    if (clip) return { clip };
    const gap = gaps.find((entry) => {
      const rows = rowsOf(entry);
      if (rows.some(([number]) => number === fragmentNumber)) return true;
      const { fromMs = 0, toMs = 0 } = entry.change;
      return entry.kind === "gap" && rows.length === 0 && serverMs >= fromMs && serverMs <= toMs;
    });
    return { gap };
  }

  /** I5: once faults stopped, within a clip where a Recorder is at work, and else within Reconcile's period and a clip. */
  function mustBeThereBy({ serverMs, listedMs, readableFromMs }: HeldFragment): number {
    const { history, stepFunctions, scheduleMs } = world;
    if (listedMs < healedMs(history) || readableFromMs > 0) return Number.POSITIVE_INFINITY;
    // Whichever clip length was in force.
    const lengthsMs = clipLengthsMs(history);
    const clipMs = Math.max(...lengthsMs);
    const cellEnds = lengthsMs.map((ms) => (Math.floor(serverMs / ms) + 1) * ms);
    const dueMs = Math.max(listedMs, Math.max(...cellEnds) + 30_000);
    // A Recorder that was at work after the fragment was listed, may not end before it is archived.
    const isRecorded = [...stepFunctions.executions.values()].some((execution) => {
      const { startMs, stopMs = endMs } = execution;
      return recorded(execution) && startMs < dueMs && stopMs > listedMs + 20_000;
    });
    const sweptMs = scheduleMs.find((atMs) => atMs > dueMs + 5000) ?? endMs;
    // What is listed later than an hour after it began, the comparison of the whole retention finds.
    if (listedMs > serverMs + 30 * 60_000) return Number.POSITIVE_INFINITY;
    return Math.min(sweptMs, isRecorded ? dueMs + clipMs : sweptMs) + 120_000 + poisonMs;
  }

  function isDeferred({ serverMs }: HeldFragment): boolean {
    const state = ledger?.entries.at(-1)?.state;
    const isPlanned = ledger?.entries.some(({ change }) =>
      plansIn(change).some(
        (clip) =>
          clip.fragments.some(([, ms]) => ms === serverMs) &&
          state?.openPlans.some(({ key }) => key === clip.key),
      ),
    );
    return (
      isPlanned || (state?.deferred ?? []).some(({ fromMs, toMs }) => serverMs >= fromMs && serverMs <= toMs)
    );
  }

  /**
   * Someone was told in time: by an event, by a metric that is high, or by one that is missing: then Reconcile failed, which
   * its dead letters tell, or did not run, which its alarm does.
   */
  function wasTold(expiredMs: number): boolean {
    if (world.eventBridge.heard.some(({ type, atMs }) => type === "Footage At Risk" && atMs < expiredMs))
      return true;
    const ages = (world.cloudWatch.put.get("UnarchivedAgeOfRetention") ?? []).filter(
      ({ atMs }) => atMs < expiredMs,
    );
    if (ages.some(({ value }) => value >= 50)) return true;
    const periodMs = 2 * world.history.reconcileMinutes * 60_000;
    const instants = [world.history.startMs, ...ages.map(({ atMs }) => atMs), expiredMs];
    return instants.some((atMs, index) => atMs - (instants[index - 1] ?? atMs) > periodMs);
  }
}
