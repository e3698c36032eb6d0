import * as crypto from "node:crypto";
import type { Life } from "../models/kinesisVideo";
import type { StoredObject } from "../models/s3";
import type { World } from "../world";

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

export interface RawClip {
  key: string;
  fragments: [string, number, number, number, number, string?][];
}

export interface RawChange {
  kind: string;
  clip?: RawClip;
  /** Of a split, the clips that it plans; of `closed`, how many there are. */
  clips?: RawClip[] | number;
  key?: string;
  voidKey?: string;
  because?: string;
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

export interface RawState {
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

export const sha256 = (bytes: Buffer | string) => crypto.createHash("sha256").update(bytes).digest("hex");

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
    if (!entry || object.firstBytes || object.isDeleted) ledger.damagedKeys.push(key);
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

/** The objects that an entry plans. */
export function plansIn({ clip, clips }: RawChange): RawClip[] {
  return [...(clip ? [clip] : []), ...(Array.isArray(clips) ? clips : [])];
}

/** The fragments that an entry gives up by name. */
export const rowsOf = ({ change }: LedgerEntry) => {
  if (change.kind === "split") return change.lost ?? [];
  return Array.isArray(change.fragments) ? change.fragments : [];
};
