import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type ArchiveAddress, archiveStatements } from "./archiveAddress";

/** A trust policy: the one service that may act as the role. */
export function assumedBy(servicePrincipal: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: servicePrincipal }, Action: "sts:AssumeRole" }],
  });
}

/** Makes ARNs of this account and Region: `arn("cloudwatch", "alarm:*")`. */
export function makeArn(options: pulumi.InvokeOptions) {
  const { accountId } = aws.getCallerIdentityOutput({}, options);
  const { region } = aws.getRegionOutput({}, options);
  const { partition } = aws.getPartitionOutput({}, options);
  return (service: string, resource: string) =>
    pulumi.interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`;
}

/** What archiving calls: the stack's own streams, the archive's folders, and the bus that is told. */
export function archiverStatements({
  archive,
  stack,
  arn,
  folders,
}: {
  archive: ArchiveAddress;
  stack: string;
  arn: ReturnType<typeof makeArn>;
  /** The folders beside clips and ledger that the function writes to. */
  folders: ("claims" | "sweeps")[];
}): object[] {
  const streams = arn("kinesisvideo", "stream/*/*");
  return [
    // Without a condition: a stream that was deleted has no tags, and must be told from one that may not be read.
    { Effect: "Allow", Action: "kinesisvideo:DescribeStream", Resource: streams },
    {
      Effect: "Allow",
      Action: [
        "kinesisvideo:GetDataEndpoint",
        "kinesisvideo:ListFragments",
        "kinesisvideo:GetClip",
        "kinesisvideo:GetMediaForFragmentList",
      ],
      Resource: streams,
      Condition: { StringEquals: { "aws:ResourceTag/stack": stack } },
    },
    ...archiveStatements(archive, ["clips", "ledger", ...folders], ["s3:GetObject", "s3:PutObject"]),
    // Clips alone have tags, and are long enough to be sent in parts.
    {
      Effect: "Allow",
      Action: ["s3:PutObjectTagging", "s3:AbortMultipartUpload"],
      Resource: pulumi.interpolate`${archive.bucketArn}/${archive.prefix}clips/*`,
    },
    // An entry of the ledger is the first version of its key, whatever was written over it.
    {
      Effect: "Allow",
      Action: "s3:ListBucketVersions",
      Resource: archive.bucketArn,
      Condition: { StringLike: { "s3:prefix": `${archive.prefix}ledger/*` } },
    },
    {
      Effect: "Allow",
      Action: "s3:GetObjectVersion",
      Resource: pulumi.interpolate`${archive.bucketArn}/${archive.prefix}ledger/*`,
    },
    { Effect: "Allow", Action: "events:PutEvents", Resource: arn("events", "event-bus/default") },
  ];
}
