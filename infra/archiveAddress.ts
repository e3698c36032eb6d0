import * as pulumi from "@pulumi/pulumi";
import { keyStatements } from "./encryption";

/** Where an archive is: a bucket, and the prefix in it that no key and no role ignores. Several may share a bucket. */
export interface ArchiveAddress {
  bucket: pulumi.Output<string>;
  bucketArn: pulumi.Output<string>;
  /** Empty, or ending in a slash. */
  prefix: string;
  /** The customer key that encrypts what is stored, where there is one. */
  keyArn?: pulumi.Input<string>;
}

/** The archive's address, as the functions read it from their environment. */
export function archiveEnvironment({ bucket, prefix }: ArchiveAddress): Record<string, pulumi.Input<string>> {
  return { ARCHIVE_BUCKET: bucket, ARCHIVE_PREFIX: prefix };
}

/** What an archiving function reads from its environment, beside the archive's address: whose footage it is. */
export function archiverEnvironment(
  archive: ArchiveAddress,
  { stack, tags }: { stack: string; tags: Record<string, string> },
): Record<string, pulumi.Input<string>> {
  return { ...archiveEnvironment(archive), STACK: stack, TAGS: JSON.stringify(tags) };
}

/** Statements that allow these actions on objects of these folders of the archive, and to list them. */
export function archiveStatements(
  { bucketArn, prefix, keyArn }: ArchiveAddress,
  folders: string[],
  actions: string[],
): object[] {
  const patterns = folders.map((folder) => `${prefix}${folder}/*`);
  return [
    {
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: bucketArn,
      Condition: { StringLike: { "s3:prefix": patterns } },
    },
    {
      Effect: "Allow",
      Action: actions,
      Resource: patterns.map((pattern) => pulumi.interpolate`${bucketArn}/${pattern}`),
    },
    ...keyStatements(keyArn, ["kms:Decrypt", "kms:GenerateDataKey"]),
  ];
}
