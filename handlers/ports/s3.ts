import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { HeldObject, Vault, VaultObject } from "../../archive/ports";

/**
 * The archive's bucket as a vault. A body is sent in parts of 8 MiB while it arrives, so memory does not grow with the
 * clip; the key appears only when all of it is there, and only if it was not there before (`If-None-Match`,
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
 */
export function makeVault(bucket: string): Vault {
  const s3 = new S3Client({});
  const partBytes = 8 * 1024 * 1024;

  async function putIfAbsent(object: VaultObject): Promise<"stored" | "present"> {
    const target = { Bucket: bucket, Key: object.key };
    const description = {
      ...target,
      ContentType: object.contentType,
      Metadata: object.metadata,
      // An object without tags is sent without the header, which must not be empty.
      Tagging: new URLSearchParams(object.tags).toString() || undefined,
    };
    const parts = inParts(object.body, partBytes);
    try {
      const { value: first } = await parts.next();
      if (!first) throw new Error(`the body of ${object.key} has no bytes; nothing was stored`);
      const { value: second } = await parts.next();
      if (second) return await upload(description, first, second, parts);
      return await unlessPresent(() =>
        s3.send(new PutObjectCommand({ ...description, Body: first, IfNoneMatch: "*" })),
      );
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
  ): Promise<"stored" | "present"> {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(description));
    const target = { Bucket: description.Bucket, Key: description.Key, UploadId };
    // The lifecycle rule removes what this call cannot; the outcome to tell is that of the upload.
    const abort = () =>
      s3
        .send(new AbortMultipartUploadCommand(target))
        .catch((error) => console.warn(`the upload of ${target.Key} could not be aborted: ${error}`));
    const sent: { ETag?: string; PartNumber: number }[] = [];
    const send = async (part: Uint8Array) => {
      const PartNumber = sent.length + 1;
      const { ETag } = await s3.send(new UploadPartCommand({ ...target, PartNumber, Body: part }));
      sent.push({ ETag, PartNumber });
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
      return outcome;
    } catch (error) {
      await abort();
      throw error;
    }
  }

  async function get(key: string): Promise<HeldObject | undefined> {
    try {
      const { Body, Metadata = {} } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      if (!Body) throw new Error(`GetObject of ${key} returned no body`);
      return { body: Body as AsyncIterable<Uint8Array>, metadata: Metadata };
    } catch (error) {
      if (await isAbsent(key, error as Error)) return undefined;
      throw error;
    }
  }

  /** A role that may list only some prefixes is told 403 of a key that is absent; the listing tells which it is. */
  async function isAbsent(key: string, { name }: { name?: string }): Promise<boolean> {
    return name === "NoSuchKey" || (name === "AccessDenied" && (await firstKeys(key, 1))[0] !== key);
  }

  async function firstKeys(prefix: string, limit: number): Promise<string[]> {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: limit }));
    return (page.Contents ?? []).map(({ Key = "" }) => Key);
  }

  return { putIfAbsent, get, firstKeys };
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
