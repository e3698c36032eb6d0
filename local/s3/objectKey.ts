import { awsError, isAwsError } from "../core/errors";
import type { Call } from "../core/service";
import type { Bucket } from "./bucketStore";
import type { S3Context } from "./context";
import type { StoredObject } from "./objectStore";

/** KMS's refusals under the names that S3 answers them by; who may not use a key is told `AccessDenied`. */
const KMS_ERRORS = ["DisabledException", "NotFoundException", "KMSInvalidStateException"];

/**
 * Asks KMS for the caller whether an object's key may be used, if it is under one (S3 User Guide, "Using server-side
 * encryption with AWS KMS keys"): `GenerateDataKey` to write it, `Decrypt` to read it. Notes the key's ARN as the object's.
 * @throws AccessDenied, KMS.DisabledException, KMS.NotFoundException, KMS.KMSInvalidStateException
 */
export async function useObjectKey(
  { useKey }: S3Context,
  call: Call,
  { bucket, key }: { bucket: Bucket; key: string },
  object: Pick<StoredObject, "properties">,
  ...operations: ("GenerateDataKey" | "Decrypt")[]
): Promise<void> {
  const { ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled } = object.properties;
  if (ServerSideEncryption !== "aws:kms" || !useKey) return;
  // A bucket key stands for all objects of the bucket.
  const arn = `arn:aws:s3:::${bucket.name}${BucketKeyEnabled ? "" : `/${key}`}`;
  const encryptionContext = { "aws:s3:arn": arn };
  const keyId = typeof SSEKMSKeyId === "string" ? SSEKMSKeyId : "alias/aws/s3";
  try {
    object.properties.SSEKMSKeyId = await useKey({ keyId, operations, call, via: "s3", encryptionContext });
  } catch (error) {
    if (isAwsError(error) && KMS_ERRORS.includes(error.code)) {
      throw awsError(`KMS.${error.code}`, 400, error.message);
    }
    throw error;
  }
}
