import * as crypto from "node:crypto";
import type { FirstVersion, HeldObject, PutOutcome, Vault, VaultObject } from "../../../archive/ports";
import type { FaultKind, History } from "../history";
import type { Timeline } from "../timeline";
import type { Calls, Worker } from "./calls";

/** An object of the bucket. */
export interface StoredObject {
  bytes: Buffer;
  metadata: Record<string, string>;
  /** When it was put, and by which invocation; by people, of damage. */
  putMs: number;
  putBy: number | undefined;
  etag: string;
  /** The first version's bytes, where others were put in their place. */
  firstBytes?: Buffer;
  /** Whether a delete marker is its newest version. */
  isDeleted?: true;
}

export type Bucket = ReturnType<typeof makeBucket>;

/** A bucket: strongly consistent, with conditional writes. */
export function makeBucket({ behaviours }: History, timeline: Timeline, calls: Calls) {
  const reads: FaultKind[] = behaviours.oneKey ? ["unavailable", "keyDisabled"] : ["unavailable"];
  const writes: FaultKind[] = [...reads, "answerLostAndRetried"];
  const objects = new Map<string, StoredObject>();
  /** Keys of each folder, last first: a ledger's keys count down, so a new one is added at the end. */
  const folders = new Map<string, string[]>();
  const folderOf = (key: string) => key.slice(0, key.lastIndexOf("/") + 1);
  /** Texts of keys that are written over, in their order, and when they were put. */
  const written = new Map<string, { text: string; putMs: number }[]>();
  let version = 0;

  function put(
    key: string,
    bytes: Buffer,
    metadata: Record<string, string>,
    putBy: number | undefined,
  ): void {
    version += 1;
    const before = objects.get(key);
    const firstBytes = before && (before.firstBytes ?? before.bytes);
    objects.set(key, { bytes, metadata, putMs: timeline.nowMs(), putBy, etag: String(version), firstBytes });
    if (/^(sweeps|claims)\//.test(key)) {
      if (!written.has(key)) written.set(key, []);
      written.get(key)?.push({ text: bytes.toString(), putMs: timeline.nowMs() });
    }
    if (before) return;
    const keys = folders.get(folderOf(key)) ?? [];
    if (keys.length === 0) folders.set(folderOf(key), keys);
    let index = keys.length;
    while (index > 0 && keys[index - 1]! < key) index -= 1;
    keys.splice(index, 0, key);
  }

  /** Takes an old object out of memory; whoever asks for it afterwards finds none. */
  function forget(key: string): void {
    objects.delete(key);
    const keys = folders.get(folderOf(key)) ?? [];
    keys.splice(keys.indexOf(key), 1);
    if (keys.length === 0) folders.delete(folderOf(key));
  }

  function firstKeys(prefix: string, limit: number): string[] {
    const keys = folders.get(folderOf(prefix)) ?? [];
    if (prefix === folderOf(prefix)) return keys.slice(-limit).reverse();
    return keys
      .filter((key) => key.startsWith(prefix))
      .slice(-limit)
      .reverse();
  }

  function firstVersions(prefix: string, limit: number): FirstVersion[] {
    return firstKeys(prefix, limit).map((key) => {
      const { firstBytes, isDeleted } = objects.get(key) as StoredObject;
      return firstBytes || isDeleted ? { key, versionId: "first" } : { key };
    });
  }

  function folderNames(prefix: string): string[] {
    const names = [...folders.keys()].filter((folder) => folder.startsWith(prefix));
    return [...new Set(names.map((folder) => folder.slice(prefix.length).split("/")[0] ?? ""))];
  }

  /** The bucket as one invocation sees it, through the client that is shipped: its conditional writes answer alike. */
  function vaultFor(worker: Worker): Vault {
    async function putIfAbsent({ key, body, metadata }: VaultObject): Promise<PutOutcome> {
      const bytes = await read(body);
      if (bytes.length === 0) throw new Error(`the body of ${key} has no bytes; nothing was stored`);
      const act = (): PutOutcome => {
        const held = objects.get(key);
        if (calls.strikes("writeConflict") || (held && !held.isDeleted)) return { outcome: "present" };
        put(key, bytes, metadata, worker.id);
        return { outcome: "stored", checksum: checksumOf(bytes) };
      };
      return calls.call(worker, act, writes);
    }

    async function replace({ key, body, metadata }: VaultObject, etag: string): Promise<boolean> {
      const bytes = await read(body);
      const act = () => {
        if (objects.get(key)?.etag !== etag) return false;
        put(key, bytes, metadata, worker.id);
        return true;
      };
      return calls.call(worker, act, writes);
    }

    function get(key: string, versionId?: string): Promise<HeldObject | undefined> {
      const act = (): HeldObject | undefined => {
        const object = objects.get(key);
        if (!object || (object.isDeleted && !versionId)) return undefined;
        const { metadata, etag } = object;
        const bytes = (versionId && object.firstBytes) || object.bytes;
        return {
          body: once(bytes),
          metadata,
          etag,
          checksum: key.endsWith(".json") ? undefined : checksumOf(bytes),
        };
      };
      return calls.call(worker, act, reads);
    }

    return {
      putIfAbsent,
      replace,
      get,
      firstVersions: (prefix, limit) => calls.call(worker, () => firstVersions(prefix, limit), reads),
      firstKeys: (prefix, limit) => calls.call(worker, () => firstKeys(prefix, limit), reads),
      folders: (prefix) => calls.call(worker, () => folderNames(prefix), reads),
    };
  }

  return { objects, written, put, forget, firstKeys, folderNames, vaultFor };
}

const checksumOf = (bytes: Buffer) => crypto.createHash("sha256").update(bytes).digest("base64");

async function* once(bytes: Uint8Array) {
  yield bytes;
}

async function read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  const [first] = parts;
  return parts.length === 1 && first
    ? Buffer.from(first.buffer, first.byteOffset, first.length)
    : Buffer.concat(parts);
}
