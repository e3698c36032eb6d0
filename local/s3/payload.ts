import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { base64, type ChecksumAlgorithm, startDigest } from "./checksums";
import { s3Error } from "./errors";

/** Bytes on their way in: an upload's body, or the bytes of another object. */
export interface Payload {
  bytes: AsyncIterable<Buffer>;
  /** How many bytes there must be, where the sender said so. */
  expectedBytes?: number;
  /** The hex SHA-256 that the request's signature covers. */
  expectedSha256?: string;
  /** The trailer that will state a checksum, such as `x-amz-checksum-crc32`; its value is known once `bytes` has ended. */
  trailer?: { name: string; value(): string | undefined };
}

/** What a request says about its payload, beside the payload itself. */
export interface Integrity {
  contentMd5?: string;
  /** The algorithm to compute; `value` is what the bytes must give, where it came before them. */
  checksum?: { algorithm: ChecksumAlgorithm; value?: string };
}

/** A payload on disk, complete and verified, under a temporary name. */
export interface ReceivedPayload {
  file: string;
  sizeBytes: number;
  md5Hex: string;
  /** Base64, of the algorithm asked for. */
  checksumValue?: string;
}

/** The most that one PUT may carry: 5 GiB (S3 User Guide, "Uploading objects"). */
const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;

/** A payload of bytes that are in memory already. */
export function payloadOf(body: Uint8Array | string): Payload {
  const bytes = Buffer.from(body as Uint8Array);
  return {
    expectedBytes: bytes.length,
    bytes: (async function* () {
      yield bytes;
    })(),
  };
}

/**
 * Streams a payload into a file of `folder`, flushed to the disk, and answers what `keep` makes of it: `keep` moves the
 * file to where it belongs. When anything throws, `keep` included, the file is gone.
 * @throws BadDigest, XAmzContentSHA256Mismatch, IncompleteBody or EntityTooLarge
 */
export async function receivePayload<T>(
  payload: Payload,
  integrity: Integrity,
  { folder, maxBytes = MAX_UPLOAD_BYTES }: { folder: string; maxBytes?: number },
  keep: (received: ReceivedPayload) => T,
): Promise<T> {
  if ((payload.expectedBytes ?? 0) > maxBytes) throw s3Error("EntityTooLarge", { MaxSizeAllowed: maxBytes });
  const file = path.join(folder, randomUUID());
  const md5 = createHash("md5");
  const sha256 = payload.expectedSha256 === undefined ? undefined : createHash("sha256");
  const digest = integrity.checksum && startDigest(integrity.checksum.algorithm);
  let sizeBytes = 0;

  async function* observe(source: AsyncIterable<Buffer>) {
    for await (const bytes of source) {
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) throw s3Error("EntityTooLarge", { MaxSizeAllowed: maxBytes });
      md5.update(bytes);
      sha256?.update(bytes);
      digest?.update(bytes);
      yield bytes;
    }
  }

  // Opened before anything can fail: a stream that opens its own file may do so after the cleaning up.
  const handle = await fs.promises.open(file, "wx");
  try {
    await pipeline(payload.bytes, observe, handle.createWriteStream({ flush: true }));
    if (payload.expectedBytes !== undefined && payload.expectedBytes !== sizeBytes)
      throw s3Error("IncompleteBody");
    if (sha256 && sha256.digest("hex") !== payload.expectedSha256) throw s3Error("XAmzContentSHA256Mismatch");
    const md5Raw = md5.digest();
    const checksumValue = digest && base64(await digest.digest());
    verify(integrity, md5Raw, checksumValue, payload.trailer);
    return keep({ file, sizeBytes, md5Hex: md5Raw.toString("hex"), checksumValue });
  } catch (error) {
    fs.rmSync(file, { force: true });
    throw error;
  }
}

function verify(
  { contentMd5, checksum }: Integrity,
  md5: Buffer,
  computed: string | undefined,
  trailer: Payload["trailer"],
) {
  if (contentMd5 !== undefined) {
    if (Buffer.from(contentMd5, "base64").length !== md5.length)
      throw s3Error("InvalidDigest", { "Content-MD5": contentMd5 });
    if (contentMd5 !== md5.toString("base64"))
      throw s3Error("BadDigest", {}, "The Content-MD5 you specified did not match what we received.");
  }
  if (!checksum) return;
  const stated = checksum.value ?? trailer?.value();
  if (trailer && stated === undefined)
    throw s3Error("InvalidRequest", {}, `The trailer ${trailer.name} was announced and did not come`);
  if (stated !== undefined && stated !== computed)
    throw s3Error(
      "BadDigest",
      {},
      `The ${checksum.algorithm} you specified did not match the calculated checksum.`,
    );
}
