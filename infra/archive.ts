import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ArchiveAddress } from "./archiveAddress";

export interface ArchiveArgs {
  /** Where in the bucket the archive begins: empty, or ending in a slash. */
  prefix: string;
  tags: Record<string, string>;
}

/** Where footage is kept: a private, encrypted, versioned bucket, and a prefix. Together they are the archive's address. */
export class Archive extends pulumi.ComponentResource implements ArchiveAddress {
  readonly bucket: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;
  readonly prefix: string;

  constructor(name: string, args: ArchiveArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Archive", name, args, opts);
    const child = { parent: this };

    const bucket = new aws.s3.Bucket(name, { tags: args.tags }, child);
    const target = { bucket: bucket.bucket };

    new aws.s3.BucketPublicAccessBlock(
      name,
      {
        ...target,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      child,
    );
    new aws.s3.BucketOwnershipControls(
      name,
      { ...target, rule: { objectOwnership: "BucketOwnerEnforced" } },
      child,
    );
    new aws.s3.BucketVersioning(name, { ...target, versioningConfiguration: { status: "Enabled" } }, child);
    new aws.s3.BucketServerSideEncryptionConfiguration(
      name,
      { ...target, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
      child,
    );
    new aws.s3.BucketLifecycleConfiguration(
      name,
      {
        ...target,
        // Parts of an upload that died are billed until someone removes them.
        rules: [
          {
            id: "abort-incomplete-uploads",
            status: "Enabled",
            filter: { prefix: "" },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
          },
        ],
      },
      child,
    );
    new aws.s3.BucketPolicy(
      name,
      {
        ...target,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "TlsOnly",
              Effect: "Deny",
              Principal: "*",
              Action: "s3:*",
              Resource: [bucket.arn, pulumi.interpolate`${bucket.arn}/*`],
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ],
        }),
      },
      child,
    );

    this.bucket = bucket.bucket;
    this.bucketArn = bucket.arn;
    this.prefix = args.prefix;
    this.registerOutputs({ bucket: this.bucket, prefix: this.prefix });
  }
}
