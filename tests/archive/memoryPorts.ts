import type { Fragment } from "../../archive/fragment";
import type { FragmentSource, Vault } from "../../archive/ports";
import type { Track } from "../../media/matroska";
import { clusterStart, concat, simpleBlock, streamHeader, tags } from "../../media/matroskaWriter";

/** A stream in memory. `refuse` names the error that GetClip answers, if it does. */
export interface MemoryStream {
  fragments: Fragment[];
  createdMs: number;
  refuse?: string;
  /** CodecPrivate of a fragment's video track, so that a test can change it. */
  codecOf?(fragment: Fragment): number;
  /** Tags that the service adds beside a fragment's number. */
  extraTags?(fragment: Fragment): { name: string; value: string }[];
}

async function* chunks(...parts: Uint8Array[]) {
  yield* parts;
}

/** Kinesis Video Streams over a list of fragments: its clips are texts that name the fragments they hold. */
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
    list: async (range) => inRange(range).reverse(),
    clip: async (range) => {
      if (stream.refuse) throw Object.assign(new Error("refused"), { name: stream.refuse });
      return chunks(
        Buffer.from(
          inRange(range)
            .map(({ fragmentNumber }) => fragmentNumber)
            .join(" "),
        ),
      );
    },
    media: async (numbers) => {
      const asked = stream.fragments.filter(({ fragmentNumber }) => numbers.includes(fragmentNumber));
      return chunks(...asked.map((fragment) => matroskaChunk(stream, fragment)).reverse());
    },
  };
}

/** What GetMediaForFragmentList sends for a fragment: a Segment of its own, whose timecodes begin at zero. */
function matroskaChunk({ codecOf, extraTags }: MemoryStream, fragment: Fragment): Uint8Array {
  const track: Track = {
    number: 1,
    uid: 1,
    type: "video",
    codecId: "V_MPEG4/ISO/AVC",
    codecPrivate: Uint8Array.of(1, codecOf?.(fragment) ?? 0),
    video: { widthPixels: 64, heightPixels: 36 },
  };
  const frame = Buffer.from(`frame of ${fragment.fragmentNumber}`);
  return concat([
    streamHeader({ tracks: [track], muxingApp: "camera", writingApp: "camera" }),
    tags([
      { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragment.fragmentNumber },
      ...(extraTags?.(fragment) ?? []),
    ]),
    clusterStart(0),
    simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame }),
  ]);
}

/** An object of a `MemoryVault`. */
export interface MemoryObject {
  bytes: Buffer;
  metadata: Record<string, string>;
  tags: Record<string, string>;
  contentType: string;
  modifiedMs: number;
}

/** A bucket in memory, on a clock of its own: a second per object. */
export function memoryVault(): Vault & { objects: Map<string, MemoryObject> } {
  const objects = new Map<string, MemoryObject>();
  return {
    objects,
    async putIfAbsent({ key, body, ...description }) {
      const parts: Uint8Array[] = [];
      for await (const part of body) parts.push(part);
      const bytes = Buffer.concat(parts);
      if (objects.has(key)) return { outcome: "present", sizeBytes: bytes.length };
      objects.set(key, { ...description, bytes, modifiedMs: objects.size * 1000 });
      return { outcome: "stored", sizeBytes: bytes.length };
    },
    async metadata(key) {
      return objects.get(key)?.metadata ?? {};
    },
    async *list(prefix) {
      for (const key of [...objects.keys()].sort()) {
        const { bytes, modifiedMs } = objects.get(key) as MemoryObject;
        if (key.startsWith(prefix)) yield { key, sizeBytes: bytes.length, modifiedMs };
      }
    },
  };
}
