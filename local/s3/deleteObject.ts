import { isAwsError } from "../core/errors";
import type { Call } from "../core/service";
import { objectNeed } from "./access";
import type { Bucket } from "./bucketStore";
import { checkWriteConditions } from "./conditions";
import type { S3Context } from "./context";
import { s3CodeOf, s3Error } from "./errors";
import { publishObjectEvent } from "./events";
import { lookUp } from "./findVersion";
import { requireUnlocked } from "./objectLock";
import { newVersionId, visibleVersionId } from "./writeObject";

/** Input of DeleteObject. */
export interface DeleteObjectInput {
  Bucket: string;
  Key: string;
  VersionId?: string;
  IfMatch?: string;
  BypassGovernanceRetention?: boolean;
}

/** Input of DeleteObjects. */
export interface DeleteObjectsInput {
  Bucket: string;
  Delete: { Objects?: { Key: string; VersionId?: string; ETag?: string }[]; Quiet?: boolean };
  BypassGovernanceRetention?: boolean;
}

const MAX_KEYS = 1000;

/** DeleteObject and DeleteObjects. */
export function makeDeleteOperations(s3: S3Context) {
  async function remove(bucket: Bucket, input: DeleteObjectInput, call: Call, reason: string) {
    const { Key, VersionId } = input;
    const action = VersionId === undefined ? "DeleteObject" : "DeleteObjectVersion";
    await call.authorize(
      objectNeed(bucket, Key, action, {
        ...(VersionId !== undefined && { "s3:versionid": VersionId }),
        ...(VersionId === undefined && input.IfMatch !== undefined && { "s3:if-match": input.IfMatch }),
      }),
    );
    return VersionId === undefined
      ? removeNewest(bucket, input, call, reason)
      : removeVersion(bucket, input, call, reason);
  }

  /** Without versioning the object goes; with it a delete marker comes on top. */
  function removeNewest(bucket: Bucket, { Key, IfMatch }: DeleteObjectInput, call: Call, reason: string) {
    const newest = lookUp(bucket, Key);
    checkWriteConditions({ IfMatch }, Key, newest);
    const event = { detailType: "Object Deleted", reason } as const;
    if (bucket.record.value.settings.versioning === undefined) {
      if (!newest) return {};
      bucket.objects.remove(newest);
      publishObjectEvent(s3, call, bucket, newest, { ...event, deletionType: "Permanently Deleted" });
      return {};
    }
    const marker = bucket.objects.add({
      key: Key,
      versionId: newVersionId(bucket),
      lastModifiedMs: s3.clock.nowMs(),
    });
    publishObjectEvent(s3, call, bucket, marker, { ...event, deletionType: "Delete Marker Created" });
    return { DeleteMarker: true, VersionId: marker.versionId };
  }

  async function removeVersion(bucket: Bucket, input: DeleteObjectInput, call: Call, reason: string) {
    const { Key, VersionId, IfMatch, BypassGovernanceRetention: bypass = false } = input;
    const version = lookUp(bucket, Key, VersionId);
    if (!version) return { VersionId };
    await requireUnlocked(call, bucket, version, { bypass, nowMs: s3.clock.nowMs() });
    checkWriteConditions({ IfMatch }, Key, version);
    bucket.objects.remove(version);
    publishObjectEvent(s3, call, bucket, version, {
      detailType: "Object Deleted",
      reason,
      deletionType: "Permanently Deleted",
    });
    return { VersionId: visibleVersionId(bucket, version), DeleteMarker: version.object ? undefined : true };
  }

  return {
    async DeleteObject(input: DeleteObjectInput, call: Call) {
      return remove(s3.buckets.get(input.Bucket), input, call, "DeleteObject");
    },
    async DeleteObjects(input: DeleteObjectsInput, call: Call) {
      const bucket = s3.buckets.get(input.Bucket);
      const { Objects = [], Quiet = false } = input.Delete;
      if (Objects.length === 0 || Objects.length > MAX_KEYS) throw s3Error("MalformedXML");
      const Deleted: object[] = [];
      const Errors: object[] = [];
      for (const { Key, VersionId, ETag } of Objects) {
        const one = { ...input, Key, VersionId, IfMatch: ETag };
        try {
          const removed = await remove(bucket, one, call, "DeleteObject");
          // Here, unlike in DeleteObject, VersionId is what was asked for and the marker has a member of its own.
          const marker = "DeleteMarker" in removed && removed.DeleteMarker;
          const DeleteMarkerVersionId = marker ? removed.VersionId : undefined;
          Deleted.push({ Key, VersionId, DeleteMarker: marker || undefined, DeleteMarkerVersionId });
        } catch (error) {
          if (!isAwsError(error)) throw error;
          Errors.push({ Key, VersionId, Code: s3CodeOf(error), Message: error.message });
        }
      }
      return { Deleted: Quiet ? undefined : Deleted, Errors };
    },
  };
}
