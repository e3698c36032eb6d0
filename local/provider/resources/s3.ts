import type { BucketLocationConstraint, S3 } from "@aws-sdk/client-s3";
import type * as aws from "@pulumi/aws";
import { type Plain, type ResourceType, type ResourceTypes, tagList } from "../resourceType";
import { bucketPartResources } from "./s3BucketParts";

const bucket: ResourceType<Plain<aws.s3.BucketArgs>> = {
  inputs: { bucket: "replaces", objectLockEnabled: "replaces", forceDestroy: "updates", tags: "updates" },
  nameInput: "bucket",
  async create(inputs, { s3, region }) {
    await s3.createBucket({
      Bucket: inputs.bucket,
      ObjectLockEnabledForBucket: inputs.objectLockEnabled,
      CreateBucketConfiguration:
        region === "us-east-1" ? undefined : { LocationConstraint: region as BucketLocationConstraint },
    });
    return inputs.bucket ?? "";
  },
  async configure(Bucket, { tags = {} }, { s3 }) {
    if (Object.keys(tags).length === 0) return;
    await s3.putBucketTagging({ Bucket, Tagging: { TagSet: tagList(tags) } });
  },
  async update(Bucket, { tags }, { s3 }, { changed }) {
    if (changed.includes("tags") && !tags) await s3.deleteBucketTagging({ Bucket });
  },
  async read(Bucket, _known, { s3, region }) {
    await s3.headBucket({ Bucket });
    return {
      bucket: Bucket,
      arn: `arn:aws:s3:::${Bucket}`,
      region,
      bucketDomainName: `${Bucket}.s3.amazonaws.com`,
      bucketRegionalDomainName: `${Bucket}.s3.${region}.amazonaws.com`,
    };
  },
  async delete(Bucket, { forceDestroy }, { s3 }) {
    if (forceDestroy) await empty(s3, Bucket);
    await s3.deleteBucket({ Bucket });
  },
};

/** Deletes every version of every object, and every unfinished upload. */
async function empty(s3: S3, Bucket: string): Promise<void> {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket });
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key = "", VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) break;
    const { Errors = [] } = await s3.deleteObjects({ Bucket, Delete: { Objects, Quiet: true } });
    const [refused] = Errors;
    if (refused) throw new Error(`${Bucket} cannot be emptied: ${refused.Key}: ${refused.Message}`);
  }
  const { Uploads = [] } = await s3.listMultipartUploads({ Bucket });
  for (const { Key = "", UploadId = "" } of Uploads) await s3.abortMultipartUpload({ Bucket, Key, UploadId });
}

export const s3Resources: ResourceTypes = { "aws:s3/bucket:Bucket": bucket, ...bucketPartResources };
