import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { Vault, VaultObject } from "../../archive/ports";

/**
 * The archive's bucket as a vault. A body is sent in parts of 8 MiB while it arrives, so memory does not grow with the
 * clip; the key appears only when all of it is there, and only if it was not there before (`If-None-Match`,
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
 */
export function makeVault(bucket: string): Vault {
  const s3 = new S3Client({});
  const partBytes = 8 * 1024 * 1024;

  async function putIfAbsent(object: VaultObject) {
    const target = { Bucket: bucket, Key: object.key };
    const description = {
      ...target,
      ContentType: object.contentType,
      Metadata: object.metadata,
      Tagging: new URLSearchParams(object.tags).toString(),
    };
    const parts = inParts(object.body, partBytes);
    try {
      const { value: first } = await parts.next();
      if (!first) throw new Error(`the body of ${object.key} has no bytes; nothing was stored`);
      const { value: second } = await parts.next();
      if (second) return await upload(description, first, second, parts);
      const outcome = await unlessPresent(() =>
        s3.send(new PutObjectCommand({ ...description, Body: first, IfNoneMatch: "*" })),
      );
      return { outcome, sizeBytes: first.length };
    } finally {
      // A body that is not read to its end holds a connection to Kinesis Video Streams.
      await parts.return(undefined);
    }
  }

  /** A multipart upload of two parts and all that follow. */
  async function upload(
    description: CreateMultipartUploadCommandInput,
    first: Uint8Array,
    second: Uint8Array,
    rest: AsyncIterable<Uint8Array>,
  ) {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(description));
    const target = { Bucket: description.Bucket, Key: description.Key, UploadId };
    // The lifecycle rule removes what this call cannot; the outcome to tell is that of the upload.
    const abort = () =>
      s3
        .send(new AbortMultipartUploadCommand(target))
        .catch((error) => console.warn(`the upload of ${target.Key} could not be aborted: ${error}`));
    const sent: { ETag?: string; PartNumber: number }[] = [];
    let sizeBytes = 0;
    const send = async (part: Uint8Array) => {
      const PartNumber = sent.length + 1;
      const { ETag } = await s3.send(new UploadPartCommand({ ...target, PartNumber, Body: part }));
      sent.push({ ETag, PartNumber });
      sizeBytes += part.length;
    };
    try {
      await send(first);
      await send(second);
      for await (const part of rest) await send(part);
      const outcome = await unlessPresent(() =>
        s3.send(
          new CompleteMultipartUploadCommand({
            ...target,
            MultipartUpload: { Parts: sent },
            IfNoneMatch: "*",
          }),
        ),
      );
      if (outcome === "present") await abort();
      return { outcome, sizeBytes };
    } catch (error) {
      await abort();
      throw error;
    }
  }

  async function metadata(key: string): Promise<Record<string, string>> {
    const { Metadata } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return Metadata ?? {};
  }

  async function* list(prefix: string) {
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken }),
      );
      for (const { Key = "", Size = 0, LastModified } of page.Contents ?? []) {
        yield { key: Key, sizeBytes: Size, modifiedMs: LastModified?.getTime() ?? 0 };
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
  }

  return { putIfAbsent, metadata, list };
}

/** Regroups a body into parts of `partBytes`; only the last may be shorter. */
async function* inParts(
  body: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Uint8Array, undefined> {
  let part = Buffer.allocUnsafe(partBytes);
  let filled = 0;
  for await (const chunk of body) {
    for (let from = 0; from < chunk.length; ) {
      const piece = chunk.subarray(from, from + partBytes - filled);
      part.set(piece, filled);
      filled += piece.length;
      from += piece.length;
      if (filled === partBytes) {
        yield part;
        part = Buffer.allocUnsafe(partBytes);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

/** 412 means that the key exists: someone stored the same clip. */
async function unlessPresent(write: () => Promise<unknown>): Promise<"stored" | "present"> {
  try {
    await write();
    return "stored";
  } catch (error) {
    if (error instanceof Error && error.name === "PreconditionFailed") return "present";
    throw error;
  }
}
