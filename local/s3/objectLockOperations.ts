import type { Call } from "../core/service";
import type { S3Context } from "./context";
import { s3Error } from "./errors";
import { findVersion } from "./findVersion";
import { checkLegalHold, checkRetention, requireLockConfiguration, requireUnlocked } from "./objectLock";

/** Input of the operations on an object's lock. */
export interface ObjectLockInput {
  Bucket: string;
  Key: string;
  VersionId?: string;
  BypassGovernanceRetention?: boolean;
}

const actions = (name: string) => ({ action: name, versionAction: name, hasConditionKeys: false });

/** GetObjectRetention, PutObjectRetention, GetObjectLegalHold and PutObjectLegalHold. */
export function makeObjectLockOperations({ buckets, clock }: S3Context) {
  async function find(input: ObjectLockInput, call: Call, name: string) {
    const bucket = buckets.get(input.Bucket);
    const version = await findVersion(call, bucket, input, actions(name));
    requireLockConfiguration(bucket);
    return { bucket, version };
  }

  return {
    async GetObjectRetention(input: ObjectLockInput, call: Call) {
      const { version } = await find(input, call, "GetObjectRetention");
      const { mode, retainUntilMs } = version.object.lock ?? {};
      if (mode === undefined || retainUntilMs === undefined)
        throw s3Error("NoSuchObjectLockConfiguration", { Key: input.Key });
      return { Retention: { Mode: mode, RetainUntilDate: new Date(retainUntilMs) } };
    },
    async PutObjectRetention(
      input: ObjectLockInput & { Retention: { Mode?: string; RetainUntilDate?: string | Date } },
      call: Call,
    ) {
      const { bucket, version } = await find(input, call, "PutObjectRetention");
      const nowMs = clock.nowMs();
      const { Mode, RetainUntilDate } = input.Retention;
      const retention = checkRetention(Mode, RetainUntilDate, nowMs);
      const before = version.object.lock ?? {};
      const isLonger =
        retention.mode === before.mode && retention.retainUntilMs >= (before.retainUntilMs ?? 0);
      const bypass = input.BypassGovernanceRetention ?? false;
      // A legal hold keeps a version from deletion; it does not keep its retention from change.
      const retained = {
        ...version,
        object: { ...version.object, lock: { ...before, legalHold: undefined } },
      };
      if (!isLonger) await requireUnlocked(call, bucket, retained, { bypass, nowMs });
      version.object.lock = { ...before, ...retention };
      bucket.objects.update(version);
      return {};
    },
    async GetObjectLegalHold(input: ObjectLockInput, call: Call) {
      const { version } = await find(input, call, "GetObjectLegalHold");
      const status = version.object.lock?.legalHold;
      if (status === undefined) throw s3Error("NoSuchObjectLockConfiguration", { Key: input.Key });
      return { LegalHold: { Status: status } };
    },
    async PutObjectLegalHold(input: ObjectLockInput & { LegalHold: { Status?: string } }, call: Call) {
      const { bucket, version } = await find(input, call, "PutObjectLegalHold");
      version.object.lock = { ...version.object.lock, legalHold: checkLegalHold(input.LegalHold.Status) };
      bucket.objects.update(version);
      return {};
    },
  };
}
