import { ended, finished, gap, givenUp } from "./entries";
import { type Announce, eventsOf } from "./events";
import { finishPlan } from "./finishPlan";
import { ledgerFolder, type StreamLife } from "./keys";
import { append, type NewEntry, type PlannedClip, planIn, readEntry, readHead } from "./ledger";
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
   * As of when it is known to be over. A call may be older than that by all its retries: footage that came in between is
   * lost too, and must be named.
   */
  goneMs: number;
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
  goneMs,
  tags,
  announce,
}: EndLifeRequest): Promise<void> {
  const folder = ledgerFolder(prefix, life);
  const at = new Date(nowMs).toISOString();
  // Clocks of services differ by seconds.
  const overMs = Math.max(nowMs, goneMs) + 60_000;
  let head = await readHead(vault, folder);

  for (;;) {
    const state = head.entry?.state;
    if (!state || state.ended) return;
    const [open] = state.openPlans;
    const [range, ...ranges] = state.deferred;
    const swept = await readSweep(vault, prefix, life);
    const coveredToMs = Math.max(state.lowWaterMs, swept?.sweep.coveredToMs ?? 0);
    if (open) {
      const clip = planIn((await entryAt(open.seq)).entry, open.key);
      const stream = { ...life, streamArn: state.streamArn, retentionHours: 0 };
      // Everything has expired, so no call is made to a stream that is gone.
      const target = {
        source: gone(life),
        vault,
        prefix,
        stream,
        tags,
        expiredToMs: Number.POSITIVE_INFINITY,
      };
      const change = await finishPlan(target, clip);
      await record(finished(state, head.nextSeq, { open, clip, change }), clip);
    } else if (range) {
      await record(givenUp(state, range, { ranges, cause: "stream-deleted" }));
    } else if (coveredToMs < overMs) {
      await record(gap(state, { fromMs: coveredToMs, toMs: overMs }, "stream-deleted"));
    } else {
      await record(ended(state));
    }
  }

  async function record(entry: NewEntry, clip?: PlannedClip): Promise<void> {
    const next = await append(vault, head, at, entry);
    head = next ?? (await readHead(vault, folder));
    if (next?.entry) for (const event of eventsOf(next.entry, clip)) await announce(event);
  }

  async function entryAt(seq: number) {
    const read = await readEntry(vault, folder, seq);
    if (!read) throw new Error(`the ledger entry ${seq} of ${folder}, which plans a clip, is gone`);
    return read;
  }
}

function gone({ streamName }: StreamLife): FragmentSource {
  const refuse = async () => {
    throw new Error(`${streamName} was deleted and is asked for footage`);
  };
  return { describe: refuse, list: refuse, clip: refuse, media: refuse };
}
