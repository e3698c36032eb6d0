import { HOUR_MS } from "./books";
import { cutTo, holesIn, mergeStretches, type Stretch } from "./coverage";
import { fragmentListHash } from "./keys";
import { type Damage, makeChainCheck } from "./verifyChain";
import type { VerifiedEntry, VerifiedPlan, VerifiedStored } from "./verifyEntry";
import type { ListedKey } from "./verifyPorts";

/** Time that is not in the archive as far as the ledger knows. */
export interface Gap extends Stretch {
  /**
   * `expired`, `stream-deleted`: no listing covered this time. `lost`: these fragments were past their retention.
   * `deferred`: they could not be read, and are tried again. `unreadable`, `stream-deleted` with fragments: so it was
   * until the end. `not stored yet`: planned, and in nobody's record as stored.
   */
  cause: string;
  /** The clock of `fromMs` and `toMs`: the camera's, or the service's where the fragments are not known. */
  clock: "media" | "server";
  /** The entry that says so. */
  seq: number;
  fragmentCount?: number;
  key?: string;
}

/** What the ledger says of one key under `clips/`. */
export interface LedgerClip {
  key: string;
  /** Where its plan stands; unknown where that entry cannot be read. */
  plan?: { entryKey: string; versionId: string; seq: number };
  fragmentListSha256?: string;
  /** Media time that its fragments cover, and server time. */
  stretches: Stretch[];
  serverStretches: Stretch[];
  fragmentCount: number;
  stored?: Omit<VerifiedStored, "kind" | "key"> & { seq: number; atMs: number };
  /** The entry that replaced its plan: the key holds no clip. */
  void?: { seq: number; atMs: number };
}

/** One life of a stream, as its ledger tells it. */
export interface Life {
  createdMs: number;
  entryCount: number;
  /** Number of the newest entry that can be read. */
  lastSeq?: number;
  /** Server time to which the ledger itself knows that nothing is missing from it. */
  accountedToMs: number;
  /** The stream of that life is gone, and nothing can come any more. */
  hasEnded: boolean;
  clips: Map<string, LedgerClip>;
  gaps: Gap[];
  damage: Damage[];
}

