import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ArchiveAddress } from "./archiveAddress";
import { clipLifecycle } from "./clipLifecycle";
import { PrivateBucket } from "./privateBucket";
import type { ArchiveSettings } from "./settings";

export interface ArchiveArgs extends ArchiveSettings {
  /** The customer key that encrypts the bucket; without it, keys of S3. An existing bucket has its own encryption. */
  keyArn?: pulumi.Input<string>;
  /** How long it is kept who read and wrote in the bucket. */
  logRetentionDays: number;
  tags: Record<string, string>;
}

/**
 * Where footage is kept: a bucket that was made for it, or an existing one, and a prefix. The bucket that is made
 * outlives the stack unless the settings say otherwise: `pulumi destroy` succeeds and leaves it.
 */
export class Archive extends pulumi.ComponentResource implements ArchiveAddress {
  readonly bucket: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;
  readonly prefix: string;
  readonly keyArn?: pulumi.Input<string>;

  constructor(name: string, args: ArchiveArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Archive", name, {}, opts);
    const { prefix, keepBucket, lock, keyArn, logRetentionDays, tags } = args;
    const child = { parent: this };

    const { bucket, arn } = args.bucket ? findBucket(args.bucket) : createBucket();

    this.bucket = bucket;
    this.bucketArn = arn;
    this.prefix = prefix;
    this.keyArn = keyArn;
    this.registerOutputs({ bucket: this.bucket, prefix: this.prefix });

    function findBucket(existing: string) {
      // Nothing waits for it, so that a wrong name is one error and not one of each resource that goes by it.
      checkBucket(existing, child);
      const { partition } = aws.getPartitionOutput({}, child);
      return { bucket: pulumi.output(existing), arn: pulumi.interpolate`arn:${partition}:s3:::${existing}` };
    }

    function createBucket() {
      const footage = new PrivateBucket(
        name,
        { keyArn, lifecycleRules: clipLifecycle(args), outlivesStack: keepBucket, tags },
        child,
      );
      createLock(footage);
      createAccessLog(footage);
      return { bucket: footage.bucket, arn: footage.bucketArn };
    }

    /**
     * Holds every version of every object. Nothing that the archive writes is hindered: clips and ledger entries are
     * written once, and a claim or a sweep that is replaced gets a new version, beside the old one that is held. It is set
     * on the bucket, not with each object, so that no function may say how long; and not when the bucket is made, as that
     * would replace the bucket of a stack that locks later. It does not outlive its setting, but what it holds does.
     */
    function createLock({ bucket, versioning }: PrivateBucket) {
      if (!lock) return;
      new aws.s3.BucketObjectLockConfiguration(
        name,
        { bucket, rule: { defaultRetention: { mode: lock.mode.toUpperCase(), days: lock.days } } },
        { ...child, dependsOn: versioning },
      );
    }

    /** Who read and wrote. S3 delivers to no bucket with a customer key (S3 User Guide, "Enabling server access logging"). */
    function createAccessLog(footage: PrivateBucket) {
      const { accountId } = aws.getCallerIdentityOutput({}, child);
      const log = new PrivateBucket(
        `${name}-log`,
        {
          lifecycleRules: [
            {
              id: "expire",
              status: "Enabled",
              filter: { prefix: "" },
              expiration: { days: logRetentionDays },
              noncurrentVersionExpiration: { noncurrentDays: 1 },
            },
          ],
          statements: (logArn) => [
            {
              Sid: "S3Delivers",
              Effect: "Allow",
              Principal: { Service: "logging.s3.amazonaws.com" },
              Action: "s3:PutObject",
              Resource: pulumi.interpolate`${logArn}/*`,
              Condition: {
                ArnEquals: { "aws:SourceArn": footage.bucketArn },
                StringEquals: { "aws:SourceAccount": accountId },
              },
            },
          ],
          outlivesStack: keepBucket,
          tags,
        },
        child,
      );
      new aws.s3.BucketLogging(
        name,
        { bucket: footage.bucket, targetBucket: log.bucket, targetPrefix: "access/" },
        { ...child, retainOnDelete: keepBucket },
      );
    }
  }
}

/** @throws in one line, when the bucket is not there or not in the Region of the streams; Pulumi's preview ends there */
async function checkBucket(bucket: string, options: pulumi.InvokeOptions): Promise<void> {
  const { region } = await aws.getRegion({}, options);
  const { bucketRegion } = await aws.s3.getBucket({ bucket }, options).catch((error: Error) => {
    throw new pulumi.RunError(
      `[${pulumi.getProject()}:bucket] is ${bucket}; write a bucket that is there (${error.message})`,
    );
  });
  if (bucketRegion !== region) {
    throw new pulumi.RunError(
      `[${pulumi.getProject()}:bucket] is ${bucket}, in ${bucketRegion}; write a bucket of ${region}, where the streams are`,
    );
  }
}
