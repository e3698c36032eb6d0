import type { Clients } from "./clients";
import { cloudWatchResources } from "./resources/cloudWatch";
import { cognitoResources } from "./resources/cognito";
import { eventBridgeResources } from "./resources/eventBridge";
import { iamResources } from "./resources/iam";
import { kinesisVideoResources } from "./resources/kinesisVideo";
import { kmsResources } from "./resources/kms";
import { lambdaResources } from "./resources/lambda";
import { s3Resources } from "./resources/s3";
import { snsResources } from "./resources/sns";
import { sqsResources } from "./resources/sqs";
import { stepFunctionsResources } from "./resources/stepFunctions";
import type { Properties, ResourceTypes } from "./resourceType";

/** Every `aws:…` resource type that the local cloud can make, by its Pulumi token. */
export const resourceTypes: ResourceTypes = {
  ...cloudWatchResources,
  ...cognitoResources,
  ...eventBridgeResources,
  ...iamResources,
  ...kinesisVideoResources,
  ...kmsResources,
  ...lambdaResources,
  ...s3Resources,
  ...snsResources,
  ...sqsResources,
  ...stepFunctionsResources,
};

/** The `aws:…` functions that programs call for data, by their Pulumi token; each is given the arguments beside. */
export const invokes: Record<string, (clients: Clients, args: Properties) => Promise<Properties>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": async ({ sts }) => {
    const { Account, Arn, UserId } = await sts.getCallerIdentity({});
    return { id: Account, accountId: Account, arn: Arn, userId: UserId };
  },
  "aws:index/getRegion:getRegion": async ({ region }) => ({ id: region, region, name: region }),
  "aws:s3/getBucket:getBucket": async ({ s3, region }, { bucket }) => {
    const { BucketRegion = region } = await s3.headBucket({ Bucket: bucket as string });
    return { id: bucket, bucket, arn: `arn:aws:s3:::${bucket}`, region, bucketRegion: BucketRegion };
  },
  "aws:index/getPartition:getPartition": async () => ({
    id: "aws",
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  }),
};
