import type { Bucket } from "./bucketStore";
import { s3Error } from "./errors";
import type { Tag } from "./objectStore";
import { checkTags } from "./tags";

/** Checks what is put as a configuration, and answers what is kept if that is not the value itself. */
type Check = (value: never, bucket: Bucket, input: Record<string, unknown>) => unknown;

const oneOf = (value: string | undefined, values: string[]) => {
  if (value === undefined || !values.includes(value)) throw s3Error("MalformedXML");
};

const MAX_LIFECYCLE_RULES = 1000;
const MAX_POLICY_BYTES = 20 * 1024;

/** Checks by the key of the configuration; one without a check is kept as it comes. */
export const SETTING_CHECKS: Record<string, Check | undefined> = {
  versioning({ Status, MFADelete }: { Status?: string; MFADelete?: string }, bucket) {
    oneOf(Status, ["Enabled", "Suspended"]);
    if (MFADelete === "Enabled") throw s3Error("NotImplemented", {}, "The local cloud has no MFA delete");
    if (Status === "Suspended" && bucket.record.value.settings["object-lock"])
      throw s3Error(
        "InvalidBucketState",
        {},
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
      );
  },
  encryption({ Rules }: { Rules?: { ApplyServerSideEncryptionByDefault?: { SSEAlgorithm?: string } }[] }) {
    if (Rules?.length !== 1) throw s3Error("MalformedXML");
    const byDefault = Rules[0]?.ApplyServerSideEncryptionByDefault;
    if (byDefault) oneOf(byDefault.SSEAlgorithm, ["AES256", "aws:kms"]);
  },
  lifecycle(
    { Rules }: { Rules?: { ID?: string; Status?: string }[] },
    _bucket,
    { TransitionDefaultMinimumObjectSize = "all_storage_classes_128K" },
  ) {
    if (!Rules || Rules.length === 0 || Rules.length > MAX_LIFECYCLE_RULES) throw s3Error("MalformedXML");
    for (const { Status } of Rules) oneOf(Status, ["Enabled", "Disabled"]);
    const named = Rules.map(({ ID }) => ID).filter((id) => id !== undefined);
    if (new Set(named).size < named.length)
      throw s3Error("InvalidArgument", {}, "Rule ID must be unique. Found same ID for more than one rule");
    return { Rules, TransitionDefaultMinimumObjectSize };
  },
  policy(policy: string) {
    if (Buffer.byteLength(policy) > MAX_POLICY_BYTES)
      throw s3Error("MalformedPolicy", {}, `Policies are limited to ${MAX_POLICY_BYTES} bytes`);
    const parsed = parsePolicy(policy);
    if (typeof parsed !== "object" || parsed === null || !("Statement" in parsed))
      throw s3Error("MalformedPolicy", {}, "Missing required field Statement");
  },
  ownershipControls({ Rules }: { Rules?: { ObjectOwnership?: string }[] }) {
    if (Rules?.length !== 1) throw s3Error("MalformedXML");
    oneOf(Rules[0]?.ObjectOwnership, ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]);
  },
  tagging: ({ TagSet = [] }: { TagSet?: Tag[] }) => ({ TagSet: checkTags(TagSet, 50) }),
  "object-lock"({ ObjectLockEnabled }: { ObjectLockEnabled?: string }, bucket) {
    oneOf(ObjectLockEnabled, ["Enabled"]);
    const versioning = bucket.record.value.settings.versioning as { Status?: string } | undefined;
    if (versioning?.Status !== "Enabled")
      throw s3Error(
        "InvalidBucketState",
        {},
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      );
  },
  notification(configuration: object) {
    const others = Object.keys(configuration).filter((name) => name !== "EventBridgeConfiguration");
    if (others.length > 0)
      throw s3Error(
        "NotImplemented",
        {},
        `The local cloud sends S3's events to EventBridge only; leave out ${others.join(", ")}`,
      );
  },
};

function parsePolicy(policy: string): unknown {
  try {
    return JSON.parse(policy);
  } catch {
    throw s3Error("MalformedPolicy");
  }
}
