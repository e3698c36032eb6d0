import { sha256 } from "./keys";
import type { Vault } from "./ports";
import { readText, textBody } from "./text";

/**
 * Who records a stream. It is never deleted: a release empties its holder, and each new holder raises the generation,
 * so whoever held it can always tell that it is not the holder any more.
 */
export interface Claim {
  /** Name of the execution that records; empty when nobody does. */
  holder: string;
  generation: number;
  /** ISO 8601. */
  renewedAt: string;
}

/** Whose claim is to be changed, and when that is. */
export interface ClaimTarget {
  vault: Vault;
  prefix: string;
  streamName: string;
  nowMs: number;
}

/**
 * Changes a stream's claim, unless someone else does meanwhile; then the decision is asked for again.
 * @param decide names the holder that the claim is to have, itself or another or nobody; or leaves it as it is
 * @returns the claim as it was written; nothing when it was left as it was
 */
export async function changeClaim(
  { vault, prefix, streamName, nowMs }: ClaimTarget,
  decide: (claim: Claim) => string | undefined,
): Promise<Claim | undefined> {
  const key = `${prefix}claims/${streamName}.json`;
  let written: string | undefined;
  for (;;) {
    const held = await vault.get(key);
    const text = held && (await readText(held.body));
    const claim = parseClaim(key, text);
    // A write that a client repeats, because its answer was lost, loses against itself: finding one's own is success.
    if (text !== undefined && text === written) return claim;
    const holder = decide(claim);
    if (holder === undefined) return undefined;
    const isNew = holder !== "" && holder !== claim.holder;
    const next = {
      holder,
      generation: claim.generation + (isNew ? 1 : 0),
      renewedAt: new Date(nowMs).toISOString(),
    };
    written = JSON.stringify(next);
    const object = {
      key,
      body: textBody(written),
      contentType: "application/json",
      metadata: {},
      tags: {},
    };
    const isWritten = held
      ? await vault.replace(object, held.etag)
      : (await vault.putIfAbsent(object)).outcome === "stored";
    if (isWritten) return next;
  }
}

/** Whether nobody records, or whoever did was not heard of for two clips and the longest that a round may take. */
export function isFree({ holder, renewedAt }: Claim, nowMs: number, clipMs: number): boolean {
  const taskTimeoutMs = 960_000;
  return !holder || !(nowMs - Date.parse(renewedAt) <= 2 * clipMs + taskTimeoutMs);
}

/**
 * The name of an execution that is started by name, not by the rule: the same for whoever starts it, another for each
 * generation. At most 80 characters of those that names may have (quota "State machine execution name").
 */
export function successorName(streamName: string, { generation }: Claim): string {
  return `${streamName.slice(0, 55).replace(/\./g, "_")}-${sha256(streamName).slice(0, 8)}-${generation + 1}`;
}

function parseClaim(key: string, text: string | undefined): Claim {
  const free = { holder: "", generation: 0, renewedAt: "" };
  if (text === undefined) return free;
  try {
    return { ...free, ...(JSON.parse(text) as Partial<Claim>) };
  } catch (error) {
    console.error(`${key} is no claim and counts as free: ${error}`);
    return free;
  }
}
