import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { outcomeOf } from "../../archive/outcomes";
import type { FirstVersion, HeldObject, PutOutcome, Vault, VaultObject } from "../../archive/ports";

/**
 * The archive's bucket as a vault. A body is sent in parts of 5 MiB, two while the next arrives, so memory does not grow
 * with the clip; the key appears only when all of it is there, and only if it was not there before (`If-None-Match`,
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
 * @param stackTags what every object gets that has tags, beside its own
 */
export function makeVault(bucket: string, stackTags: Record<string, string> = {}): Vault {
  const s3 = new S3Client({});
  const partBytes = 5 * 1024 * 1024;
  const bufferCount = 3;
  /** Memory for parts that nobody fills or sends at the moment: the garbage collector would be late to give it back. */
  const spare: Buffer<ArrayBuffer>[] = [];

  /** S3 keeps the SHA-256 of what it received; of several parts, the hash of their hashes. */
  const describe = ({ key, contentType, metadata, tags }: VaultObject) => ({
    Bucket: bucket,
    Key: key,
    ContentType: contentType,
    Metadata: metadata,
    // An object without tags is sent without the header, which must not be empty.
    Tagging:
      Object.keys(tags).length > 0 ? new URLSearchParams({ ...stackTags, ...tags }).toString() : undefined,
    ChecksumAlgorithm: "SHA256" as const,
  });

  async function putIfAbsent(object: VaultObject): Promise<PutOutcome> {
    const description = describe(object);
    const buffers = Array.from({ length: bufferCount }, () => spare.pop() ?? Buffer.allocUnsafe(partBytes));
    const parts = inParts(object.body, buffers);
    try {
      const { value: first } = await parts.next();
      if (!first) throw new Error(`the body of ${object.key} has no bytes; nothing was stored`);
      const { value: second } = await parts.next();
      if (second) return await upload(description, first, second, parts);
      return await unlessDecided(() =>
        s3.send(new PutObjectCommand({ ...description, Body: first, IfNoneMatch: "*" })),
      );
    } finally {
      // A body that is not read to its end holds a connection to Kinesis Video Streams.
      await parts.return(undefined);
      spare.push(...buffers);
    }
  }

  /** A multipart upload of two parts and all that follow. */
  async function upload(
    description: CreateMultipartUploadCommandInput,
    first: Uint8Array,
    second: Uint8Array,
    rest: AsyncIterable<Uint8Array>,
  ): Promise<PutOutcome> {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(description));
    const target = { Bucket: description.Bucket, Key: description.Key, UploadId };
    // The lifecycle rule removes what this call cannot; the outcome to tell is that of the upload.
    const abort = () =>
      s3
        .send(new AbortMultipartUploadCommand(target))
        .catch((error) => console.warn(`the upload of ${target.Key} could not be aborted: ${error}`));
    const sent: Promise<CompletedPart>[] = [];
    const send = (part: Uint8Array) => {
      const PartNumber = sent.length + 1;
      const one = s3
        .send(new UploadPartCommand({ ...target, PartNumber, Body: part, ChecksumAlgorithm: "SHA256" }))
        .then(({ ETag, ChecksumSHA256 }) => ({ ETag, ChecksumSHA256, PartNumber }));
      // It may fail while another part arrives; whoever waits for it is told then.
      one.catch(() => undefined);
      sent.push(one);
    };
    try {
      send(first);
      send(second);
      for await (const part of rest) {
        send(part);
        // Of the oldest, the buffer is filled next.
        await sent.at(-bufferCount);
      }
      const Parts = await Promise.all(sent);
      const put = await unlessDecided(() =>
        s3.send(
          new CompleteMultipartUploadCommand({
            ...target,
            MultipartUpload: { Parts },
            IfNoneMatch: "*",
          }),
        ),
      );
      if (put.outcome === "present") await abort();
      return put;
    } catch (error) {
      // A part that arrives after the upload was aborted would stay.
      await Promise.allSettled(sent);
      await abort();
      throw error;
    }
  }

  async function get(key: string, VersionId?: string): Promise<HeldObject | undefined> {
    try {
      const object = await s3.send(
        new GetObjectCommand({ Bucket: bucket, Key: key, VersionId, ChecksumMode: "ENABLED" }),
      );
      const { Body, Metadata: metadata = {}, ETag: etag, ChecksumSHA256: checksum } = object;
      if (!Body || !etag) throw new Error(`GetObject of ${key} came back incomplete`);
      return { body: Body as AsyncIterable<Uint8Array>, metadata, etag, checksum };
    } catch (error) {
      if (await isAbsent(key, error as Error)) return undefined;
      throw error;
    }
  }

  /** A role that may list only some prefixes is told 403 of a key that is absent; the listing tells which it is. */
  async function isAbsent(key: string, { name }: { name?: string }): Promise<boolean> {
    return (
      outcomeOf("GetObject", { name }) === "absent" ||
      (name === "AccessDenied" && (await firstKeys(key, 1))[0] !== key)
    );
  }

  /** A key's versions are listed newest first, so the last before the next key, or the end, is its first. */
  async function firstVersions(prefix: string, limit: number): Promise<FirstVersion[]> {
    const firsts: ObjectVersion[] = [];
    let page: { KeyMarker?: string; VersionIdMarker?: string; MaxKeys?: number } = { MaxKeys: limit + 1 };
    for (;;) {
      const listed: ListObjectVersionsCommandOutput = await s3.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...page }),
      );
      for (const version of listed.Versions ?? []) {
        if (firsts.at(-1)?.Key === version.Key) firsts.pop();
        firsts.push(version);
      }
      if (!listed.IsTruncated || firsts.length > limit) break;
      page = { KeyMarker: listed.NextKeyMarker, VersionIdMarker: listed.NextVersionIdMarker };
    }
    return firsts
      .slice(0, limit)
      .map(({ Key = "", VersionId, IsLatest }) =>
        IsLatest ? { key: Key } : { key: Key, versionId: VersionId },
      );
  }

  async function firstKeys(prefix: string, limit: number): Promise<string[]> {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: limit }));
    return (page.Contents ?? []).map(({ Key = "" }) => Key);
  }

  async function replace(object: VaultObject, etag: string): Promise<boolean> {
    const parts: Uint8Array[] = [];
    for await (const part of object.body) parts.push(part);
    const put = await unlessDecided(() =>
      s3.send(new PutObjectCommand({ ...describe(object), Body: Buffer.concat(parts), IfMatch: etag })),
    );
    return put.outcome === "stored";
  }

  async function folders(prefix: string): Promise<string[]> {
    const names: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: "/", ContinuationToken }),
      );
      names.push(...(page.CommonPrefixes ?? []).map(({ Prefix = "" }) => Prefix.slice(prefix.length, -1)));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    return names;
  }

  return { putIfAbsent, replace, get, firstVersions, firstKeys, folders };
}

