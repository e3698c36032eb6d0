import type { Call } from "../core/service";
import { isAllowed, objectNeed } from "./access";
import type { Bucket } from "./bucketStore";
import { s3Error } from "./errors";
import type { ObjectLock, StoredVersion } from "./objectStore";

/** The members of a write that lock what it makes. */
export interface LockMembers {
  ObjectLockMode?: string;
  ObjectLockRetainUntilDate?: Date | string;
  ObjectLockLegalHoldStatus?: string;
}

interface LockConfiguration {
  ObjectLockEnabled?: string;
  Rule?: { DefaultRetention?: { Mode: "GOVERNANCE" | "COMPLIANCE"; Days?: number; Years?: number } };
}

const DAY_MS = 24 * 3600 * 1000;

const configurationOf = (bucket: Bucket) =>
  bucket.record.value.settings["object-lock"] as LockConfiguration | undefined;

/** @throws InvalidRequest unless Object Lock is on for the bucket */
export function requireLockConfiguration(bucket: Bucket): void {
  if (!configurationOf(bucket))
    throw s3Error("InvalidRequest", {}, "Bucket is missing Object Lock Configuration");
}

/**
 * The lock of an object to be: what the request says, else the bucket's default retention.
 * @throws InvalidRequest or InvalidArgument
 */
export function lockOf(input: LockMembers, bucket: Bucket, nowMs: number): ObjectLock | undefined {
  const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = input;
  if (ObjectLockMode ?? ObjectLockRetainUntilDate ?? ObjectLockLegalHoldStatus)
    requireLockConfiguration(bucket);
  const legalHold = ObjectLockLegalHoldStatus && { legalHold: checkLegalHold(ObjectLockLegalHoldStatus) };
  if (ObjectLockMode !== undefined || ObjectLockRetainUntilDate !== undefined)
    return { ...checkRetention(ObjectLockMode, ObjectLockRetainUntilDate, nowMs), ...(legalHold || {}) };
  const retention = configurationOf(bucket)?.Rule?.DefaultRetention;
  if (!retention) return legalHold || undefined;
  const days = Number(retention.Days ?? 0) + Number(retention.Years ?? 0) * 365;
  return { mode: retention.Mode, retainUntilMs: nowMs + days * DAY_MS, ...(legalHold || {}) };
}

/** @throws InvalidArgument unless mode and date come together, the mode is one of S3's and the date is ahead */
export function checkRetention(
  mode: string | undefined,
  until: Date | string | undefined,
  nowMs: number,
): Required<Pick<ObjectLock, "mode" | "retainUntilMs">> {
  const retainUntilMs = until === undefined ? Number.NaN : new Date(until).getTime();
  if (mode === undefined || Number.isNaN(retainUntilMs))
    throw s3Error("InvalidArgument", {}, "A retention has both a mode and a retain-until date");
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")
    throw s3Error("InvalidArgument", { ArgumentValue: mode }, "Unknown wormMode directive.");
  if (retainUntilMs <= nowMs)
    throw s3Error("InvalidArgument", {}, "The retain until date must be in the future!");
  return { mode, retainUntilMs };
}

/** @throws InvalidArgument unless it is ON or OFF */
export function checkLegalHold(status: string | undefined): "ON" | "OFF" {
  if (status !== "ON" && status !== "OFF")
    throw s3Error("InvalidArgument", { ArgumentValue: status }, "Legal Hold must be either of 'ON' or 'OFF'");
  return status;
}

/** How an object's lock is answered. */
export const lockMembers = (lock: ObjectLock = {}): LockMembers => ({
  ObjectLockMode: lock.mode,
  ObjectLockRetainUntilDate: lock.retainUntilMs === undefined ? undefined : new Date(lock.retainUntilMs),
  ObjectLockLegalHoldStatus: lock.legalHold,
});

/**
 * Refuses what a version's lock forbids: to delete it, or to shorten its retention.
 * @param bypass whether the caller asked to bypass governance, for which the permission is checked here
 * @throws AccessDenied
 */
export async function requireUnlocked(
  call: Call,
  bucket: Bucket,
  version: StoredVersion,
  { bypass, nowMs }: { bypass: boolean; nowMs: number },
): Promise<void> {
  const { mode, retainUntilMs = 0, legalHold } = version.object?.lock ?? {};
  const retained = retainUntilMs > nowMs;
  const refusal = s3Error(
    "AccessDenied",
    { Key: version.key },
    "Access Denied because object protected by object lock.",
  );
  if (legalHold === "ON" || (retained && mode === "COMPLIANCE")) throw refusal;
  if (!retained) return;
  const need = objectNeed(bucket, version.key, "BypassGovernanceRetention");
  if (!bypass || !(await isAllowed(call, need))) throw refusal;
}
