import * as crypto from "node:crypto";
import { entryKey, entrySeq } from "./keys";
import { readVerifiedEntry, type VerifiedEntry } from "./verifyEntry";
import type { ListedKey } from "./verifyPorts";

/** An object of the archive that is not as the archivers left it, or is gone. */
export interface Damage {
  key: string;
  problem: string;
}

/** What is remembered of the last good entry: the one that was written behind the next one to come. */
interface Successor {
  seq: number;
  prev: string;
  damaged: string[];
  /** Its own successor was written behind other bytes. */
  isSuspect: boolean;
}

/**
 * Holds the entries of one ledger against each other. Keys count down, so a listing gives the newest first: each entry
 * must be the bytes that the one before it in the listing names by their SHA-256, and no number may be missing. An
 * object that archivers stepped over stands in `damaged` of the entry that they wrote next, and breaks no chain.
 */
export function makeChainCheck(folder: string) {
  const damage: Damage[] = [];
  const steppedOver = new Map<string, number>();
  let successor: Successor | undefined;
  /** Numbers of keys since the successor that are no good entries. */
  let unread: number[] = [];

  /**
   * Takes the next key of the listing, and the bytes of its first version: an entry is what was there first.
   * @returns the entry, if it is one
   */
  function take({ key, versions, deletedMs }: ListedKey, bytes?: Uint8Array): VerifiedEntry | undefined {
    const seq = entrySeq(folder, key);
    const wasSteppedOver = successor?.damaged.includes(key) ?? false;
    if (seq === undefined) {
      if (deletedMs === undefined) blame(key, "is no entry, and does not belong into the ledger's folder");
      return undefined;
    }
    if (deletedMs !== undefined && !wasSteppedOver)
      blame(key, `entry ${seq} was deleted at ${isoTime(deletedMs)}`);
    if (versions.length > 1)
      blame(
        key,
        `entry ${seq} was written again; its first version, ${versions[0]?.versionId}, is the entry`,
      );
    const entry = parse(key, seq, bytes);
    if (!entry || !bytes) {
      unread.push(seq);
      return undefined;
    }
    link(entry, crypto.createHash("sha256").update(bytes).digest("hex"));
    return entry;
  }

  function parse(key: string, seq: number, bytes: Uint8Array | undefined): VerifiedEntry | undefined {
    if (!bytes) return undefined;
    try {
      return readVerifiedEntry(bytes, seq);
    } catch (error) {
      blame(key, `entry ${seq} cannot be read: ${(error as Error).message.replace(/\s+/g, " ")}`);
      return undefined;
    }
  }

  function link(entry: VerifiedEntry, hash: string): void {
    const { seq } = entry;
    for (const key of entry.damaged) steppedOver.set(key, seq);
    const isUnbroken = !successor || checkLink(successor, seq, hash);
    successor = { seq, prev: entry.prev, damaged: entry.damaged, isSuspect: !isUnbroken };
    unread = [];
  }

  /** @returns whether the entry is the one that its successor was written behind, as far as can be told */
  function checkLink(next: Successor, seq: number, hash: string): boolean {
    const isExplained = missingBetween(next, seq) || hasUnreadBehind(next);
    if (next.prev === hash || isExplained || next.isSuspect) return true;
    blame(
      entryKey(folder, seq),
      `entry ${seq} is not what entry ${next.seq} was written behind: one of the two was altered`,
    );
    return false;
  }

  /** Whether keys are missing between an entry and its successor; says which. */
  function missingBetween(next: Successor, seq: number): boolean {
    const steppedOverSeqs = next.damaged.map((key) => entrySeq(folder, key) ?? seq);
    const known = new Set([...unread, ...steppedOverSeqs].filter((one) => one > seq && one < next.seq));
    const missingCount = next.seq - seq - 1 - known.size;
    if (missingCount === 0) return false;
    let first = seq + 1;
    while (known.has(first)) first += 1;
    const which = missingCount === 1 ? `entry ${first} is` : `${missingCount} entries from ${first} on are`;
    blame(entryKey(folder, first), `${which} missing, before entry ${next.seq}`);
    return true;
  }

  /** Whether the successor may have been written behind an entry that cannot be read any more. */
  function hasUnreadBehind({ damaged }: Successor): boolean {
    return unread.some((seq) => !damaged.includes(entryKey(folder, seq)));
  }

  function blame(key: string, problem: string): void {
    damage.push({ key, problem });
  }

  /** The listing has ended. */
  function end(): Damage[] {
    if (successor) checkBegin(successor);
    return damage.map(({ key, problem }) => {
      const by = steppedOver.get(key);
      return { key, problem: by === undefined ? problem : `${problem}; entry ${by} steps over it` };
    });
  }

  /** The oldest entry has none behind it. */
  function checkBegin(oldest: Successor): void {
    const isMissing = missingBetween(oldest, -1) || hasUnreadBehind(oldest);
    if (oldest.prev !== "" && !isMissing && !oldest.isSuspect)
      blame(
        entryKey(folder, oldest.seq),
        `entry ${oldest.seq} is the oldest, and names one before it: it was altered, or what it names is gone`,
      );
  }

  return { take, end };
}

const isoTime = (timeMs: number) => new Date(timeMs).toISOString();
