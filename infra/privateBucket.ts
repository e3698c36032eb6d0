import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface PrivateBucketArgs {
  /** The customer key that encrypts what is stored; without it, keys of S3. */
  keyArn?: pulumi.Input<string>;
  /** Beside the one that clears dead uploads away. */
  lifecycleRules: aws.types.input.s3.BucketLifecycleConfigurationRule[];
  /** Statements of the bucket's policy, beside the one that demands TLS, when its ARN is known. */
  statements?: (bucketArn: pulumi.Output<string>) => object[];
  /** Whether it outlives the stack, as it is, with its own settings. If not, it is emptied and deleted with it. */
  outlivesStack: boolean;
  tags: Record<string, string>;
}

/** A bucket that is closed to the public and to plain HTTP, encrypted, versioned, and free of ACLs. */
export class PrivateBucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;
  readonly versioning: pulumi.Resource;

  constructor(name: string, args: PrivateBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:PrivateBucket", name, {}, opts);
    const { keyArn, lifecycleRules, statements = () => [], outlivesStack, tags } = args;
    const child = { parent: this, retainOnDelete: outlivesStack };

    const bucket = new aws.s3.Bucket(name, { forceDestroy: !outlivesStack, tags }, child);
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
    const versioning = new aws.s3.BucketVersioning(
      name,
      { ...target, versioningConfiguration: { status: "Enabled" } },
      child,
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      name,
      {
        ...target,
        rules: [
          keyArn
            ? {
                applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn },
                // One data key serves many objects: without it every request of S3 is one of KMS too, and is paid for.
                bucketKeyEnabled: true,
              }
            : { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
        ],
      },
      child,
    );
    new aws.s3.BucketLifecycleConfiguration(
      name,
      {
        ...target,
        rules: [
          {
            // Parts of an upload that died are billed until someone removes them.
            id: "abort-incomplete-uploads",
            status: "Enabled",
            filter: { prefix: "" },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
          },
          ...lifecycleRules,
        ],
        // Smaller objects are billed as 128 KB where they would move to (S3 pricing).
        transitionDefaultMinimumObjectSize: "all_storage_classes_128K",
      },
      // Rules for old versions are taken before there are any, and mean nothing then.
      { ...child, dependsOn: versioning },
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
            ...statements(bucket.arn),
          ],
        }),
      },
      child,
    );

    this.bucket = bucket.bucket;
    this.bucketArn = bucket.arn;
    this.versioning = versioning;
    this.registerOutputs({ bucket: this.bucket, bucketArn: this.bucketArn });
  }
}
