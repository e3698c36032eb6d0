import type { Fragment } from "./fragment";

/** A stream as Kinesis Video Streams describes it. */
export interface StreamDescription {
  streamName: string;
  /** Ends in the creation time, so it names this life of the stream and no other of the same name. */
  streamArn: string;
  createdMs: number;
  retentionHours: number;
}

/** A stretch of server time, both ends inclusive, as ListFragments and GetClip take it. */
export interface ServerTimeRange {
  fromMs: number;
  toMs: number;
}

/** What a listing showed, and as of when. */
export interface Listing {
  fragments: Fragment[];
  /** When it was answered, on the service's clock: what had expired by then, it could not show. */
  answeredMs: number;
  /** There are more than it was to hold: these are any of them, and nothing follows from what is not among them. */
  isCut?: true;
}

/** What Kinesis Video Streams holds of one stream. */
export interface FragmentSource {
  describe(): Promise<StreamDescription>;
  /** Every fragment that began in the range, in no order; or some of them, where there are more than `most`. */
  list(range: ServerTimeRange, most?: number): Promise<Listing>;
  /**
   * An MP4 of the fragments that began in the range. A chunk of it is there until the next one is asked for.
   * Rejects with the service's error; `clipMovie` tells a run that can never be one from a call that may be repeated.
   */
  clip(range: ServerTimeRange): Promise<AsyncIterable<Uint8Array>>;
  /** Matroska chunks of these fragments, one after the other, each tagged with its fragment number. */
  media(fragmentNumbers: string[]): Promise<AsyncIterable<Uint8Array>>;
}

/** An object to be put into the vault. */
export interface VaultObject {
  key: string;
  body: AsyncIterable<Uint8Array>;
  contentType: string;
  metadata: Record<string, string>;
  tags: Record<string, string>;
}

/** An object as the vault holds it. */
export interface HeldObject {
  body: AsyncIterable<Uint8Array>;
  metadata: Record<string, string>;
  /** Names these bytes under this key: what `replace` compares. */
  etag: string;
  /** The SHA-256 that the vault itself keeps of the object, as it states it. */
  checksum?: string;
}

/** What was put under a key first, which alone counts of a ledger's entry. */
export interface FirstVersion {
  key: string;
  /** What `get` reads it by where the key gives it no more: something was put over it, or it was deleted. */
  versionId?: string;
}

/** What became of an object that was to be put. */
export interface PutOutcome {
  outcome: "stored" | "present";
  /** As in `HeldObject`, where the object was stored. */
  checksum?: string;
}

/** The archive's bucket: strongly consistent, and the only memory that archivers share. */
export interface Vault {
  /**
   * Stores the whole body under the key unless the key exists: `present` then, and the body is dropped. Whatever goes
   * wrong on the way, no part of an object is left under the key.
   */
  putIfAbsent(object: VaultObject): Promise<PutOutcome>;
  /** Puts a small object in the place of the one with this `etag`; answers whether it was still there. */
  replace(object: VaultObject, etag: string): Promise<boolean>;
  /** The object under a key, if there is one, or one of its versions. */
  get(key: string, versionId?: string): Promise<HeldObject | undefined>;
  /**
   * What was put first under the first keys of a prefix, in their order, `limit` of them at most; where the bucket keeps
   * versions, deleted objects too.
   */
  firstVersions(prefix: string, limit: number): Promise<FirstVersion[]>;
  /** The first keys of a prefix, in order, `limit` of them at most. */
  firstKeys(prefix: string, limit: number): Promise<string[]>;
  /** The folders directly under a prefix that ends in a slash: their names. */
  folders(prefix: string): Promise<string[]>;
}
