import { type StreamLife, sweepKey } from "./keys";
import type { Vault } from "./ports";
import { readText, textBody } from "./text";

/**
 * How far sweeps found everything of a stream accounted for. It is what tells a quiet camera from a dead archiver, and
 * it changes with every sweep, so it is not an entry of the ledger.
 */
export interface Sweep {
  /** ISO 8601, when the newest sweep looked. */
  at: string;
  /** Server time before which everything was accounted for. */
  coveredToMs: number;
  /** The comparison of the whole retention: when the newest one began, and how far it has come. */
  compared?: { startedMs: number; toMs: number };
  /** Share of the retention that the oldest footage not archived had used up, when that was announced last. */
  atRiskPercent?: number;
}

/** Reads a life's newest sweep. One that cannot be read counts as none: it is made anew. */
export async function readSweep(
  vault: Vault,
  prefix: string,
  life: StreamLife,
): Promise<{ sweep: Sweep; etag: string } | undefined> {
  const key = sweepKey(prefix, life);
  const held = await vault.get(key);
  if (!held) return undefined;
  const text = await readText(held.body);
  try {
    const sweep = JSON.parse(text) as Sweep;
    return { sweep: { ...sweep, coveredToMs: sweep.coveredToMs || 0 }, etag: held.etag };
  } catch (error) {
    console.error(`${key} is no sweep and is written anew: ${error}`);
    return { sweep: { at: "", coveredToMs: 0 }, etag: held.etag };
  }
}

/** Writes a life's sweep in the place of the one that was read. Whoever was faster is right too. */
export async function writeSweep(
  vault: Vault,
  prefix: string,
  life: StreamLife,
  sweep: Sweep,
  etag: string | undefined,
): Promise<void> {
  const object = {
    key: sweepKey(prefix, life),
    body: textBody(JSON.stringify(sweep)),
    contentType: "application/json",
    metadata: {},
    tags: {},
  };
  if (etag === undefined) await vault.putIfAbsent(object);
  else await vault.replace(object, etag);
}
