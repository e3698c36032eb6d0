import { readBody } from "./verifyBody";
import { readVerifiedEntry, type VerifiedPlan } from "./verifyEntry";
import type { LedgerClip } from "./verifyLedger";
import { checkMedia } from "./verifyMedia";
import type { ArchiveReader, Expiration, ListedKey, ListedVersion } from "./verifyPorts";

/** How an object compares with its ledger: nothing to say, removed by the bucket's lifecycle, or not as it was. */
export type ClipOutcome = { kind: "whole" } | { kind: "expired" } | { kind: "damaged"; problem: string };

/** What clips are looked at with. */
export interface ClipInspection {
  reader: ArchiveReader;
  expirations: Expiration[];
  nowMs: number;
  /** Read all bytes, and the frames in them. */
  isDeep: boolean;
}

/** Looks at the object of a key that the ledger knows: a stored clip, or a key that an entry made void. */
export async function inspectClip(
  inspection: ClipInspection,
  clip: LedgerClip,
  listedBefore: ListedKey | undefined,
): Promise<ClipOutcome> {
  const { stored } = clip;
  const decided = clip.void ?? stored;
  if (!decided) return { kind: "whole" };
  const listed = listedBefore ?? (await listedNow(inspection, clip.key));
  const version = listed?.versions[0];
  if (!version || listed?.deletedMs !== undefined) {
    const goneMs = listed?.deletedMs ?? inspection.nowMs;
    if (mayHaveExpired(inspection.expirations, clip.key, decided.atMs, goneMs)) return { kind: "expired" };
    const isKept = version ? `, and is kept as version ${version.versionId}` : "";
    const at = listed?.deletedMs === undefined ? "" : ` at ${new Date(listed.deletedMs).toISOString()}`;
    return damaged(version || at ? `was deleted${at}${isKept}` : "is gone");
  }
  if (listed.versions.length > 1)
    return damaged(`was written again; the first version, ${version.versionId}, is the archive's`);
  const problem = clip.void
    ? await voidProblem(inspection, clip.key, version)
    : stored && (await clipProblem(inspection, { ...clip, stored }, version));
  return problem ? damaged(problem) : { kind: "whole" };
}

/** A key that was not there yet when clips were listed: an archiver may have put it there before its entry was read. */
async function listedNow({ reader }: ClipInspection, key: string): Promise<ListedKey | undefined> {
  for await (const one of reader.keys(key)) if (one.key === key) return one;
  return undefined;
}

const damaged = (problem: string): ClipOutcome => ({ kind: "damaged", problem });

/** A void key must stay taken: else an archiver that wakes late could put its clip there after all. */
async function voidProblem({ reader }: ClipInspection, key: string, { versionId }: ListedVersion) {
  const held = await reader.describe(key, versionId);
  if (!held) return "is gone";
  if (held.metadata.decision === "void") return undefined;
  return "holds an object, though the ledger made this key void: its fragments are in other clips";
}

async function clipProblem(
  { reader, isDeep }: ClipInspection,
  clip: LedgerClip & { stored: NonNullable<LedgerClip["stored"]> },
  { versionId, sizeBytes }: ListedVersion,
): Promise<string | undefined> {
  const { key, stored, plan, fragmentListSha256 } = clip;
  if (!plan) return `was stored by entry ${stored.seq}, and no entry that can be read plans it`;
  if (sizeBytes !== stored.sizeBytes)
    return `has ${sizeBytes} bytes, and had ${stored.sizeBytes} when stored`;
  const held = await reader.describe(key, versionId);
  if (!held) return "is gone";
  if (held.metadata["fragment-list-sha256"] !== fragmentListSha256)
    return "says in its metadata that it holds other fragments than were planned";
  const expected = stored.checksum ?? Buffer.from(stored.sha256, "hex").toString("base64");
  const isComparable = stored.checksum !== undefined || !held.checksum?.includes("-");
  if (held.checksum !== undefined && isComparable && held.checksum !== expected)
    return `has other bytes than when it was stored: S3 states SHA-256 ${held.checksum}, the ledger ${expected}`;
  if (!isDeep) return undefined;
  const body = await reader.read(key, versionId);
  return body ? checkMedia(body, stored, await readPlan(reader, key, plan)) : "is gone";
}

/** A plan is read again for its fragments: those of a whole archive are too many to remember. */
async function readPlan(
  reader: ArchiveReader,
  key: string,
  { entryKey, versionId, seq }: NonNullable<LedgerClip["plan"]>,
): Promise<VerifiedPlan> {
  const bytes = await readBody(reader, entryKey, versionId);
  const { change } = readVerifiedEntry(bytes ?? Buffer.alloc(0), seq);
  const clips = change.kind === "plan" ? [change.clip] : change.kind === "split" ? change.clips : [];
  const found = clips.find((one) => one.key === key);
  if (!found) throw new Error(`${entryKey} planned ${key} a moment ago, and does not any more`);
  return found;
}

/** Whether a lifecycle rule may have removed what was stored at `storedMs` by the time it was gone. */
function mayHaveExpired(expirations: Expiration[], key: string, storedMs: number, goneMs: number): boolean {
  const dayMs = 86_400_000;
  return expirations.some(
    ({ prefix, days, atMs = days === undefined ? Number.POSITIVE_INFINITY : storedMs + days * dayMs }) =>
      key.startsWith(prefix) && goneMs >= atMs,
  );
}
