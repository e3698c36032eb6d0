import { randomUUID } from "node:crypto";
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";

/**
 * The time by S3's clock, in milliseconds since 1970 and to the second: that of an object written this moment. An
 * event's times are all of this clock, so it does not matter what a machine that works on it takes the time to be.
 */
export type ServiceClock = () => Promise<number>;

/** Asks the clock with a small object below a prefix, which is removed with its version. */
export function makeServiceClock(s3: S3Client, bucket: string, prefix: string): ServiceClock {
  return async () => {
    const target = { Bucket: bucket, Key: `${prefix}clock/${randomUUID()}` };
    const { VersionId } = await s3.send(new PutObjectCommand(target));
    const { LastModified } = await s3.send(new HeadObjectCommand(target));
    await s3.send(new DeleteObjectCommand({ ...target, VersionId }));
    if (!LastModified) throw new Error(`HeadObject of ${target.Key} came back without LastModified`);
    return LastModified.getTime();
  };
}
