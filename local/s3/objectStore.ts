import * as fs from "node:fs";
import * as path from "node:path";
import type { Checksum } from "./checksums";
import { namesIn, readJson, subfolder, writeJson } from "./files";
import { compareKeys, insertKey, removeKey } from "./sortedKeys";

/** A key and value of a tag set. */
export interface Tag {
  Key: string;
  Value: string;
}

/** How long a version is kept from deletion (S3 Object Lock). */
export interface ObjectLock {
  mode?: "GOVERNANCE" | "COMPLIANCE";
  retainUntilMs?: number;
  legalHold?: "ON" | "OFF";
}

/** What was stored under a key: an object, or the marker that its newest version is deleted. */
export interface Version {
  key: string;
  /** `null` for what was written while versioning was not enabled. */
  versionId: string;
  lastModifiedMs: number;
  /** Nothing for a delete marker. */
  object?: StoredObject;
}

/** An object's properties beside its bytes. */
export interface StoredObject {
  sizeBytes: number;
  /** Without quotes. */
  etag: string;
  /** Members that are answered as they came: ContentType, CacheControl, StorageClass, ServerSideEncryption, ... */
  properties: Record<string, string | boolean>;
  /** User metadata, names in lower case without `x-amz-meta-`. */
  metadata: Record<string, string>;
  tags: Tag[];
  checksum?: Checksum;
  /** Of an object made by a multipart upload. */
  parts?: { partNumber: number; sizeBytes: number; checksumValue?: string }[];
  lock?: ObjectLock;
}

/** A version in the store; `sequence` counts the bucket's writes and names the version's files. */
export interface StoredVersion extends Version {
  sequence: number;
}

/** A version that is an object. */
export type ObjectVersion = StoredVersion & { object: StoredObject };

/** Tells objects from delete markers. */
export const isObject = (version: StoredVersion | undefined): version is ObjectVersion =>
  version?.object !== undefined;

/** The versions of one bucket, in memory and on disk. */
export interface ObjectStore {
  /** Every key with a version, in S3's order. */
  readonly keys: readonly string[];
  /** A key's versions, newest first. */
  versionsOf(key: string): readonly StoredVersion[];
  /**
   * Adds the newest version of a key. One with the id `null` replaces the key's earlier `null` version. Synchronous, so
   * that nothing can come between a caller's check of a condition and this. Killed at any instant, it happened or not.
   * @param bytesFile an object's bytes, on the disk; moved into the store
   */
  add(version: Version, bytesFile?: string): StoredVersion;
  /** Keeps a version's changed tags or lock. */
  update(version: StoredVersion): void;
  /** Deletes a version for good. */
  remove(version: StoredVersion): void;
  /** The file with an object's bytes. */
  bytesOf(version: StoredVersion): string;
}

/** Versions per folder of files. */
const FOLDER_SIZE = 1000;

/**
 * Opens the versions under `folder`. A version is two files: its bytes, written first, and its record in JSON, with which
 * it begins to exist; so a put costs the same however many objects there are.
 */
export function openObjectStore(folder: string): ObjectStore {
  const versions = new Map<string, StoredVersion[]>();
  let nextSequence = 0;

  const fileOf = (sequence: number, extension: string) => {
    const group = String(Math.floor(sequence / FOLDER_SIZE)).padStart(6, "0");
    return path.join(folder, group, `${sequence}.${extension}`);
  };
  const eraseFiles = ({ sequence }: StoredVersion) => {
    fs.rmSync(fileOf(sequence, "json"), { force: true });
    fs.rmSync(fileOf(sequence, "bin"), { force: true });
  };

  const keys = load();

  function load(): string[] {
    const found: StoredVersion[] = [];
    for (const group of namesIn(folder)) {
      const names = new Set(namesIn(path.join(folder, group)));
      for (const name of names) {
        const file = path.join(folder, group, name);
        nextSequence = Math.max(nextSequence, Number.parseInt(name, 10) + 1);
        if (name.endsWith(".json")) found.push(readJson<StoredVersion>(file));
        // Bytes without a record are what a killed put left.
        else if (!names.has(name.replace(/\.bin$/, ".json"))) fs.rmSync(file);
      }
    }
    for (const version of found.sort((a, b) => a.sequence - b.sequence)) index(version);
    return [...versions.keys()].sort(compareKeys);
  }

  /** Puts a version on top of its key's list; a replaced `null` version leaves list and disk. */
  function index(version: StoredVersion) {
    const earlier = versions.get(version.key) ?? [];
    const replaced = version.versionId === "null" ? earlier.filter((one) => one.versionId === "null") : [];
    versions.set(version.key, [version, ...earlier.filter((one) => !replaced.includes(one))]);
    replaced.forEach(eraseFiles);
  }

  return {
    keys,
    versionsOf: (key) => versions.get(key) ?? [],
    add(version, bytesFile) {
      const stored = { ...version, sequence: nextSequence++ };
      subfolder(path.dirname(fileOf(stored.sequence, "json")));
      if (bytesFile !== undefined) fs.renameSync(bytesFile, fileOf(stored.sequence, "bin"));
      writeJson(fileOf(stored.sequence, "json"), stored);
      index(stored);
      insertKey(keys, stored.key);
      return stored;
    },
    update: (version) => writeJson(fileOf(version.sequence, "json"), version),
    remove(version) {
      const left = (versions.get(version.key) ?? []).filter((one) => one !== version);
      if (left.length > 0) versions.set(version.key, left);
      else {
        versions.delete(version.key);
        removeKey(keys, version.key);
      }
      eraseFiles(version);
    },
    bytesOf: ({ sequence }) => fileOf(sequence, "bin"),
  };
}
