import { endOpenPlan } from "./endOpenPlan";
import { ended, gap, givenUp } from "./entries";
import { type Announce, eventsOf } from "./events";
import { ledgerFolder, type StreamLife } from "./keys";
import { append, type NewEntry, type PlannedClip, readHead } from "./ledger";
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
  tags: Record<string, string>;
  announce: Announce;
}

/**
 * Ends the ledger of a deleted stream: what was stored is adopted, what was planned and not stored is given up by name,
 * and the time that no listing covered is named as a gap. May run any number of times, and beside itself.
 */
export async function endLife({ vault, prefix, life, nowMs, tags, announce }: EndLifeRequest): Promise<void> {
  const folder = ledgerFolder(prefix, life);
  const at = new Date(nowMs).toISOString();
  let head = await readHead(vault, folder);

  for (;;) {
    const state = head.entry?.state;
    if (!state || state.ended) return;
    const [open] = state.openPlans;
    const [range, ...ranges] = state.deferred;
    const swept = await readSweep(vault, prefix, life);
    const coveredToMs = Math.max(state.lowWaterMs, swept?.sweep.coveredToMs ?? 0);
    if (open) {
      const stream = { ...life, streamArn: state.streamArn, retentionHours: 0 };
      // Everything has expired, so no call is made to a stream that is gone.
      const expiredToMs = Number.POSITIVE_INFINITY;
      const target = { source: gone(life), vault, prefix, stream, tags, expiredToMs };
      const { entry, clip } = await endOpenPlan(target, head, state, open);
      await record(entry, clip);
    } else if (range) {
      await record(givenUp(state, range, { ranges, cause: "stream-deleted" }));
    } else if (coveredToMs < nowMs) {
      await record(gap(state, { fromMs: coveredToMs, toMs: nowMs }, "stream-deleted"));
    } else {
      await record(ended(state));
    }
  }

  async function record(entry: NewEntry, clip?: PlannedClip): Promise<void> {
    const next = await append(vault, head, at, entry);
    head = next ?? (await readHead(vault, folder));
    if (next?.entry) for (const event of eventsOf(next.entry, clip)) await announce(event);
  }
}

function gone({ streamName }: StreamLife): FragmentSource {
  const refuse = async () => {
    throw new Error(`${streamName} was deleted and is asked for footage`);
  };
  return { describe: refuse, list: refuse, clip: refuse, media: refuse };
}
