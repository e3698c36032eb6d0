/** A key of the bucket, and what became of it. */
export interface ListedKey {
  key: string;
  /** Its versions, oldest first: one, unless someone wrote it again; none where only a delete marker is left. */
  versions: ListedVersion[];
  /** When it was deleted, if it is: its newest version is a delete marker then. */
  deletedMs?: number;
}

/** One version of a key. */
export interface ListedVersion {
  versionId: string;
  sizeBytes: number;
}

/** What S3 says of an object without its bytes. */
export interface ObjectDescription {
  sizeBytes: number;
  metadata: Record<string, string>;
  /** `ChecksumSHA256` as S3 states it: base64; of an object made of parts, the hash of their hashes and `-N`. */
  checksum?: string;
}

/** What the bucket's lifecycle removes: the keys of a prefix, so many days after they were stored or at a date. */
export interface Expiration {
  prefix: string;
  days?: number;
  atMs?: number;
}

/** An archive's bucket to be looked at, and not to be written. */
export interface ArchiveReader {
  /** Every key of a prefix, in order, however many there are. */
  keys(prefix: string): AsyncIterable<ListedKey>;
  /** Names of the folders directly under a prefix. */
  folders(prefix: string): Promise<string[]>;
  /** Nothing where the version is gone. */
  describe(key: string, versionId: string): Promise<ObjectDescription | undefined>;
  /** The bytes of a version, by default of the newest; nothing where it is gone. */
  read(key: string, versionId?: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  expirations(): Promise<Expiration[]>;
}
