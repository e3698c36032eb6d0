import { cutTo, mergeStretches, type Stretch } from "../../archive/coverage";
import { ledgerFolder } from "../../archive/keys";
import { readHead } from "../../archive/ledger";
import type { Vault } from "../../archive/ports";
import { type Answer, verifyStream } from "../../archive/verify";
import { makeArchiveReader } from "../ports/s3Archive";
import { jsonObject, readObject } from "./jsonObject";
import { type ClipRecord, type LedgerRecord, makeLedgerRecord, readEntries } from "./ledgerRecord";
import { openOwnStream } from "./own";
import { archivePrefix, type EventRecord, nameOf } from "./record";
import type { Tools } from "./tools";

/** Time from one ISO 8601 instant to another. */
interface Span {
  from: string;
  to: string;
}

/** Which media time is held. */
interface CoverageReport {
  seconds: number;
  stretches: Span[];
}

/** What an event left behind. `docs/recording-events.md` has its members. */
export interface Manifest {
  version: 1;
  event: string;
  name: string;
  base: string;
  startedAt: string;
  /** When devices lost the right to write. */
  closedAt?: string;
  writtenAt: string;
  /** The worst answer of its streams. */
  answer: Answer;
  streams: StreamReport[];
  coverage: { byAnyCamera: CoverageReport; byAllCameras: CoverageReport };
  totals: { clips: number; fragments: number; bytes: number };
  /** What was acknowledged, could not be archived and was given up with --abandon. */
  abandoned: { stream: string; fragments: string[] }[];
}

/** One camera in the manifest. */
export interface StreamReport {
  camera: string;
  stream: string;
  answer: Answer;
  /** The listing that the ledger was compared with, fragment by fragment. */
  compared: { asOf: string; listed: number; archived: number; missing: number; twice: number };
  recordings: (Span & { clips: number; fragments: number; asOf: string })[];
  clips: (Span & { key: string; sizeBytes: number; sha256: string; source: string; fragments: string[] })[];
  coverage: CoverageReport;
  gaps: (Span & { cause: string; fragments?: number })[];
  damage: { key: string; problem: string }[];
}

/** A stream's own numbers, beside its report. */
interface StreamResult {
  report: StreamReport;
  /** Numbers that are listed and in no clip; unknown when the stream is gone. */
  unarchived?: string[];
  covered: Stretch[];
}

/** How bad an answer is, the worst first. */
const ANSWERS: Answer[] = ["damaged", "gaps", "not yet swept", "complete", "expired by policy", "silent"];

/**
 * Draws up what an event left behind, out of the streams' own lists and the archive: each fragment that is listed now
 * is looked for in the ledger, and the ledger and clips are verified as `archive verify` does.
 * @param before the manifest that was drawn up while streams were there that are gone now: it knows what they held
 */
export async function drawUpManifest(
  tools: Tools,
  record: EventRecord,
  before?: Manifest,
): Promise<Manifest> {
  const nowMs = await tools.now();
  const results: StreamResult[] = [];
  // One after the other: each reads many objects at once.
  for (const camera of record.streams) {
    const known = before?.streams.find(({ stream }) => stream === camera.name)?.compared;
    results.push(await streamResult(tools, record, camera, nowMs, known));
  }
  const streams = results.map(({ report }) => report);
  const clips = streams.flatMap((stream) => stream.clips);
  const abandoned = results.flatMap(({ report: { stream }, unarchived }) => {
    if (!unarchived) return before?.abandoned.filter((one) => one.stream === stream) ?? [];
    return unarchived.length > 0 ? [{ stream, fragments: unarchived }] : [];
  });
  const worst = ANSWERS.find((answer) => streams.some((stream) => stream.answer === answer)) ?? "silent";
  return {
    version: 1,
    event: record.id,
    name: nameOf(record),
    base: record.base,
    startedAt: record.startedAt,
    closedAt: record.closedAt,
    writtenAt: iso(nowMs),
    answer: abandoned.length > 0 && worst !== "damaged" ? "gaps" : worst,
    streams,
    coverage: togetherOf(results.map(({ covered }) => covered)),
    totals: {
      clips: clips.length,
      fragments: clips.reduce((sum, { fragments }) => sum + fragments.length, 0),
      bytes: clips.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    },
    abandoned,
  };
}

/** Writes the manifest under its key; one that is there, of an earlier attempt to stop, makes way. */
export async function writeManifest(
  { vault, base }: Tools,
  record: EventRecord,
  manifest: Manifest,
): Promise<string> {
  const key = manifestKey(base.prefix, record.id);
  const object = () => jsonObject(key, manifest);
  for (;;) {
    const held = await readObject(vault, key);
    if (!held) {
      if ((await vault.putIfAbsent(object())).outcome === "stored") return key;
      continue;
    }
    if (await vault.replace(object(), held.etag)) return key;
  }
}

