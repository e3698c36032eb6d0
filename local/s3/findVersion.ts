import type { Call } from "../core/service";
import { absentKeyError, type Context, existingTagContext, objectNeed } from "./access";
import type { Bucket } from "./bucketStore";
import { s3Error } from "./errors";
import { isObject, type ObjectVersion, type StoredVersion } from "./objectStore";

/** The newest version of a key, or the one with this id. */
export function lookUp(bucket: Bucket, key: string, versionId?: string): StoredVersion | undefined {
  const versions = bucket.objects.versionsOf(key);
  return versionId === undefined ? versions[0] : versions.find((one) => one.versionId === versionId);
}

/**
 * Finds the object that a call means, after checking that the caller may do `action` with it (for a version given by its
 * id: `versionAction`).
 * @throws NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker asked for by its id, AccessDenied
 */
export async function findVersion(
  call: Call,
  bucket: Bucket,
  { Key, VersionId }: { Key: string; VersionId?: string },
  actions: { action: string; versionAction: string; context?: Context },
): Promise<ObjectVersion> {
  const version = lookUp(bucket, Key, VersionId);
  const action = VersionId === undefined ? actions.action : actions.versionAction;
  const context = {
    ...actions.context,
    ...existingTagContext(version?.object?.tags),
    ...(VersionId !== undefined && { "s3:VersionId": VersionId }),
  };
  await call.authorize(objectNeed(bucket, Key, action, context));
  if (isObject(version)) return version;
  if (version && VersionId !== undefined) throw s3Error("MethodNotAllowed", { DeleteMarker: true });
  if (VersionId !== undefined) throw s3Error("NoSuchVersion", { Key, VersionId });
  throw await absentKeyError(call, bucket, Key, version && { DeleteMarker: true });
}
