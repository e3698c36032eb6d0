import { type Call, guarded, type HttpService, type Operations } from "../core/service";
import { makeBucketSettings } from "./bucketSettings";
import { openBucketStore } from "./bucketStore";
import { makeBucketOperations } from "./buckets";
import { makeCompleteUpload } from "./completeUpload";
import type { S3Context, S3Deps } from "./context";
import { makeCopyObject } from "./copyObject";
import { makeDeleteOperations } from "./deleteObject";
import { s3Error } from "./errors";
import { makeReadOperations } from "./getObject";
import { makeS3Http } from "./http";
import { keepLifecycle } from "./lifecycle";
import { makeListObjects } from "./listObjects";
import { makeListObjectVersions } from "./listObjectVersions";
import { makeListUploads } from "./listUploads";
import { makeMultipartUpload } from "./multipartUpload";
import { makeObjectLockOperations } from "./objectLockOperations";
import { makeObjectTagging } from "./objectTagging";
import { makePutObject } from "./putObject";

/** Amazon S3. */
export interface S3 {
  http: HttpService;
  /** By the names and with the structures of the S3 API Reference; bodies are bytes, text or a `Payload`. */
  operations: Operations;
  close(): void;
}

/**
 * Makes S3: buckets and versioned objects under the data folder, general purpose buckets of one region and one account.
 * Objects are files; what was answered survives a kill. What lifecycle rules expire is removed; logging is
 * kept and not acted on.
 */
export function makeS3(deps: S3Deps): S3 {
  const s3: S3Context = { ...deps, buckets: openBucketStore(deps.store) };
  const operations = guarded(
    deps,
    "s3",
    expectOwner(deps.accountId, {
      ...makeBucketOperations(s3),
      ...makeBucketSettings(s3),
      ...makeReadOperations(s3),
      ...makeDeleteOperations(s3),
      ...makeListObjects(s3),
      ...makeObjectTagging(s3),
      ...makeObjectLockOperations(s3),
      ...makeMultipartUpload(s3),
      ...makeListUploads(s3),
      PutObject: makePutObject(s3),
      CopyObject: makeCopyObject(s3),
      ListObjectVersions: makeListObjectVersions(s3),
      CompleteMultipartUpload: makeCompleteUpload(s3),
    }),
  );
  return {
    http: makeS3Http(operations),
    operations,
    // Every answer was on the disk before it was given.
    close: keepLifecycle(deps.clock, s3.buckets),
  };
}

/** Every operation refuses a bucket of another owner than the caller expects, and there is only one. */
function expectOwner(accountId: string, operations: Operations): Operations {
  const guarded = Object.entries(operations).map(([name, operation]): [string, Operations[string]] => [
    name,
    async (input: { ExpectedBucketOwner?: string; ExpectedSourceBucketOwner?: string }, call: Call) => {
      const { ExpectedBucketOwner = accountId, ExpectedSourceBucketOwner = accountId } = input;
      if (ExpectedBucketOwner !== accountId || ExpectedSourceBucketOwner !== accountId)
        throw s3Error("AccessDenied");
      return operation(input as never, call);
    },
  ]);
  return Object.fromEntries(guarded);
}
