import * as crypto from "node:crypto";
import { UNBOUNDED } from "./models/calls";
import type { HeldFragment, Life } from "./models/kinesisVideo";
import type { StoredObject } from "./models/s3";
import type { World } from "./world";

/**
 * A promise that a history broke. The checker knows what Kinesis Video Streams persisted and what lies in the bucket, and
 * shares no code with the archiver: it reads ledgers, metadata and media by itself.
 */
export interface Violation {
  invariant: "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I7" | "I8" | "I10" | "ledger";
  fragment?: string;
  says: string;
}

/** An entry of a ledger as its bytes say, and when they were put. */
export interface LedgerEntry {
  seq: number;
  putMs: number;
  putBy: number | undefined;
  prev: string;
  sizeBytes: number;
  kind: string;
  change: RawChange;
  hours: { hour: number; isReissue?: true }[];
  damaged: string[];
  state: RawState;
}

interface RawClip {
  key: string;
  fragments: [string, number, number, number, number, string?][];
}

interface RawChange {
  kind: string;
  clip?: RawClip;
  /** Of a split, the clips that it plans; of `closed`, how many there are. */
  clips?: RawClip[] | number;
  key?: string;
  voidKey?: string;
  sha256?: string;
  sizeBytes?: number;
  source?: string;
  deferred?: (RawClip["fragments"][number] | { fromMs: number; toMs: number })[];
  lost?: RawClip["fragments"];
  fragments?: RawClip["fragments"] | number;
  fromMs?: number;
  toMs?: number;
  cause?: string;
  recording?: string;
  retries?: number;
  openedSeq?: number;
  compared?: { fromMs: number; toMs: number; asOfMs: number };
}

interface RawState {
  lowWaterMs: number;
  openPlans: { key: string; seq: number }[];
  deferred: { fromMs: number; toMs: number; firstSeq: number; lastSeq: number }[];
  totals: { clips: number; fragments: number; bytes: number };
  ended?: true;
}

/** A clip object, by its own bytes. */
export interface HeldClip {
  key: string;
  numbers: string[];
  object: StoredObject;
}

export interface Ledger {
  folder: string;
  life: Life | undefined;
  entries: LedgerEntry[];
  damagedKeys: string[];
}

/** What the bucket holds, read. */
export interface Archive {
  clips: HeldClip[];
  voidKeys: string[];
  ledgers: Ledger[];
}

const sha256 = (bytes: Buffer | string) => crypto.createHash("sha256").update(bytes).digest("hex");

/** Reads the whole bucket. */
export function readArchive({ bucket, kinesisVideo }: World): Archive {
  const clips: HeldClip[] = [];
  const voidKeys: string[] = [];
  const ledgers = new Map<string, Ledger>();
  for (const [key, object] of bucket.objects) {
    const [room = "", stream = "", created = ""] = key.split("/");
    if (room === "clips") {
      if (object.metadata.decision === "void") voidKeys.push(key);
      else clips.push({ key, object, numbers: numbersIn(object.bytes) });
    }
    if (room !== "ledger") continue;
    const folder = `${room}/${stream}/${created}/`;
    const life = kinesisVideo.lives.find(({ createdMs }) => createdMs === Number(created));
    const ledger = ledgers.get(folder) ?? { folder, life, entries: [], damagedKeys: [] };
    ledgers.set(folder, ledger);
    // An entry is the first version of its key.
    const entry = parse(key.slice(folder.length), { ...object, bytes: object.firstBytes ?? object.bytes });
    if (entry) ledger.entries.push(entry);
    if (!entry || object.firstBytes) ledger.damagedKeys.push(key);
  }
  for (const { entries } of ledgers.values()) entries.sort((a, b) => a.seq - b.seq);
  return { clips, voidKeys, ledgers: [...ledgers.values()] };
}

/** Numbers of the fragments whose frames a movie holds, each by both of its frames and in its order. */
function numbersIn(bytes: Buffer): string[] {
  const frames = [...bytes.toString("latin1").matchAll(/frame ([01]) of (\d+);/g)];
  return frames.flatMap(([, index, number = ""], at) => {
    const [, otherIndex, other] = frames[index === "0" ? at + 1 : at - 1] ?? [];
    if (other !== number || otherIndex === index) return [`half of ${number}`];
    return index === "0" ? [number] : [];
  });
}

