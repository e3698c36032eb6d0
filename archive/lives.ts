import { readDeferred, takeOut, timesOf } from "./deferred";
import { endOpenPlan } from "./endOpenPlan";
import { ended, gap, givenUp } from "./entries";
import { type Announce, eventsOf } from "./events";
import { ledgerFolder, type StreamLife } from "./keys";
import {
  append,
  type DeferredRange,
  type LedgerState,
  type NewEntry,
  type PlannedClip,
  readHead,
} from "./ledger";
import { outcomeOf } from "./outcomes";
import type { FragmentSource, StreamDescription, Vault } from "./ports";
import { readSweep } from "./sweep";

/** The stream of that name, unless it is deleted. */
export async function currentLife(source: FragmentSource): Promise<StreamDescription | undefined> {
  try {
    return await source.describe();
  } catch (error) {
    if (outcomeOf("DescribeStream", error) === "absent") return undefined;
    throw error;
  }
}

/** A life of a stream that Kinesis Video Streams holds nothing of any more. */
export interface EndLifeRequest {
  vault: Vault;
  prefix: string;
  life: StreamLife;
  nowMs: number;
  /**
   * As of when it is known to be over, unless that is `nowMs`. A call may be older by all its retries: footage that came
   * in between is lost too, and must be named.
   */
  goneMs?: number;
  /** When the next life began: all that came from then on is of that one. */
  nextCreatedMs?: number;
  tags: Record<string, string>;
  announce: Announce;
}

/**
 * Ends the ledger of a deleted stream: what was stored is adopted, what was planned and not stored is given up by name,
 * and the time that no listing covered is named as a gap. May run any number of times, and beside itself.
 */
export async function endLife({
  vault,
  prefix,
  life,
  nowMs,
  goneMs = nowMs,
  nextCreatedMs = Number.POSITIVE_INFINITY,
  tags,
  announce,
}: EndLifeRequest): Promise<void> {
  const folder = ledgerFolder(prefix, life);
  const at = new Date(nowMs).toISOString();
  // Clocks of services differ by seconds.
  const overMs = Math.min(nextCreatedMs, Math.max(nowMs, goneMs) + 60_000);
  let head = await readHead(vault, folder);

  for (;;) {
    const state = head.entry?.state;
    if (!state || state.ended) return;
    const [open] = state.openPlans;
    const [range] = state.deferred;
    const swept = await readSweep(vault, prefix, life);
    const coveredToMs = Math.max(state.lowWaterMs, swept?.sweep.coveredToMs ?? 0);
    if (open) {
      const stream = { ...life, streamArn: state.streamArn, retentionHours: 0 };
      // Everything has expired, so no call is made to a stream that is gone.
      const expiredToMs = Number.POSITIVE_INFINITY;
      const overdueToMs = nowMs;
      const target = { source: gone(life), vault, prefix, stream, tags, expiredToMs, nowMs, overdueToMs };
      const { entry, clip } = await endOpenPlan(target, head, state, open);
      await record(entry, clip);
    } else if (range) {
      await record(await deferredLost(vault, folder, state, range));
    } else if (coveredToMs < overMs) {
      await record(gap(state, { fromMs: coveredToMs, toMs: overMs }, "stream-deleted"));
    } else {
      await record(ended(state, nowMs));
    }
  }

  async function record(entry: NewEntry, clip?: PlannedClip): Promise<void> {
    const next = await append(vault, head, at, entry);
    head = next ?? (await readHead(vault, folder));
    if (next?.entry) for (const event of eventsOf(next.entry, clip)) await announce(event);
  }
}

/** The entry that gives up deferred fragments of a range: by name those of one entry, and the time where none can be read. */
async function deferredLost(
  vault: Vault,
  folder: string,
  state: LedgerState,
  range: DeferredRange,
): Promise<NewEntry> {
  const cause = "stream-deleted";
  const found = await readDeferred(vault, folder, range);
  const left = found && (await takeOut(vault, folder, state.deferred, { range, seq: found.seq }));
  if (found && left) return givenUp(state, timesOf(found.rows), { rows: found.rows, ranges: left, cause });
  return givenUp(state, range, { ranges: state.deferred.filter((other) => other !== range), cause });
}

/**
 * Ends the ledger of a stream of which nothing is owed and which is about to be deleted: as of an instant, all that was
 * listed is archived. Answers whether it did; it does not where something is owed again, or someone else wrote.
 */
export async function endDrainedLife({
  vault,
  prefix,
  life,
  nowMs,
}: Pick<EndLifeRequest, "vault" | "prefix" | "life" | "nowMs">): Promise<boolean> {
  const head = await readHead(vault, ledgerFolder(prefix, life));
  const state = head.entry?.state;
  if (!state || state.openPlans.length > 0 || state.deferred.length > 0) return false;
  if (state.ended) return true;
  return (await append(vault, head, new Date(nowMs).toISOString(), ended(state, nowMs))) !== undefined;
}

/** Which lives of a stream are to be ended. */
export interface FormerLives extends Omit<EndLifeRequest, "life" | "goneMs" | "nextCreatedMs"> {
  streamName: string;
  /** The life that goes on, if one does. */
  current: StreamDescription | undefined;
  /** As of when a life is no more; nothing while it is there. */
  deletedAsOf(streamArn: string): Promise<number | undefined>;
}

/** Ends the ledgers of a stream's lives that are over, once Kinesis Video Streams itself says that they are. */
export async function endFormerLives(lives: FormerLives): Promise<void> {
  const { vault, prefix, streamName, current, deletedAsOf } = lives;
  const created = (await vault.folders(`${prefix}ledger/${streamName}/`)).map(Number);
  for (const createdMs of created.filter((one) => one !== current?.createdMs)) {
    const later = [...created, ...(current ? [current.createdMs] : [])].filter((one) => one > createdMs);
    const life = { streamName, createdMs };
    const state = (await readHead(vault, ledgerFolder(prefix, life))).entry?.state;
    const goneMs = !state || state.ended ? undefined : await deletedAsOf(state.streamArn);
    if (goneMs !== undefined) await endLife({ ...lives, life, goneMs, nextCreatedMs: Math.min(...later) });
  }
}

function gone({ streamName }: StreamLife): FragmentSource {
  const refuse = async () => {
    throw new Error(`${streamName} was deleted and is asked for footage`);
  };
  return { describe: refuse, list: refuse, clip: refuse, media: refuse };
}
