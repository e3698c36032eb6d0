import { cutTo, holesIn, mergeStretches, type Stretch } from "./coverage";
import { readAhead } from "./readAhead";
import type { Damage } from "./verifyChain";
import { type ClipInspection, inspectClip } from "./verifyClips";
import type { Gap, LedgerClip, Life } from "./verifyLedger";
import { listClips, REQUESTS_AT_ONCE, readLedgers, readSweeps } from "./verifyListing";
import type { ArchiveReader, ListedKey } from "./verifyPorts";

/** What is asked of an archive. */
export interface VerifyRequest {
  reader: ArchiveReader;
  prefix: string;
  streamName: string;
  /** Media time that is asked about; without an end, as far as the archive goes. */
  fromMs?: number;
  toMs?: number;
  /** Only the life of the stream that began then. */
  createdMs?: number;
  /** Read the bytes of clips, and the frames in them. */
  isDeep: boolean;
  nowMs: number;
}

/** What an archive says of the time asked about: the first of these that applies. */
export type Answer = "damaged" | "gaps" | "not yet swept" | "complete" | "expired by policy" | "silent";

/** What was found of a stretch of time. */
export interface Verification {
  answer: Answer;
  asked: Stretch;
  /** Time of clips that are as they were stored. */
  covered: Stretch[];
  /** Time of clips that the bucket's lifecycle removed. */
  expired: Stretch[];
  gaps: Gap[];
  /** Time of which nothing is there and nothing is known to be missing: the camera sent nothing. */
  silent: Stretch[];
  damage: Damage[];
  /** Server time to which everything is accounted for; nothing where all of the time asked about is. */
  sweptToMs?: number;
  lives: Pick<Life, "createdMs" | "entryCount" | "hasEnded">[];
  checked: { clips: number; bytes: number };
}

/**
 * Holds a stream's clips against its ledger, and the ledger against itself, out of S3 alone. The chains and the listing
 * of clips are looked at whole, objects only where they touch the time asked about.
 */
export async function verifyStream(request: VerifyRequest): Promise<Verification> {
  const { reader, prefix, streamName, isDeep, nowMs } = request;
  // Ahead of the ledger, since archivers go on meanwhile: a clip is planned before it is stored, and written down before
  // a sweep calls its time covered, so all of this must be known to what is read next.
  const listed = await listClips(reader, `${prefix}clips/stream=${streamName}/`);
  const sweeps = await readSweeps(reader, prefix, streamName);
  const ledgers = await readLedgers(reader, `${prefix}ledger/${streamName}/`);
  const lives = ledgers.lives.filter(({ createdMs }) => createdMs === (request.createdMs ?? createdMs));
  const ledgerDamage = [...ledgers.damage, ...lives.flatMap((life) => life.damage)];
  const sweepDamage: Damage[] = [];
  for (const life of lives) {
    const { coveredToMs = 0, damage: own = [] } = sweeps.get(life.createdMs) ?? {};
    life.accountedToMs = Math.max(life.accountedToMs, coveredToMs);
    sweepDamage.push(...own);
  }

  const asked = askedStretch(request, lives);
  const inspection = { reader, expirations: await reader.expirations(), nowMs, isDeep };
  const clips = await inspectClips(inspection, clipsIn(asked, lives), listed);
  const strays = strayClips(listed, ledgers.lives);
  const damage = [...ledgerDamage, ...sweepDamage, ...strays, ...clips.damage];

  const covered = cutTo(asked, mergeStretches(clips.whole));
  const expired = cutTo(asked, mergeStretches(clips.expired));
  const allGaps = lives.flatMap((life) => life.gaps).sort((a, b) => a.fromMs - b.fromMs);
  const gaps = cutTo(asked, allGaps);
  const sweptToMs = sweptTo(asked, lives);
  const swept = { fromMs: asked.fromMs, toMs: Math.min(asked.toMs, sweptToMs ?? asked.toMs) };
  // What an unreadable entry planned is not known, so no hole can be called silence.
  const isKnown = ledgerDamage.length === 0;
  const silent = isKnown ? holesIn(swept, [...covered, ...expired, ...gaps, ...clips.altered]) : [];
  return {
    answer: answerOf(
      { damage, gaps, covered, expired },
      request.toMs !== undefined && sweptToMs !== undefined,
    ),
    asked,
    covered,
    expired,
    gaps,
    silent,
    damage,
    sweptToMs,
    lives: lives.map(({ createdMs, entryCount, hasEnded }) => ({ createdMs, entryCount, hasEnded })),
    checked: clips.checked,
  };
}

