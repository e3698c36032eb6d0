import type { S3, TransitionDefaultMinimumObjectSize } from "@aws-sdk/client-s3";
import type * as aws from "@pulumi/aws";
import { type Plain, type ResourceType, type ResourceTypes, tagList } from "../resourceType";

const bucket: ResourceType<Plain<aws.s3.BucketArgs>> = {
  nameInput: "bucket",
  async create(inputs, { s3, region }) {
    const Bucket = inputs.bucket ?? "";
    await s3.createBucket({ Bucket });
    if (inputs.tags) await s3.putBucketTagging({ Bucket, Tagging: { TagSet: tagList(inputs.tags) } });
    const bucketDomainName = `${Bucket}.s3.amazonaws.com`;
    return { id: Bucket, outputs: { ...inputs, arn: `arn:aws:s3:::${Bucket}`, region, bucketDomainName } };
  },
  async delete(Bucket, _outputs, { s3 }) {
    await s3.deleteBucket({ Bucket });
  },
};

/** A part of a bucket's configuration: put and taken away as a whole, and known by the bucket's name. */
function bucketPart<Args extends { bucket: unknown }>(
  put: (s3: S3, Bucket: string, inputs: Plain<Args>) => Promise<unknown>,
  remove: (s3: S3, Bucket: string) => Promise<unknown>,
): ResourceType<Plain<Args>> {
  return {
    async create(inputs, { s3 }) {
      const { bucket } = inputs as { bucket: string };
      await put(s3, bucket, inputs);
      return { id: bucket, outputs: { ...inputs } };
    },
    async delete(id, _outputs, { s3 }) {
      await remove(s3, id);
    },
  };
}

const publicAccessBlock = bucketPart<aws.s3.BucketPublicAccessBlockArgs>(
  (s3, Bucket, inputs) =>
    s3.putPublicAccessBlock({
      Bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: inputs.blockPublicAcls,
        BlockPublicPolicy: inputs.blockPublicPolicy,
        IgnorePublicAcls: inputs.ignorePublicAcls,
        RestrictPublicBuckets: inputs.restrictPublicBuckets,
      },
    }),
  (s3, Bucket) => s3.deletePublicAccessBlock({ Bucket }),
);

const ownershipControls = bucketPart<aws.s3.BucketOwnershipControlsArgs>(
  (s3, Bucket, { rule }) =>
    s3.putBucketOwnershipControls({
      Bucket,
      OwnershipControls: { Rules: [{ ObjectOwnership: rule.objectOwnership as "BucketOwnerEnforced" }] },
    }),
  (s3, Bucket) => s3.deleteBucketOwnershipControls({ Bucket }),
);

const versioning = bucketPart<aws.s3.BucketVersioningArgs>(
  (s3, Bucket, { versioningConfiguration }) =>
    s3.putBucketVersioning({
      Bucket,
      VersioningConfiguration: { Status: versioningConfiguration.status as "Enabled" | "Suspended" },
    }),
  (s3, Bucket) => s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } }),
);

const encryption = bucketPart<aws.s3.BucketServerSideEncryptionConfigurationArgs>(
  (s3, Bucket, { rules }) =>
    s3.putBucketEncryption({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: rules.map(({ applyServerSideEncryptionByDefault: byDefault, bucketKeyEnabled }) => ({
          ApplyServerSideEncryptionByDefault: byDefault && {
            SSEAlgorithm: byDefault.sseAlgorithm as "AES256" | "aws:kms",
            KMSMasterKeyID: byDefault.kmsMasterKeyId,
          },
          BucketKeyEnabled: bucketKeyEnabled,
        })),
      },
    }),
  (s3, Bucket) => s3.deleteBucketEncryption({ Bucket }),
);

const lifecycle = bucketPart<aws.s3.BucketLifecycleConfigurationArgs>(
  (s3, Bucket, { rules, transitionDefaultMinimumObjectSize }) =>
    s3.putBucketLifecycleConfiguration({
      Bucket,
      TransitionDefaultMinimumObjectSize:
        transitionDefaultMinimumObjectSize as TransitionDefaultMinimumObjectSize,
      LifecycleConfiguration: {
        Rules: (rules ?? []).map((rule) => ({
          ID: rule.id,
          Status: rule.status as "Enabled" | "Disabled",
          Filter: { Prefix: rule.filter?.prefix ?? "" },
          AbortIncompleteMultipartUpload: rule.abortIncompleteMultipartUpload && {
            DaysAfterInitiation: rule.abortIncompleteMultipartUpload.daysAfterInitiation,
          },
        })),
      },
    }),
  (s3, Bucket) => s3.deleteBucketLifecycle({ Bucket }),
);

const policy = bucketPart<aws.s3.BucketPolicyArgs>(
  (s3, Bucket, inputs) => s3.putBucketPolicy({ Bucket, Policy: inputs.policy as string }),
  (s3, Bucket) => s3.deleteBucketPolicy({ Bucket }),
);

export const s3Resources: ResourceTypes = {
  "aws:s3/bucket:Bucket": bucket,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": publicAccessBlock,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ownershipControls,
  "aws:s3/bucketVersioning:BucketVersioning": versioning,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
  "aws:s3/bucketPolicy:BucketPolicy": policy,
};
