import type { Registered } from "../../support/program";
import {
  allOf,
  demand,
  hasCustomerKey,
  isCustomerKey,
  isOf,
  type Program,
  partOf,
  type Rule,
  refersTo,
  remove,
} from "../rule";
import { closedPolicyRule, plainHttpRule } from "../sharedRules";

const isBucket = isOf("aws:s3/bucket:Bucket");
const LOGGING = "aws:s3/bucketLogging:BucketLogging";

/** A bucket's part, such as `bucketVersioning`. */
function part(bucket: Registered, program: Program, name: string): Registered | undefined {
  const type = `aws:s3/${name}:${name[0]?.toUpperCase()}${name.slice(1)}`;
  return partOf(bucket, program, type, "bucket");
}

const policyOf = (bucket: Registered, program: Program) => part(bucket, program, "bucketPolicy");

/** Whether other buckets' access logs are kept in a bucket. */
const takesLogs = (bucket: Registered, program: Program) =>
  allOf(program, LOGGING).some(({ inputs }) => refersTo(inputs.targetBucket, bucket));

const isArchive = (bucket: Registered, program: Program) => isBucket(bucket) && !takesLogs(bucket, program);

const PUBLIC_ACCESS_BLOCKS = [
  "blockPublicAcls",
  "blockPublicPolicy",
  "ignorePublicAcls",
  "restrictPublicBuckets",
];

export const s3Rules: Rule[] = [
  {
    ids: ["AwsSolutions-S1", "CKV_AWS_18", "S3.9", "W35"],
    says: "has its accesses logged, unless it holds such logs itself",
    applies: isArchive,
    check: (bucket, program) => demand(part(bucket, program, "bucketLogging"), "has no access logs"),
    violate: (bucket, program) => remove(program, part(bucket, program, "bucketLogging")),
  },
  {
    ids: ["AwsSolutions-S2", "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "S3.2", "S3.3", "S3.8"],
    says: "blocks all public access",
    applies: isBucket,
    check(bucket, program) {
      const block = part(bucket, program, "bucketPublicAccessBlock")?.inputs ?? {};
      const open = PUBLIC_ACCESS_BLOCKS.filter((key) => block[key] !== true);
      return demand(open.length === 0, `lacks ${open.join(", ")}`);
    },
    violate(bucket, program) {
      const block = part(bucket, program, "bucketPublicAccessBlock");
      if (block) block.inputs.restrictPublicBuckets = false;
    },
  },
  {
    ids: ["S3.12", "CKV_AWS_20", "CKV_AWS_57", "F14"],
    says: "has no access control lists",
    applies: isBucket,
    check: (bucket, program) =>
      demand(
        bucket.inputs.acl === undefined &&
          part(bucket, program, "bucketAcl") === undefined &&
          part(bucket, program, "bucketOwnershipControls")?.inputs.rule.objectOwnership ===
            "BucketOwnerEnforced",
        "lets access control lists say who may read",
      ),
    violate(bucket, program) {
      const controls = part(bucket, program, "bucketOwnershipControls");
      if (controls) controls.inputs.rule.objectOwnership = "ObjectWriter";
    },
  },
  plainHttpRule(["AwsSolutions-S10", "S3.5"], isBucket, policyOf, /^s3:\*$/),
  closedPolicyRule(["F9", "F15", "F16"], "aws:s3/bucketPolicy:BucketPolicy", "s3:GetObject"),
  {
    ids: ["CKV_AWS_21", "S3.14"],
    says: "keeps every version of an object",
    applies: isArchive,
    check: (bucket, program) =>
      demand(
        part(bucket, program, "bucketVersioning")?.inputs.versioningConfiguration.status === "Enabled",
        "keeps no versions",
      ),
    violate: (bucket, program) => remove(program, part(bucket, program, "bucketVersioning")),
  },
  {
    ids: ["CKV_AWS_19", "W41"],
    says: "is encrypted by default",
    applies: isBucket,
    check: (bucket, program) =>
      demand(algorithmOf(bucket, program)?.sseAlgorithm, "states no encryption at rest"),
    violate: (bucket, program) =>
      remove(program, part(bucket, program, "bucketServerSideEncryptionConfiguration")),
  },
  {
    ids: ["S3DefaultEncryptionKMS", "S3.17"],
    says: "is encrypted with the customer key, where there is one; S3 delivers access logs to no such bucket",
    applies: (bucket, program) => isArchive(bucket, program) && hasCustomerKey(program),
    check(bucket, program) {
      const { sseAlgorithm, kmsMasterKeyId } = algorithmOf(bucket, program) ?? {};
      return demand(
        sseAlgorithm === "aws:kms" && isCustomerKey(kmsMasterKeyId, program),
        "is not encrypted with the customer key",
      );
    },
    violate(bucket, program) {
      const algorithm = algorithmOf(bucket, program);
      if (algorithm) algorithm.sseAlgorithm = "AES256";
    },
  },
  {
    ids: ["CKV_AWS_300"],
    says: "clears away uploads that died",
    applies: isBucket,
    check: (bucket, program) =>
      demand(
        lifecycleRules(bucket, program).some(
          ({ status, filter, abortIncompleteMultipartUpload }) =>
            status === "Enabled" && !filter?.prefix && abortIncompleteMultipartUpload,
        ),
        "keeps the parts of dead uploads",
      ),
    violate: (bucket, program) => remove(program, part(bucket, program, "bucketLifecycleConfiguration")),
  },
  {
    ids: ["CKV2_AWS_61", "S3.10", "S3.13"],
    says: "has a lifecycle",
    applies: isBucket,
    check: (bucket, program) =>
      demand(
        lifecycleRules(bucket, program).some(({ status }) => status === "Enabled"),
        "has no lifecycle",
      ),
    violate: (bucket, program) => remove(program, part(bucket, program, "bucketLifecycleConfiguration")),
  },
  {
    ids: ["S3BucketDefaultLockEnabled", "S3.15"],
    says: "has its objects locked, where that was asked for",
    applies: (bucket, program) => isArchive(bucket, program) && program.settings.archive.lock !== undefined,
    check(bucket, program) {
      const { mode, days } =
        part(bucket, program, "bucketObjectLockConfiguration")?.inputs.rule.defaultRetention ?? {};
      const { lock } = program.settings.archive;
      return demand(mode === lock?.mode.toUpperCase() && days === lock?.days, "is not locked as asked for");
    },
    violate: (bucket, program) => remove(program, part(bucket, program, "bucketObjectLockConfiguration")),
  },
];

function algorithmOf(bucket: Registered, program: Program) {
  const inputs = part(bucket, program, "bucketServerSideEncryptionConfiguration")?.inputs;
  return inputs?.rules[0]?.applyServerSideEncryptionByDefault as
    | { sseAlgorithm: string; kmsMasterKeyId?: string }
    | undefined;
}

interface LifecycleRule {
  status: string;
  filter?: { prefix?: string };
  abortIncompleteMultipartUpload?: object;
}

function lifecycleRules(bucket: Registered, program: Program): LifecycleRule[] {
  return part(bucket, program, "bucketLifecycleConfiguration")?.inputs.rules ?? [];
}
