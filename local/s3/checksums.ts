import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc32c, Crc64Nvme } from "@aws-sdk/checksums/crc";
import { s3Error } from "./errors";

/** A digest under way. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** The raw digest; ends the computation. */
  digest(): Uint8Array | Promise<Uint8Array>;
}

/** An algorithm of `x-amz-checksum-*` that is verified here. */
export type ChecksumAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256" | "SHA512";

/** COMPOSITE: the digest of the parts' digests. FULL_OBJECT: the digest of the bytes. */
export type ChecksumType = "COMPOSITE" | "FULL_OBJECT";

/** A checksum as it is stored with an object or part, base64 (composite ones end in `-N`). */
export interface Checksum {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
  value: string;
}

const ALGORITHMS: Record<ChecksumAlgorithm, () => Digest> = {
  CRC32: crc32Digest,
  CRC32C: () => new Crc32c(),
  CRC64NVME: () => new Crc64Nvme(),
  SHA1: () => createHash("sha1"),
  SHA256: () => createHash("sha256"),
  SHA512: () => createHash("sha512"),
};

/** Algorithms whose digest of a whole object S3 can make from parts; only these may be FULL_OBJECT in a multipart upload. */
export const LINEAR_ALGORITHMS: ReadonlySet<ChecksumAlgorithm> = new Set(["CRC32", "CRC32C", "CRC64NVME"]);

function crc32Digest(): Digest {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    digest() {
      const raw = Buffer.alloc(4);
      raw.writeUInt32BE(value);
      return raw;
    },
  };
}

/** A raw digest as checksums are written. */
export const base64 = (digest: Uint8Array) => Buffer.from(digest).toString("base64");

/** Starts a digest of `algorithm`. */
export const startDigest = (algorithm: ChecksumAlgorithm): Digest => ALGORITHMS[algorithm]();

/**
 * The algorithm of a name such as `crc32` or `SHA256`.
 * @throws NotImplemented for one that could not be verified here: stored unverified it would promise what nobody checked
 */
export function checksumAlgorithm(name: string): ChecksumAlgorithm {
  const algorithm = name.toUpperCase();
  if (Object.hasOwn(ALGORITHMS, algorithm)) return algorithm as ChecksumAlgorithm;
  throw s3Error(
    "NotImplemented",
    {},
    `The local cloud cannot verify checksums of ${algorithm}; use one of ${Object.keys(ALGORITHMS).join(", ")}`,
  );
}

/** The member of S3's structures that holds a checksum: `ChecksumCRC32`. */
export const checksumMember = (algorithm: ChecksumAlgorithm) => `Checksum${algorithm}` as const;

/** The members of an answer that tell a checksum: `{ ChecksumCRC32: "...", ChecksumType: "FULL_OBJECT" }`. */
export const checksumMembers = (checksum: Checksum | undefined): Record<string, string> =>
  checksum ? { [checksumMember(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type } : {};

const MEMBER = /^Checksum(CRC|SHA|XXHASH|MD5)/;

/**
 * The one checksum that an input states, if it states one.
 * @throws InvalidRequest when it states two
 */
export function statedChecksum(input: object): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const stated = Object.entries(input).filter(([name, value]) => MEMBER.test(name) && value !== undefined);
  if (stated.length > 1)
    throw s3Error("InvalidRequest", {}, "Expecting a single x-amz-checksum- header. Multiple were found.");
  const [first] = stated;
  return (
    first && { algorithm: checksumAlgorithm(first[0].slice("Checksum".length)), value: String(first[1]) }
  );
}

/** The composite checksum of a multipart object: the digest of the parts' raw digests, then the number of parts. */
export async function compositeChecksum(algorithm: ChecksumAlgorithm, parts: string[]): Promise<string> {
  const digest = startDigest(algorithm);
  for (const part of parts) digest.update(Buffer.from(part, "base64"));
  return `${base64(await digest.digest())}-${parts.length}`;
}
