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

/** The IAM actions of an operation on an object. */
export interface ObjectActions {
  action: string;
  /** For a version given by its id. */
  versionAction: string;
  /** Condition keys beside the object's tags and the version's id. */
  context?: Context;
  /** False for actions that can be allowed by ARN alone. */
  hasConditionKeys?: boolean;
}

/**
 * Finds the object that a call means, after checking that the caller may do this with it.
 * @throws NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker asked for by its id, AccessDenied
 */
export async function findVersion(
  call: Call,
  bucket: Bucket,
  { Key, VersionId }: { Key: string; VersionId?: string },
  actions: ObjectActions,
): Promise<ObjectVersion> {
  const version = lookUp(bucket, Key, VersionId);
  const action = VersionId === undefined ? actions.action : actions.versionAction;
  const context = {
    ...actions.context,
    ...existingTagContext(version?.object?.tags),
    ...(VersionId !== undefined && { "s3:versionid": VersionId }),
  };
  await call.authorize(objectNeed(bucket, Key, action, actions.hasConditionKeys === false ? {} : context));
  if (isObject(version)) return version;
  if (version && VersionId !== undefined) throw s3Error("MethodNotAllowed", { DeleteMarker: true });
  if (VersionId !== undefined) throw s3Error("NoSuchVersion", { Key, VersionId });
  throw await absentKeyError(call, bucket, Key, version && { DeleteMarker: true });
}