function parse(name: string, { bytes, putMs, putBy }: StoredObject): LedgerEntry | undefined {
  const digits = /^(\d{12})\.json$/.exec(name)?.[1];
  if (!digits) return undefined;
  try {
    const raw = JSON.parse(bytes.toString()) as LedgerEntry;
    const seq = 999_999_999_999 - Number(digits);
    if (raw.seq !== seq) return undefined;
    const { change, hours = [], damaged = [] } = raw;
    return { ...raw, seq, putMs, putBy, sizeBytes: bytes.length, kind: change.kind, hours, damaged };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Holds a played world against the invariants. */
export function check(world: World): Violation[] {
  const archive = readArchive(world);
  return [
    ...checkObjects(archive),
    ...archive.ledgers.flatMap((ledger) => checkLedger(ledger, archive, world)),
    ...world.kinesisVideo.lives.flatMap((life) => checkLife(life, archive, world)),
    ...checkBounds(archive, world),
  ];
}

/** I2 and I3, of the objects alone. */
function checkObjects({ clips }: Archive): Violation[] {
  const violations: Violation[] = [];
  const holders = new Map<string, string>();
  for (const { key, numbers, object } of clips) {
    for (const number of numbers) {
      const other = holders.get(number);
      if (other) violations.push({ invariant: "I2", fragment: number, says: `is in ${other} and in ${key}` });
      holders.set(number, key);
    }
    if (numbers.length === 0) violations.push({ invariant: "I2", says: `${key} holds no fragment` });
    if (object.firstBytes) violations.push({ invariant: "I4", says: `${key} was put twice` });
  }
  return violations;
}

/** The chain, and that objects are what entries say. */
function checkLedger(
  { folder, entries, damagedKeys, life }: Ledger,
  { clips, voidKeys }: Archive,
  world: World,
): Violation[] {
  const violations: Violation[] = [];
  const wrong = (says: string, fragment?: string, invariant: Violation["invariant"] = "ledger") =>
    violations.push({ invariant, fragment, says: `${folder} ${says}` });
  if (!life) wrong("is of no life of the stream");
  const objects = new Map(clips.map((clip) => [clip.key, clip]));
  const plans = new Map<string, RawClip>();
  const named = new Set(entries.flatMap(({ damaged }) => damaged));
  const bytesOf = (seq: number) =>
    world.bucket.objects.get(`${folder}${String(999_999_999_999 - seq).padStart(12, "0")}.json`);
  const stored = new Set<string>();
  const truth = new Map(life?.fragments.map((fragment) => [fragment.fragmentNumber, fragment]));

  let last: LedgerEntry | undefined;
  for (const entry of entries) {
    const { seq, change } = entry;
    const before = bytesOf(seq - 1);
    const link = last && bytesOf(last.seq);
    if (last && link && sha256(link.firstBytes ?? link.bytes) !== entry.prev)
      wrong(`entry ${seq} does not chain to ${last.seq}`);
    if (!last && seq > 0 && !before) wrong(`begins with entry ${seq}`);
    for (let missing = (last?.seq ?? -1) + 1; missing < seq; missing += 1) {
      if (!bytesOf(missing)) wrong(`has no entry ${missing}`);
    }
    for (const clip of plansIn(change)) plans.set(clip.key, clip);
    if (entry.kind === "stored") {
      const { key = "" } = change;
      if (stored.has(key)) wrong(`stores ${key} twice`);
      stored.add(key);
      const clip = objects.get(key);
      const plan = plans.get(key);
      if (!clip) wrong(`entry ${seq} stores ${key}, which is not there`, undefined, "I1");
      else if (sha256(clip.object.bytes) !== change.sha256)
        wrong(`entry ${seq} has another SHA-256 than ${key}`);
      else if (clip.object.bytes.length !== change.sizeBytes)
        wrong(`entry ${seq} has another size than ${key}`);
      if (!plan) wrong(`entry ${seq} stores ${key}, which no entry plans`);
      if (clip && plan) compare(clip, plan);
    }
    if (entry.kind === "split" && !voidKeys.includes(change.voidKey ?? ""))
      wrong(`splits ${change.voidKey}, whose key is not void`);
    last = entry;
  }
  for (const key of damagedKeys) {
    // What is damaged behind the last entry, the next entry would name.
    const isLast = !entries.some(({ putMs }) => putMs > (world.bucket.objects.get(key)?.putMs ?? 0));
    if (!named.has(key) && !isLast && damagedAtHead(key)) wrong(`never names ${key}, which is damaged`);
  }
  for (const { key, numbers } of clips) {
    if (!key.startsWith(`clips/`) || stored.has(key)) continue;
    const isOfLife = numbers.some((number) => truth.has(number));
    const isOpen = last?.state.openPlans.some((open) => open.key === key);
    if (isOfLife && !isOpen) wrong(`knows nothing of ${key}`);
  }
  return violations;

  function damagedAtHead(key: string): boolean {
    return entries.some(
      (entry) =>
        entry.putMs > (world.bucket.objects.get(key)?.putMs ?? 0) &&
        key <= `${folder}${String(999_999_999_999 - entry.seq + 1).padStart(12, "0")}`,
    );
  }

  function compare({ key, numbers }: HeldClip, plan: RawClip): void {
    const planned = plan.fragments.map(([number]) => number);
    const sorted = [...numbers].sort();
    if (JSON.stringify([...planned].sort()) !== JSON.stringify(sorted)) {
      const missing = planned.find((number) => !numbers.includes(number));
      const surplus = numbers.find((number) => !planned.includes(number));
      wrong(
        `${key} holds ${numbers.length} fragments, its plan says ${planned.length}; missing ${missing}, surplus ${surplus}`,
        missing ?? surplus,
        surplus ? "I2" : "I1",
      );
    }
    const start = truth.get(planned[0] ?? "");
    const begins = start && new Date(start.producerMs).toISOString().replace(/[-:]/g, "");
    if (begins && !key.includes(`/${begins}-`))
      wrong(`${key} does not sort by its first frame, of ${begins}`, planned[0], "I3");
  }
}

/** What became of one fragment. */
interface Fate {
  clip?: HeldClip;
  gap?: LedgerEntry;
}

/** Before the end, three sweeps look at everything. */
const GRACE_MS = 50 * 60_000;

/** I1, I5, I6, I7 and I10: every fragment that was persisted in a life. */
function checkLife(life: Life, archive: Archive, world: World): Violation[] {
  const violations: Violation[] = [];
  const { kinesisVideo, endMs } = world;
  const ledger = archive.ledgers.find((one) => one.life === life);
  const goneMs = life.deletedMs ?? Number.POSITIVE_INFINITY;
  const persisted = life.fragments.filter(({ persistedMs }) => persistedMs < goneMs && persistedMs <= endMs);
  const clipOf = new Map(
    archive.clips.flatMap((clip) => clip.numbers.map((number) => [number, clip] as const)),
  );
  const gaps = (ledger?.entries ?? []).flatMap((entry) => {
    if (entry.kind === "gap") return [entry];
    return entry.kind === "split" && entry.change.lost ? [entry] : [];
  });
  if (!ledger) {
    // A life that ended before anyone looked at it is nobody's promise.
    const wasSeen =
      world.scheduleMs.some((atMs) => atMs > life.createdMs && atMs < goneMs - 60_000) &&
      world.history.faults.length === 0;
    if (persisted.length > 0 && wasSeen)
      violations.push({ invariant: "I1", says: `no ledger was begun for ${life.arn}` });
    return violations;
  }
  const damaged = ledger.damagedKeys.length > 0;

  for (const fragment of persisted) {
    const { fragmentNumber, serverMs, listedMs } = fragment;
    const wrong = (invariant: Violation["invariant"], says: string) =>
      violations.push({
        invariant,
        fragment: fragmentNumber,
        says: `${says} (${describe(fragment, world)})`,
      });
    const expiredMs = Math.min(serverMs + kinesisVideo.retentionMs, goneMs);
    const fate = fateOf(fragment);
    if (fate.clip) {
      if (gaps.some((gap) => rowsOf(gap).some(([number]) => number === fragmentNumber))) {
        wrong("I1", "is in a clip, and named as lost");
      }
      continue;
    }
    if (fate.gap) {
      // Clocks of services differ by seconds.
      if (fate.gap.putMs < expiredMs - 10_000)
        wrong("I1", `was given up as ${fate.gap.change.cause ?? "lost"} while it was held`);
      if (goneMs === Number.POSITIVE_INFINITY && !wasTold(expiredMs))
        wrong("I7", "was lost without a word before");
      continue;
    }
    if (expiredMs <= endMs) {
      // What ends at the end, nobody was there to name.
      if (expiredMs < endMs - GRACE_MS) wrong("I1", "is in no clip and in no gap, and expired");
    } else if (fragment.readableFromMs <= endMs - GRACE_MS && listedMs < endMs - GRACE_MS) {
      wrong("I6", "is held, and was not archived at the end");
    } else if (fragment.readableFromMs > endMs - GRACE_MS && !isDeferred(fragment) && !damaged) {
      wrong("I1", "cannot be read and is not owed");
    }
  }
  return violations;

  function fateOf({ fragmentNumber, serverMs }: HeldFragment): Fate {
    const clip = clipOf.get(fragmentNumber);
    if (clip) return { clip };
    const gap = gaps.find((entry) => {
      const rows = rowsOf(entry);
      if (rows.some(([number]) => number === fragmentNumber)) return true;
      const { fromMs = 0, toMs = 0 } = entry.change;
      return entry.kind === "gap" && rows.length === 0 && serverMs >= fromMs && serverMs <= toMs;
    });
    return { gap };
  }

  function isDeferred({ serverMs }: HeldFragment): boolean {
    const state = ledger?.entries.at(-1)?.state;
    const isPlanned = ledger?.entries.some(({ change }) =>
      plansIn(change).some(
        (clip) =>
          clip.fragments.some(([, ms]) => ms === serverMs) &&
          state?.openPlans.some(({ key }) => key === clip.key),
      ),
    );
    return (
      isPlanned || (state?.deferred ?? []).some(({ fromMs, toMs }) => serverMs >= fromMs && serverMs <= toMs)
    );
  }

  /** Someone was told in time: by an event, or by a metric that is high or missing, on which an alarm rings. */
  function wasTold(expiredMs: number): boolean {
    if (world.eventBridge.heard.some(({ type, atMs }) => type === "Footage At Risk" && atMs < expiredMs))
      return true;
    const ages = (world.cloudWatch.put.get("UnarchivedAgeOfRetention") ?? []).filter(
      ({ atMs }) => atMs < expiredMs,
    );
    if (ages.some(({ value }) => value >= 50)) return true;
    const periodMs = 2 * world.history.reconcileMinutes * 60_000;
    const instants = [world.history.startMs, ...ages.map(({ atMs }) => atMs), expiredMs];
    return instants.some((atMs, index) => atMs - (instants[index - 1] ?? atMs) > periodMs);
  }
}

/** The objects that an entry plans. */
function plansIn({ clip, clips }: RawChange): RawClip[] {
  return [...(clip ? [clip] : []), ...(Array.isArray(clips) ? clips : [])];
}

const rowsOf = ({ change }: LedgerEntry) => {
  if (change.kind === "split") return change.lost ?? [];
  return Array.isArray(change.fragments) ? change.fragments : [];
};

const MAX_ENTRY_BYTES = 32_768;

/** I8. */
function checkBounds({ ledgers }: Archive, { stepFunctions, lambda, tally }: World): Violation[] {
  const violations: Violation[] = lambda.faults.map((says) => ({ invariant: "I7", says }));
  if (tally.has(UNBOUNDED))
    violations.push({ invariant: "I8", says: "an invocation made calls without end" });
  for (const { folder, entries } of ledgers) {
    for (const { seq, sizeBytes } of entries) {
      if (sizeBytes > MAX_ENTRY_BYTES)
        violations.push({ invariant: "I8", says: `entry ${seq} of ${folder} has ${sizeBytes} bytes` });
    }
  }
  for (const { name, status, error, events } of stepFunctions.executions.values()) {
    // One whose calls fail for longer than it tries again is restarted; no other end is foreseen.
    if (status === "FAILED" && /^(States\.|undefined|TypeError|Aborted)/.test(error ?? "undefined"))
      violations.push({ invariant: "I8", says: `execution ${name} failed after ${events} events: ${error}` });
    if (status === "RUNNING") violations.push({ invariant: "I8", says: `execution ${name} never ended` });
  }
  return violations;
}

function describe(
  { serverMs, persistedMs, listedMs, hasBadFrame, readableFromMs }: HeldFragment,
  { history }: World,
): string {
  const at = (ms: number) => `${((ms - history.startMs) / 1000).toFixed(1)} s`;
  const odd = `${hasBadFrame ? ", with a bad frame" : ""}${readableFromMs ? `, readable from ${at(readableFromMs)}` : ""}`;
  return `began at ${at(serverMs)}, persisted at ${at(persistedMs)}, listed from ${at(listedMs)}${odd}`;
}
