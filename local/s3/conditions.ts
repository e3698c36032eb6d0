import { s3Error } from "./errors";
import type { ObjectVersion, StoredVersion } from "./objectStore";

const unquoted = (etag: string) =>
  etag
    .trim()
    .replace(/^W\//, "")
    .replace(/^"(.*)"$/, "$1");

/** Whether a list of ETags, as `If-Match` carries it, names this one. */
const names = (list: string, etag: string) =>
  list.split(",").some((one) => one.trim() === "*" || unquoted(one) === etag);

/** Conditions of a write. */
export interface WriteConditions {
  IfMatch?: string;
  IfNoneMatch?: string;
}

/**
 * Checks the conditions of a write against a key's newest version. A delete marker counts as absent.
 * @throws PreconditionFailed; NoSuchKey when `If-Match` meets nothing; NotImplemented for an `If-None-Match` other than `*`
 */
export function checkWriteConditions(
  { IfMatch, IfNoneMatch }: WriteConditions,
  key: string,
  newest: StoredVersion | undefined,
): void {
  if (IfNoneMatch !== undefined && IfNoneMatch !== "*")
    throw s3Error("NotImplemented", { Header: "If-None-Match" }, "If-None-Match of a write must be *");
  if (IfNoneMatch !== undefined && newest?.object)
    throw s3Error("PreconditionFailed", { Condition: "If-None-Match", Key: key });
  if (IfMatch === undefined) return;
  if (!newest?.object) throw s3Error("NoSuchKey", { Key: key });
  if (!names(IfMatch, newest.object.etag))
    throw s3Error("PreconditionFailed", { Condition: "If-Match", Key: key });
}

/** Conditions of a read. */
export interface ReadConditions {
  IfMatch?: string;
  IfNoneMatch?: string;
  IfModifiedSince?: Date;
  IfUnmodifiedSince?: Date;
}

/**
 * Checks the conditions of a read in the order of RFC 9110, section 13.2.2: an ETag decides over a date.
 * @throws PreconditionFailed, or NotModified (304)
 */
export function checkReadConditions(conditions: ReadConditions, version: ObjectVersion): void {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  const { etag } = version.object;
  const failed = (Condition: string) => s3Error("PreconditionFailed", { Condition, Key: version.key });
  // Clients know the time of change to the second.
  const modifiedMs = Math.floor(version.lastModifiedMs / 1000) * 1000;
  if (IfMatch !== undefined) {
    if (!names(IfMatch, etag)) throw failed("If-Match");
  } else if (IfUnmodifiedSince && modifiedMs > IfUnmodifiedSince.getTime()) {
    throw failed("If-Unmodified-Since");
  }
  if (IfNoneMatch !== undefined) {
    if (names(IfNoneMatch, etag)) throw s3Error("NotModified");
  } else if (IfModifiedSince && modifiedMs <= IfModifiedSince.getTime()) {
    throw s3Error("NotModified");
  }
}

/**
 * The conditions of a copy on its source. All that fail are 412, and they combine as CopyObject's page says.
 * @throws PreconditionFailed
 */
export function checkCopyConditions(conditions: ReadConditions, source: ObjectVersion): void {
  try {
    checkReadConditions(conditions, source);
  } catch {
    throw s3Error("PreconditionFailed", { Key: source.key });
  }
}
