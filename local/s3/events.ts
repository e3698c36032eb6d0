import type { Call } from "../core/service";
import type { Bucket } from "./bucketStore";
import type { S3Context } from "./context";
import type { StoredVersion } from "./objectStore";

/**
 * Tells EventBridge what happened to an object, if the bucket's notification configuration turns that on (S3 User Guide,
 * "EventBridge event message structure").
 */
export function publishObjectEvent(
  { clock, publishEvent }: S3Context,
  call: Call,
  bucket: Bucket,
  version: StoredVersion,
  event: { detailType: "Object Created" | "Object Deleted"; reason: string; deletionType?: string },
): void {
  const notification = bucket.record.value.settings.notification as object | undefined;
  if (!publishEvent || !notification || !("EventBridgeConfiguration" in notification)) return;
  const { object } = version;
  publishEvent({
    source: "aws.s3",
    detailType: event.detailType,
    resources: [`arn:aws:s3:::${bucket.name}`],
    timeMs: clock.nowMs(),
    detail: {
      version: "0",
      bucket: { name: bucket.name },
      object: {
        key: version.key,
        ...(event.detailType === "Object Created" && object && { size: object.sizeBytes }),
        ...(object && { etag: object.etag }),
        ...(version.versionId !== "null" && { "version-id": version.versionId }),
        sequencer: version.sequence.toString(16).toUpperCase().padStart(18, "0"),
      },
      "request-id": call.requestId,
      requester: call.caller.accountId,
      "source-ip-address": "127.0.0.1",
      reason: event.reason,
      ...(event.deletionType && { "deletion-type": event.deletionType }),
    },
  });
}