/**
 * Asks S3 what time it is, to the second: puts an object and reads when that was. For functions whose call brings no
 * time along; on a cloud whose time runs faster than the machine's, the machine's own is of no use.
 */
export function makeServiceClock(bucket: string): (key: string) => Promise<number> {
  const s3 = new S3Client({});
  return async (key) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: "now" }));
    const { LastModified } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    if (!LastModified) throw new Error(`HeadObject of ${key} came back without LastModified`);
    return LastModified.getTime();
  };
}

/**
 * Regroups a body into parts as large as a buffer; only the last may be shorter. Buffers take turns: with three of them, a
 * part must be sent before the third after it is asked for.
 */
async function* inParts(
  body: AsyncIterable<Uint8Array>,
  buffers: Buffer[],
): AsyncGenerator<Uint8Array, undefined> {
  let turn = 0;
  let filled = 0;
  for await (const chunk of body) {
    for (let from = 0; from < chunk.length; ) {
      const part = buffers[turn % buffers.length] as Buffer;
      const piece = chunk.subarray(from, from + part.length - filled);
      part.set(piece, filled);
      filled += piece.length;
      from += piece.length;
      if (filled < part.length) continue;
      yield part;
      turn += 1;
      filled = 0;
    }
  }
  if (filled > 0) yield (buffers[turn % buffers.length] as Buffer).subarray(0, filled);
}

/**
 * What became of a conditional write. 412: the key is not as it was to be. 409: someone else is writing it at this
 * moment. NoSuchUpload: the parts are gone, as after a completion whose answer was lost. Each time a look at the key
 * decides.
 */
async function unlessDecided(write: () => Promise<{ ChecksumSHA256?: string }>): Promise<PutOutcome> {
  try {
    return { outcome: "stored", checksum: (await write()).ChecksumSHA256 };
  } catch (error) {
    if (outcomeOf("CompleteMultipartUpload", error) === "look") return { outcome: "present" };
    throw error;
  }
}
