import type { Clock } from "../core/clock";
import type { Bucket, BucketStore } from "./bucketStore";
import { isObject, type StoredVersion, type Tag } from "./objectStore";
import { newVersionId } from "./writeObject";

interface Filter {
  Prefix?: string;
  Tag?: Tag;
  Tags?: Tag[];
  ObjectSizeGreaterThan?: number;
  ObjectSizeLessThan?: number;
}

/** The members of a rule that are acted on. */
interface Rule {
  Status?: string;
  Prefix?: string;
  Filter?: Filter & { And?: Filter };
  Expiration?: { Days?: number; Date?: Date | string; ExpiredObjectDeleteMarker?: boolean };
  NoncurrentVersionExpiration?: { NoncurrentDays?: number; NewerNoncurrentVersions?: number };
  AbortIncompleteMultipartUpload?: { DaysAfterInitiation?: number };
}

const DAY_MS = 86_400_000;

/**
 * Removes what the buckets' lifecycle rules expire: at the start, and at every midnight of UTC, to which S3 rounds an age
 * in days up (S3 User Guide, "Lifecycle configuration elements" and "Expiring objects"). Storage classes do not change.
 * @returns ends it
 */
export function keepLifecycle(clock: Clock, buckets: BucketStore): () => void {
  let cancel = () => {};
  const act = () => {
    const nowMs = clock.nowMs();
    for (const bucket of buckets.all()) expire(bucket, nowMs);
    cancel = clock.after(DAY_MS - (nowMs % DAY_MS), act);
  };
  act();
  return () => cancel();
}

function expire(bucket: Bucket, nowMs: number): void {
  const { settings } = bucket.record.value;
  const { Rules = [] } = (settings.lifecycle ?? {}) as { Rules?: Rule[] };
  const isVersioned = settings.versioning !== undefined;
  for (const rule of Rules.filter(({ Status }) => Status === "Enabled")) {
    for (const key of [...bucket.objects.keys].filter((one) => one.startsWith(prefixOf(rule)))) {
      expireKey(bucket, key, rule, { nowMs, isVersioned });
    }
    const days = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
    for (const upload of bucket.uploads.all()) {
      if (upload.key.startsWith(prefixOf(rule)) && isPast(upload.initiatedMs, days, nowMs))
        bucket.uploads.remove(upload);
    }
  }
}

function expireKey(
  bucket: Bucket,
  key: string,
  { Filter, Expiration = {}, NoncurrentVersionExpiration }: Rule,
  { nowMs, isVersioned }: { nowMs: number; isVersioned: boolean },
): void {
  const { objects } = bucket;
  const versions = [...objects.versionsOf(key)];
  const [newest, ...older] = versions;
  if (!newest) return;
  const { NoncurrentDays, NewerNoncurrentVersions = 0 } = NoncurrentVersionExpiration ?? {};
  for (const [index, version] of older.entries()) {
    // A version is noncurrent from when the next one was written.
    const sinceMs = versions[index]?.lastModifiedMs ?? nowMs;
    if (index < NewerNoncurrentVersions || !isPast(sinceMs, NoncurrentDays, nowMs)) continue;
    if (matches(Filter, version) && !isLocked(version, nowMs)) objects.remove(version);
  }
  if (!isObject(newest)) {
    const isAlone = objects.versionsOf(key).length === 1;
    if (isAlone && Expiration.ExpiredObjectDeleteMarker) objects.remove(newest);
    return;
  }
  const isDated = Expiration.Date !== undefined && new Date(Expiration.Date).getTime() <= nowMs;
  if (!matches(Filter, newest) || !(isDated || isPast(newest.lastModifiedMs, Expiration.Days, nowMs))) return;
  // A lock holds a version; a delete marker on top of it removes nothing.
  if (isVersioned) objects.add({ key, versionId: newVersionId(bucket), lastModifiedMs: nowMs });
  else objects.remove(newest);
}

const prefixOf = ({ Filter, Prefix }: Rule) => Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? "";

/** Whether so many days are over, at the midnight that follows. */
function isPast(fromMs: number, days: number | undefined, nowMs: number): boolean {
  return days !== undefined && Math.ceil((fromMs + Number(days) * DAY_MS) / DAY_MS) * DAY_MS <= nowMs;
}

/** Whether a rule's filter, the prefix apart, means a version. */
function matches(filter: Rule["Filter"] = {}, { object }: StoredVersion): boolean {
  const { Tag, Tags = [], ObjectSizeGreaterThan, ObjectSizeLessThan } = { ...filter, ...filter.And };
  const sizeBytes = object?.sizeBytes ?? 0;
  const wanted = Tag ? [Tag, ...Tags] : Tags;
  return (
    (ObjectSizeGreaterThan === undefined || sizeBytes > Number(ObjectSizeGreaterThan)) &&
    (ObjectSizeLessThan === undefined || sizeBytes < Number(ObjectSizeLessThan)) &&
    wanted.every(({ Key, Value }) => object?.tags.some((tag) => tag.Key === Key && tag.Value === Value))
  );
}

function isLocked({ object }: StoredVersion, nowMs: number): boolean {
  const { retainUntilMs = 0, legalHold } = object?.lock ?? {};
  return legalHold === "ON" || retainUntilMs > nowMs;
}
