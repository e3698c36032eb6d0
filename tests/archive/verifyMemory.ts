import * as crypto from "node:crypto";
import type { ArchiveReader, Expiration } from "../../archive/verifyPorts";
import type { memoryVault } from "./memoryPorts";

/** Server and media time of all hand-made archives: 2026-11-22 14:00 UTC. */
export const T0 = Date.UTC(2026, 10, 22, 14);
export const CREATED = T0 - 3_600_000;
export const LEDGER = `derby/ledger/gate/${CREATED}/`;

/** An object of a bucket in memory. */
export interface HandMadeObject {
  versions: { bytes: Buffer; metadata: Record<string, string>; checksum?: string }[];
  deletedMs?: number;
}

export const sha256 = (bytes: string | Buffer) => crypto.createHash("sha256").update(bytes).digest();

/** A fragment of two seconds, `second` seconds after 14:00, as entries hold it. */
export type Row = [string, number, number, number, number, string?];
export const row = (second: number): Row => {
  const startMs = T0 + second * 1000;
  return [`9${String(second).padStart(6, "0")}`, startMs + 150, startMs, 2000, 100];
};

/** Rows of a clip: fragments of two seconds from one second to another. */
export const rows = (from: number, to: number): Row[] =>
  Array.from({ length: (to - from) / 2 }, (_, index) => row(from + index * 2));

/** The key of a clip that begins `second` seconds after 14:00. */
export const clipKey = (second: number, extension = "mp4") =>
  `derby/clips/stream=gate/date=2026-11-22/hour=14/${new Date(T0 + second * 1000)
    .toISOString()
    .replace(/[-:]/g, "")}-0123abcd.${extension}`;

/** The key of an entry, by the ledger's rule. */
export const entryKey = (seq: number, folder = LEDGER) =>
  `${folder}${String(999_999_999_999 - seq).padStart(12, "0")}.json`;

/** A bucket in memory, and hands to make and mar it. */
export function handMadeArchive() {
  const objects = new Map<string, HandMadeObject>();
  let expirations: Expiration[] = [];
  let prev = "";
  let nextSeq = 0;
  const state = { lowWaterMs: T0 + 3_600_000 };
  const reads: string[] = [];

  const put = (
    key: string,
    bytes: Buffer | string,
    metadata: Record<string, string> = {},
    checksum?: string,
  ) => {
    const versions = objects.get(key)?.versions ?? [];
    const made = {
      bytes: Buffer.from(bytes),
      metadata,
      checksum: checksum ?? sha256(Buffer.from(bytes)).toString("base64"),
    };
    objects.set(key, { versions: [...versions, made] });
  };

  return {
    objects,
    reads,
    put,
    /** Adds an entry behind those before. */
    entry(change: Record<string, unknown>, more: Record<string, unknown> = {}) {
      const seq = (more.seq as number | undefined) ?? nextSeq;
      const at = new Date(T0 + 300_000).toISOString();
      const text = JSON.stringify({ version: 1, seq, prev, at, change, state: { ...state }, ...more });
      put(entryKey(seq), text);
      prev = sha256(text).toString("hex");
      nextSeq = seq + 1;
      return seq;
    },
    /** Plans a clip, stores it and says so: two entries and an object. */
    clip(
      fragments: Row[],
      {
        key = clipKey((fragments[0]![2] - T0) / 1000),
        body = `media of ${key}`,
        parts = 1,
        source = "get-clip",
      }: { key?: string; body?: string | Buffer; parts?: number; source?: "get-clip" | "fragments" } = {},
    ) {
      this.entry({ kind: "plan", clip: { key, fragments, range: { fromMs: 0, toMs: 1 } } });
      this.media(key, fragments, body, parts);
      const bytes = Buffer.from(body);
      const { checksum } = objects.get(key)!.versions[0]!;
      this.entry({
        kind: "stored",
        key,
        sizeBytes: bytes.length,
        sha256: sha256(bytes).toString("hex"),
        checksum,
        source,
      });
      return key;
    },
    /** The object of a clip, and no entry. */
    media(key: string, fragments: Row[], body: string | Buffer = `media of ${key}`, parts = 1) {
      const list = fragments.map(([number]) => `${number}\n`).join("");
      const metadata = { "fragment-list-sha256": sha256(list).toString("hex") };
      const whole = sha256(Buffer.from(body));
      const checksum =
        parts === 1 ? whole.toString("base64") : `${sha256(whole).toString("base64")}-${parts}`;
      put(key, body, metadata, checksum);
    },
    state,
    expireAfter(days: number) {
      expirations = [{ prefix: "derby/clips/", days }];
    },
    remove(key: string) {
      objects.delete(key);
    },
    mark(key: string, deletedMs: number) {
      objects.get(key)!.deletedMs = deletedMs;
    },
    /** Alters an object in place, as no API of S3 can. */
    alter(key: string, change: (text: string) => string) {
      const [version] = objects.get(key)!.versions;
      version!.bytes = Buffer.from(change(version!.bytes.toString("latin1")), "latin1");
    },
    reader(): ArchiveReader {
      return {
        async *keys(prefix) {
          for (const key of [...objects.keys()].sort()) {
            if (!key.startsWith(prefix)) continue;
            const { versions, deletedMs } = objects.get(key)!;
            const listed = versions.map(({ bytes }, index) => ({
              versionId: `v${index}`,
              sizeBytes: bytes.length,
            }));
            yield { key, versions: listed, deletedMs };
          }
        },
        async folders(prefix) {
          const names = [...objects.keys()]
            .filter((key) => key.startsWith(prefix))
            .map((key) => key.slice(prefix.length).split("/"));
          return [...new Set(names.filter(({ length }) => length > 1).map(([name = ""]) => name))];
        },
        async describe(key, versionId) {
          const version = objects.get(key)?.versions[Number(versionId.slice(1))];
          return version && { sizeBytes: version.bytes.length, ...version };
        },
        async read(key, versionId) {
          reads.push(key);
          const { versions = [] } = objects.get(key) ?? {};
          const version = versionId === undefined ? versions.at(-1) : versions[Number(versionId.slice(1))];
          return version && chunksOf(version.bytes);
        },
        expirations: async () => expirations,
      };
    },
  };
}

/** A bucket that archivers wrote, to be looked at. */
export function readerOf({ objects, folders }: ReturnType<typeof memoryVault>): ArchiveReader {
  const versionId = "v0";
  return {
    async *keys(prefix) {
      for (const key of [...objects.keys()].sort()) {
        const object = objects.get(key);
        if (object && key.startsWith(prefix))
          yield { key, versions: [{ versionId, sizeBytes: object.bytes.length }] };
      }
    },
    folders,
    describe: async (key) => {
      const object = objects.get(key);
      return object && { sizeBytes: object.bytes.length, metadata: object.metadata };
    },
    read: async (key) => {
      const object = objects.get(key);
      return object && chunksOf(object.bytes);
    },
    expirations: async () => [],
  };
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 7) yield bytes.subarray(from, from + 7);
}
