import { HOUR_MS, MINUTE_MS } from "./books";
import { type Fragment, inOrderOfIngestion } from "./fragment";
import { ledgerFolder } from "./keys";
import { type DeferredRange, fromRow, planIn, readEntry, readHead } from "./ledger";
import { listStretch } from "./listStretch";
import { makePlannedNumbers, unaccounted } from "./owed";
import type { FragmentSource, Vault } from "./ports";
import { readSweep } from "./sweep";

/** What a stream holds that is not archived. */
export interface Backlog {
  retentionMs: number;
  /** Server time of the oldest fragment that is held and not in a clip; nothing when all of it is archived. */
  oldestMs?: number;
  /** What is known of by number: planned and not stored, or never seen. */
  fragments: number;
  /** There may be more: what is behind a stretch of these was not looked at. */
  isPart?: true;
  durationMs: number;
  /** What could not be read and is tried again. */
  deferred: DeferredRange[];
}

/**
 * How old the oldest fragment is that is held and not archived, whether it was planned, deferred or never seen. It is
 * asked of the listing and the ledger alone, so it answers while archiving fails.
 */
export async function findBacklog({
  source,
  vault,
  prefix,
  nowMs,
}: {
  source: FragmentSource;
  vault: Vault;
  prefix: string;
  nowMs: number;
}): Promise<Backlog> {
  const stream = await source.describe();
  const folder = ledgerFolder(prefix, stream);
  const retentionMs = stream.retentionHours * HOUR_MS;
  const { entry } = await readHead(vault, folder);
  const state = entry?.state;
  const swept = await readSweep(vault, prefix, stream);
  const fromMs = Math.max(state?.lowWaterMs ?? stream.createdMs, swept?.sweep.coveredToMs ?? 0);
  const plannedNumbers = makePlannedNumbers(vault, folder);
  const owed: Fragment[] = [];
  let nextMs = Math.max(fromMs, nowMs - retentionMs);
  while (nextMs <= nowMs && owed.length === 0) {
    const stretch = await listStretch(source, { fromMs: nextMs, toMs: nowMs }, MINUTE_MS);
    const listed = inOrderOfIngestion(stretch.fragments);
    owed.push(...(await unaccounted(plannedNumbers, listed, state?.books ?? {})));
    nextMs = stretch.toMs + 1;
  }
  for (const { key, seq } of state?.openPlans ?? []) {
    const planned = await readEntry(vault, folder, seq);
    if (planned) owed.push(...planIn(planned, key).fragments.map(fromRow));
  }
  const deferred = state?.deferred ?? [];
  const times = [...owed.map(({ serverMs }) => serverMs), ...deferred.map((range) => range.fromMs)];
  const oldestMs = times.reduce((least, serverMs) => Math.min(least, serverMs), Number.POSITIVE_INFINITY);
  const durationMs = owed.reduce((sum, fragment) => sum + fragment.durationMs, 0);
  const isPart = nextMs <= nowMs ? { isPart: true as const } : {};
  const backlog = { retentionMs, fragments: owed.length, durationMs, deferred, ...isPart };
  return times.length > 0 ? { ...backlog, oldestMs } : backlog;
}