/** The manifest that is there. */
export async function readManifest({ vault, base }: Tools, id: string): Promise<Manifest | undefined> {
  const held = await readObject(vault, manifestKey(base.prefix, id));
  return held && (JSON.parse(held.text) as Manifest);
}

/** Where an event's manifest is. */
export const manifestKey = (prefix: string, id: string): string =>
  `${archivePrefix(prefix, id)}manifest.json`;

async function streamResult(
  tools: Tools,
  record: EventRecord,
  { camera, name: streamName }: EventRecord["streams"][number],
  nowMs: number,
  known: StreamReport["compared"] | undefined,
): Promise<StreamResult> {
  const { base, clients, vault } = tools;
  const prefix = archivePrefix(base.prefix, record.id);
  const ledger = await readLedger(vault, prefix, streamName);
  const own = await openOwnStream(tools, record, streamName);
  const listed = own ? (await own.source.list({ fromMs: own.life.createdMs, toMs: nowMs })).fragments : [];
  const numbers = ledger.clips.flatMap(numbersOf);
  const archived = new Set(numbers);
  const unarchived = listed
    .map(({ fragmentNumber }) => fragmentNumber)
    .filter((number) => !archived.has(number));

  const reader = makeArchiveReader(clients.s3, base.bucket);
  const found = await verifyStream({ reader, prefix, streamName, isDeep: false, nowMs });
  const report: StreamReport = {
    camera,
    stream: streamName,
    answer: numbers.length > archived.size ? "damaged" : found.answer,
    compared: own
      ? {
          asOf: iso(nowMs),
          listed: listed.length,
          archived: listed.length - unarchived.length,
          missing: unarchived.length,
          twice: numbers.length - archived.size,
        }
      : {
          asOf: iso(nowMs),
          listed: 0,
          archived: 0,
          missing: 0,
          ...known,
          twice: numbers.length - archived.size,
        },
    recordings: ledger.recordings.map(({ fromMs, toMs, asOfMs, clips, fragments }) => ({
      ...span({ fromMs, toMs }),
      clips,
      fragments,
      asOf: iso(asOfMs),
    })),
    clips: ledger.clips.map((clip) => ({
      ...span(mediaTimeOf(clip)),
      key: clip.key,
      sizeBytes: clip.sizeBytes,
      sha256: clip.sha256,
      source: clip.source,
      fragments: numbersOf(clip),
    })),
    coverage: coverageReport(found.covered),
    gaps: found.gaps.map(({ cause, fragmentCount, ...stretch }) => ({
      ...span(stretch),
      cause,
      ...(fragmentCount === undefined ? {} : { fragments: fragmentCount }),
    })),
    damage: found.damage,
  };
  return { report, unarchived: own && unarchived, covered: found.covered };
}

/** What the ledgers of all lives of a stream come to. */
async function readLedger(vault: Vault, prefix: string, streamName: string): Promise<LedgerRecord> {
  const { take, record } = makeLedgerRecord();
  const lives = (await vault.folders(`${prefix}ledger/${streamName}/`)).map(Number).sort((a, b) => a - b);
  for (const createdMs of lives) {
    const folder = ledgerFolder(prefix, { streamName, createdMs });
    const { nextSeq } = await readHead(vault, folder);
    for await (const entry of readEntries(vault, folder, { fromSeq: 0, toSeq: nextSeq - 1 })) take(entry);
  }
  return record;
}

const numbersOf = ({ plan }: ClipRecord): string[] => plan.fragments.map(([number]) => number);

function mediaTimeOf({ plan }: ClipRecord): Stretch {
  const starts = plan.fragments.map(([, , producerMs]) => producerMs);
  const ends = plan.fragments.map(([, , producerMs, durationMs]) => producerMs + durationMs);
  return { fromMs: Math.min(...starts), toMs: Math.max(...ends) };
}

/** What at least one camera has, and what all of them have. */
function togetherOf(cameras: Stretch[][]): Manifest["coverage"] {
  const [first = [], ...others] = cameras;
  const byAll = others.reduce(
    (common, stretches) => common.flatMap((range) => cutTo(range, stretches)),
    first,
  );
  return {
    byAnyCamera: coverageReport(mergeStretches(cameras.flat())),
    byAllCameras: coverageReport(byAll),
  };
}

function coverageReport(stretches: Stretch[]): CoverageReport {
  const totalMs = stretches.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  return { seconds: totalMs / 1000, stretches: stretches.map(span) };
}

const iso = (ms: number) => new Date(ms).toISOString();

const span = ({ fromMs, toMs }: Stretch): Span => ({ from: iso(fromMs), to: iso(toMs) });
