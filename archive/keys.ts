import * as crypto from "node:crypto";
import type { Fragment } from "./fragment";

/** Where a stack's footage lives. Several archives can share a bucket, so no key and no policy leaves out the prefix. */
export interface ArchiveAddress {
  bucket: string;
  /** Empty, or ending in a slash. */
  prefix: string;
}

/** The folder of a stream's clips, Hive-style, so that people and Athena can both read it. */
export function clipFolder(prefix: string, streamName: string): string {
  return `${prefix}clips/stream=${streamName}/`;
}

/** SHA-256 of a list of fragments, in hexadecimal: the same list makes the same object, whoever makes it. */
export function fragmentListHash(fragments: Fragment[]): string {
  const list = fragments.map((fragment) => `${fragment.fragmentNumber}\n`).join("");
  return crypto.createHash("sha256").update(list).digest("hex");
}

/**
 * The key of a clip: `clips/stream=gate/date=2026-11-22/hour=14/20261122T140300.125Z-3f9a1c2e.mp4`, the UTC time of its
 * first frame and eight digits of its list's hash.
 */
export function clipKey(
  prefix: string,
  streamName: string,
  fragments: Fragment[],
  extension: "mp4" | "mkv",
): string {
  const start = new Date(fragments[0]?.producerMs ?? 0).toISOString();
  const [date = "", time = ""] = start.split("T");
  const compact = start.replace(/[-:]/g, "");
  const hash = fragmentListHash(fragments).slice(0, 8);
  return `${clipFolder(prefix, streamName)}date=${date}/hour=${time.slice(0, 2)}/${compact}-${hash}.${extension}`;
}

/** Whether a key has the form of `clipKey`: people may lay other things beside clips. */
export function isClipKey(key: string): boolean {
  return /\/date=\d{4}-\d\d-\d\d\/hour=\d\d\/\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}\.(mp4|mkv)$/.test(key);
}