/** Objects among the clips that no life of the stream plans: someone else's, or their entries were cut off. */
function strayClips(listed: Map<string, ListedKey>, lives: Life[]): Damage[] {
  return [...listed.values()]
    .filter(({ key, deletedMs }) => deletedMs === undefined && !lives.some(({ clips }) => clips.has(key)))
    .map(({ key }) => ({
      key,
      problem: "is in no entry's plan: a stray object, or its entries were removed",
    }));
}

/** The time asked about, or all that the archive knows of. */
function askedStretch({ fromMs, toMs }: VerifyRequest, lives: Life[]): Stretch {
  const known: Stretch[] = lives.flatMap((life) => [
    { fromMs: life.createdMs, toMs: life.accountedToMs },
    ...life.gaps,
    ...[...life.clips.values()].flatMap(({ stretches }) => stretches),
  ]);
  const first = known.reduce((least, stretch) => Math.min(least, stretch.fromMs), toMs ?? Number.MAX_VALUE);
  const last = known.reduce((most, stretch) => Math.max(most, stretch.toMs), fromMs ?? 0);
  return { fromMs: fromMs ?? Math.min(first, last), toMs: toMs ?? last };
}

/** The keys, in order, that are to hold something and touch a stretch, or may: without a plan, a clip's time is not known. */
function clipsIn(asked: Stretch, lives: Life[]): LedgerClip[] {
  return lives
    .flatMap((life) => [...life.clips.values()])
    .filter(({ stored, void: made }) => stored || made)
    .filter(({ stretches }) => stretches.length === 0 || cutTo(asked, stretches).length > 0)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Looks at the objects of clips, many at once. */
async function inspectClips(inspection: ClipInspection, clips: LedgerClip[], listed: Map<string, ListedKey>) {
  const whole: Stretch[] = [];
  const expired: Stretch[] = [];
  const altered: Stretch[] = [];
  const damage: Damage[] = [];
  const checked = { clips: 0, bytes: 0 };
  const inspect = async (clip: LedgerClip) => ({
    clip,
    outcome: await inspectClip(inspection, clip, listed.get(clip.key)),
  });
  for await (const { clip, outcome } of readAhead(clips, REQUESTS_AT_ONCE, inspect)) {
    if (outcome.kind === "damaged") damage.push({ key: clip.key, problem: outcome.problem });
    if (clip.void || !clip.stored) continue;
    checked.clips += 1;
    checked.bytes += clip.stored.sizeBytes;
    const places = { whole, expired, damaged: altered };
    places[outcome.kind].push(...clip.stretches);
  }
  return { whole, expired, altered, damage, checked };
}

/**
 * How far a stretch is accounted for, if not to its end. A life answers for server time until the next one began; the
 * camera's clock is taken to be right here.
 */
function sweptTo(asked: Stretch, lives: Life[]): number | undefined {
  for (const [index, { createdMs, accountedToMs, hasEnded }] of lives.entries()) {
    const untilMs = lives[index + 1]?.createdMs ?? Number.POSITIVE_INFINITY;
    const touches = asked.toMs > createdMs && asked.fromMs < untilMs;
    if (!hasEnded && touches && accountedToMs < Math.min(asked.toMs, untilMs)) return accountedToMs;
  }
  return undefined;
}

function answerOf(
  { damage, gaps, covered, expired }: Pick<Verification, "damage" | "gaps" | "covered" | "expired">,
  isOpen: boolean,
): Answer {
  if (damage.length > 0) return "damaged";
  if (gaps.length > 0) return "gaps";
  if (isOpen) return "not yet swept";
  if (covered.length > 0) return "complete";
  return expired.length > 0 ? "expired by policy" : "silent";
}
