import * as fs from "node:fs";
import * as path from "node:path";
import type { Store, StoredDocument } from "../core/store";
import { s3Error } from "./errors";
import { namesIn } from "./files";
import { type ObjectStore, openObjectStore } from "./objectStore";
import { openUploadStore, type UploadStore } from "./uploadStore";

/** What a bucket keeps beside its objects. */
export interface BucketRecord {
  name: string;
  createdMs: number;
  /** Configurations by the name of their query parameter (`lifecycle`, `policy`, ...), in the members of S3's API. */
  settings: Record<string, unknown>;
}

/** A bucket. */
export interface Bucket {
  name: string;
  record: StoredDocument<BucketRecord>;
  objects: ObjectStore;
  uploads: UploadStore;
}

/** All buckets of the account. */
export interface BucketStore {
  /** @throws NoSuchBucket */
  get(name: string | undefined): Bucket;
  has(name: string): boolean;
  /** In the order of their names. */
  all(): Bucket[];
  create(record: BucketRecord): Bucket;
  remove(bucket: Bucket): void;
  /** Where payloads are received, on the same disk as the objects. */
  incomingFolder: string;
}

/** Opens the buckets under the data folder; what was being received when the last process ended is dropped. */
export function openBucketStore(store: Store): BucketStore {
  const folder = store.folder("s3/buckets");
  fs.rmSync(store.folder("s3/incoming"), { recursive: true });
  const incomingFolder = store.folder("s3/incoming");
  const buckets = new Map<string, Bucket>();

  function open(initial: BucketRecord): Bucket {
    const { name } = initial;
    const bucket = {
      name,
      record: store.document(`s3/buckets/${name}/bucket`, initial),
      objects: openObjectStore(store.folder(`s3/buckets/${name}/objects`)),
      uploads: openUploadStore(store.folder(`s3/buckets/${name}/uploads`)),
    };
    buckets.set(name, bucket);
    return bucket;
  }

  for (const name of namesIn(folder)) {
    if (fs.existsSync(path.join(folder, name, "bucket.json"))) open({ name, createdMs: 0, settings: {} });
    // A folder without its record is what a killed DeleteBucket left.
    else fs.rmSync(path.join(folder, name), { recursive: true });
  }

  return {
    incomingFolder,
    get(name = "") {
      const bucket = buckets.get(name);
      if (!bucket) throw s3Error("NoSuchBucket", { BucketName: name });
      return bucket;
    },
    has: (name) => buckets.has(name),
    all: () => [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    create(record) {
      const bucket = open(record);
      bucket.record.save();
      return bucket;
    },
    remove({ name }) {
      buckets.delete(name);
      fs.rmSync(path.join(folder, name, "bucket.json"));
      fs.rmSync(path.join(folder, name), { recursive: true });
    },
  };
}