/** Gathers what a life's ledger says, from its newest entry to its oldest. */
export function makeLedgerReading(folder: string, createdMs: number) {
  const chain = makeChainCheck(folder);
  const clips = new Map<string, LedgerClip>();
  const gaps: Gap[] = [];
  let lastSeq: number | undefined;
  let entryCount = 0;
  let accountedToMs = createdMs;
  let hasEnded = false;
  /** Numbers of fragments that an entry newer than the one at hand decides anew. */
  const decidedLater = new Set<string>();

  /** Takes the next key of the folder's listing, with what its first version holds. */
  function take(listed: ListedKey, bytes: Uint8Array | undefined): void {
    const entry = chain.take(listed, bytes);
    if (!entry) return;
    if (lastSeq === undefined) {
      lastSeq = entry.seq;
      accountedToMs = Math.max(accountedToMs, entry.state.lowWaterMs);
      // An entry behind it says that the life went on: its stream was not deleted in the end.
      hasEnded = entry.change.kind === "ended";
    }
    entryCount += 1;
    account(entry, listed);
  }

  function account({ seq, at, change }: VerifiedEntry, { key, versions }: ListedKey): void {
    const atMs = Date.parse(at);
    const [version] = versions;
    const plan = (clip: VerifiedPlan) => {
      Object.assign(clipOf(clip.key), {
        plan: { entryKey: key, versionId: version?.versionId ?? "", seq },
        fragmentListSha256: fragmentListHash(clip.fragments),
        stretches: stretchesOf(clip.fragments),
        serverStretches: stretchesOf(clip.fragments, sentMs),
        fragmentCount: clip.fragments.length,
      });
    };
    if (change.kind === "plan") {
      plan(change.clip);
      if (change.retries !== undefined) decide(change.clip.fragments);
    } else if (change.kind === "split") {
      clipOf(change.voidKey).void = { seq, atMs };
      change.clips.forEach(plan);
      addGaps("lost", seq, change.lost);
      decide(change.lost);
      addGaps(
        "deferred",
        seq,
        change.deferred.filter(({ fragmentNumber }) => !decidedLater.has(fragmentNumber)),
      );
      decide(change.deferred);
    } else if (change.kind === "stored") {
      const { kind: _, key: clipKey, ...stored } = change;
      clipOf(clipKey).stored ??= { seq, atMs, ...stored };
    } else if (change.kind === "gap") {
      const { fromMs, toMs, cause, fragments } = change;
      addGaps(cause, seq, fragments);
      decide(fragments);
      // Of fragments whose own entry cannot be read, only the time is known, from the first to the last.
      if (fragments.length === 0)
        gaps.push({ fromMs, toMs: Math.max(toMs, fromMs + 1), cause, clock: "server", seq });
    } else if (change.kind === "closed") {
      // A slow fragment that began before is listed as late as 45 minutes afterwards, and amends the recording.
      const { toMs, asOfMs } = change.compared;
      accountedToMs = Math.max(accountedToMs, Math.min(toMs, asOfMs) - HOUR_MS);
    }
  }

  function clipOf(key: string): LedgerClip {
    const clip = clips.get(key) ?? { key, stretches: [], serverStretches: [], fragmentCount: 0 };
    clips.set(key, clip);
    return clip;
  }

  function decide(fragments: VerifiedPlan["fragments"]): void {
    for (const { fragmentNumber } of fragments) decidedLater.add(fragmentNumber);
  }

  function addGaps(cause: string, seq: number, fragments: VerifiedPlan["fragments"]): void {
    for (const stretch of stretchesOf(fragments)) {
      const isWithin = ({ producerMs }: { producerMs: number }) =>
        producerMs >= stretch.fromMs && producerMs < stretch.toMs;
      gaps.push({ ...stretch, cause, clock: "media", seq, fragmentCount: fragments.filter(isWithin).length });
    }
  }

  /** The listing has ended. */
  function end(): Life {
    const damage = chain.end();
    for (const { key, plan, stored, void: voided, stretches, fragmentCount } of clips.values()) {
      if (voided || stored || !plan) continue;
      const { seq } = plan;
      const cause = "not stored yet";
      for (const stretch of stretches)
        gaps.push({ ...stretch, cause, clock: "media", seq, fragmentCount, key });
    }
    const held = [...clips.values()].flatMap((clip) =>
      clip.stored && !clip.void ? clip.serverStretches : [],
    );
    const isUnlisted = ({ clock, cause }: Gap) => clock === "server" && cause !== "unreadable";
    const told = gaps.flatMap((gap) => (isUnlisted(gap) ? outsideOf(held, gap) : [gap]));
    return { createdMs, entryCount, lastSeq, accountedToMs, hasEnded, clips, gaps: told, damage };
  }

  return { take, end };
}

/**
 * When a fragment began, for a gap by the service's clock: on its way for less than the longest fragment is, it is known
 * by the camera's own clock, as the time is that is asked about. A camera whose clock is wrong is known by the service's.
 */
function sentMs({ serverMs, producerMs }: VerifiedPlan["fragments"][number]): number {
  const maxWayMs = 20_000;
  return producerMs < serverMs && serverMs - producerMs <= maxWayMs ? producerMs : serverMs;
}

/** The parts of a gap in which no clip holds fragments. The last ones before a gap are of time that it reaches back to. */
function outsideOf(held: Stretch[], gap: Gap): Gap[] {
  const within = cutTo(gap, held);
  return within.length === 0 ? [gap] : holesIn(gap, within).map((hole) => ({ ...gap, ...hole }));
}

/** Media time, or another, that fragments cover: at least a millisecond each, so that none goes unseen. */
function stretchesOf(
  fragments: VerifiedPlan["fragments"],
  startOf = ({ producerMs }: VerifiedPlan["fragments"][number]) => producerMs,
): Stretch[] {
  return mergeStretches(
    fragments.map((fragment) => {
      const fromMs = startOf(fragment);
      return { fromMs, toMs: fromMs + Math.max(1, fragment.durationMs) };
    }),
  );
}
