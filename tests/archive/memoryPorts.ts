import * as crypto from "node:crypto";
import type { Fragment } from "../../archive/fragment";
import type { FragmentSource, Vault } from "../../archive/ports";
import type { Track } from "../../media/matroska";
import { clusterStart, concat, simpleBlock, streamHeader, tags } from "../../media/matroskaWriter";
import { mp4Header } from "../../media/mp4Writer";

/** A stream in memory. `refuse` names the error that GetClip answers, if it does. */
export interface MemoryStream {
  fragments: Fragment[];
  createdMs: number;
  refuse?: string;
  /** Whether it answers that error to this call; to all, unless told. */
  refusesNow?(): boolean;
  /** When listings are answered; at the end of their range, unless told. */
  answeredMs?: number;
  /** Names an error that GetClip answers for now. */
  clipFailure?: string;
  /** Codec of the video track; H.264, unless told. */
  codecId?: string;
  /** CodecPrivate of a fragment's video track, so that a test can change it. */
  codecOf?(fragment: Fragment): number;
  /** Tags that the service adds beside a fragment's number. */
  extraTags?(fragment: Fragment): { name: string; value: string }[];
}

async function* chunks(...parts: Uint8Array[]) {
  yield* parts;
}

/** Kinesis Video Streams over a list of fragments, each of one frame that names it. */
export function memorySource(stream: MemoryStream): FragmentSource {
  const inRange = ({ fromMs, toMs }: { fromMs: number; toMs: number }) =>
    stream.fragments.filter(({ serverMs }) => serverMs >= fromMs && serverMs <= toMs);
  return {
    describe: async () => ({
      streamName: "gate",
      streamArn: `arn:aws:kinesisvideo:us-east-1:123456789012:stream/gate/${stream.createdMs}`,
      createdMs: stream.createdMs,
      retentionHours: 24,
    }),
    list: async (range, most = Number.POSITIVE_INFINITY) => {
      const found = inRange(range).reverse();
      const listing = { fragments: found.slice(0, most), answeredMs: stream.answeredMs ?? range.toMs };
      return found.length > most ? { ...listing, isCut: true } : listing;
    },
    clip: async (range) => {
      const refusal = (stream.refusesNow?.() ?? true) ? stream.refuse : undefined;
      const failure = stream.clipFailure ?? refusal;
      if (failure) throw Object.assign(new Error("no clip"), { name: failure });
      return chunks(mp4Clip(inRange(range)));
    },
    media: async (numbers) => {
      const asked = stream.fragments.filter(({ fragmentNumber }) => numbers.includes(fragmentNumber));
      return chunks(...asked.map((fragment) => matroskaChunk(stream, fragment)).reverse());
    },
  };
}

const videoTrack = (codec: number): Track => ({
  number: 1,
  uid: 1,
  type: "video",
  codecId: "V_MPEG4/ISO/AVC",
  // An AVCDecoderConfigurationRecord with one sequence and one picture parameter set, nearly empty.
  codecPrivate: Uint8Array.of(1, 66, 0, codec, 0xff, 0xe1, 0, 4, 0x67, 66, 0, codec, 1, 0, 2, 0x68, 0),
  video: { widthPixels: 64, heightPixels: 36 },
});

const frameOf = ({ fragmentNumber }: Fragment) => Buffer.from(`frame of ${fragmentNumber};`);

/** What GetClip sends. */
function mp4Clip(fragments: Fragment[]): Uint8Array {
  const startMs = fragments[0]?.producerMs ?? 0;
  const samples = fragments.map((fragment) => ({
    sizeBytes: frameOf(fragment).length,
    ptsMs: fragment.producerMs - startMs,
    keyframe: true,
  }));
  const order = samples.map((_, sample) => ({ track: 0, sample }));
  const lastSampleDurationMs = fragments.at(-1)?.durationMs;
  const header = mp4Header({ tracks: [{ track: videoTrack(0), samples, lastSampleDurationMs }], order });
  return concat([header, ...fragments.map(frameOf)]);
}

/** What GetMediaForFragmentList sends for a fragment: a Segment of its own, whose timecodes begin at zero. */
function matroskaChunk({ codecId, codecOf, extraTags }: MemoryStream, fragment: Fragment): Uint8Array {
  const track = { ...videoTrack(codecOf?.(fragment) ?? 0), ...(codecId ? { codecId } : {}) };
  return concat([
    streamHeader({ tracks: [track], muxingApp: "camera", writingApp: "camera" }),
    tags([
      { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragment.fragmentNumber },
      ...(extraTags?.(fragment) ?? []),
    ]),
    clusterStart(0),
    simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame: frameOf(fragment) }),
  ]);
}

/** An object of a `memoryVault`. */
export interface MemoryObject {
  bytes: Buffer;
  metadata: Record<string, string>;
  tags: Record<string, string>;
  contentType: string;
}

async function read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

const checksumOf = (bytes: Buffer) => crypto.createHash("sha256").update(bytes).digest("base64");

/** A bucket in memory; `firsts` are the first versions of keys that a test wrote over or deleted, if the bucket kept them. */
export function memoryVault(): Vault & {
  objects: Map<string, MemoryObject>;
  firsts: Map<string, MemoryObject>;
} {
  const [objects, firsts] = [new Map<string, MemoryObject>(), new Map<string, MemoryObject>()];
  return {
    objects,
    firsts,
    async putIfAbsent({ key, body, ...description }) {
      const bytes = await read(body);
      if (objects.has(key)) return { outcome: "present" };
      objects.set(key, { ...description, bytes });
      return { outcome: "stored", checksum: checksumOf(bytes) };
    },
    async replace({ key, body, ...description }, etag) {
      const bytes = await read(body);
      const held = objects.get(key);
      if (!held || checksumOf(held.bytes) !== etag) return false;
      objects.set(key, { ...description, bytes });
      return true;
    },
    async get(key, versionId) {
      const object = versionId ? firsts.get(key) : objects.get(key);
      if (!object) return undefined;
      const checksum = checksumOf(object.bytes);
      return { body: chunks(object.bytes), metadata: object.metadata, etag: checksum, checksum };
    },
    async folders(prefix) {
      const names = [...objects.keys()].filter((key) => key.startsWith(prefix));
      return [...new Set(names.map((key) => key.slice(prefix.length).split("/")[0] ?? ""))];
    },
    async firstVersions(prefix, limit) {
      const keys = new Set([...objects.keys(), ...firsts.keys()]);
      return [...keys]
        .filter((key) => key.startsWith(prefix))
        .sort()
        .slice(0, limit)
        .map((key) => (firsts.has(key) ? { key, versionId: "first" } : { key }));
    },
    async firstKeys(prefix, limit) {
      return [...objects.keys()]
        .filter((key) => key.startsWith(prefix))
        .sort()
        .slice(0, limit);
    },
  };
}

/** The clips of a vault: what lies under `clips/` and is not void. */
export const clipsIn = ({ objects }: ReturnType<typeof memoryVault>) =>
  [...objects]
    .filter(([key, { metadata }]) => key.includes("clips/") && metadata.decision !== "void")
    .map(([key, object]) => ({ key, ...object }));

/** Fragment numbers in the clips of a vault, by the frames in their media: `memorySource` writes them as text. */
export const numbersHeld = (vault: ReturnType<typeof memoryVault>) =>
  clipsIn(vault).flatMap(({ bytes }) =>
    [...bytes.toString("latin1").matchAll(/frame of (\d+)/g)].map(([, number]) => number),
  );
