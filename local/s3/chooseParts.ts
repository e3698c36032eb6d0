import { checksumMember } from "./checksums";
import { s3Error } from "./errors";
import type { Part, Upload } from "./uploadStore";

/** A part as CompleteMultipartUpload names it; checksums are `ChecksumCRC32` and the like. */
export type NamedPart = { PartNumber?: number; ETag?: string } & Record<string, unknown>;

/** The least that a part other than the last may have, 5 MiB (S3 User Guide, "Multipart upload limits"). */
const MIN_PART_BYTES = 5 * 1024 ** 2;

/**
 * Finds the parts of an upload that its completion names, in order.
 * @param objectSizeBytes what they must be together, where the client said so
 * @throws MalformedXML, InvalidPartOrder, InvalidPart, EntityTooSmall or InvalidRequest
 */
export function chooseParts(upload: Upload, named: NamedPart[], objectSizeBytes?: number): Part[] {
  if (named.length === 0) throw s3Error("MalformedXML");
  named.forEach(({ PartNumber = 0 }, index) => {
    const before = named[index - 1]?.PartNumber ?? 0;
    if (PartNumber <= before) throw s3Error("InvalidPartOrder", { UploadId: upload.uploadId });
  });
  const parts = named.map((one) => choosePart(upload, one));
  for (const part of parts.slice(0, -1)) {
    if (part.sizeBytes < MIN_PART_BYTES)
      throw s3Error("EntityTooSmall", {
        ETag: part.etag,
        PartNumber: part.partNumber,
        ProposedSize: part.sizeBytes,
        MinSizeAllowed: MIN_PART_BYTES,
      });
  }
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (objectSizeBytes !== undefined && objectSizeBytes !== sizeBytes)
    throw s3Error(
      "InvalidRequest",
      {},
      `The provided 'x-amz-mp-object-size' header value ${objectSizeBytes} does not match what was computed: ${sizeBytes}`,
    );
  return parts;
}

function choosePart({ uploadId, parts, checksum }: Upload, named: NamedPart): Part {
  const { PartNumber = 0, ETag = "" } = named;
  const part = parts.get(PartNumber);
  const invalid = s3Error("InvalidPart", { UploadId: uploadId, PartNumber, ETag });
  if (part?.etag !== ETag.replaceAll('"', "")) throw invalid;
  if (part.checksum) {
    const stated = named[checksumMember(part.checksum.algorithm)];
    if (stated !== undefined && stated !== part.checksum.value) throw invalid;
    if (stated === undefined && checksum?.type === "COMPOSITE") {
      const name = checksum.algorithm.toLowerCase();
      throw s3Error(
        "InvalidRequest",
        {},
        `The upload was created using a ${name} checksum. The complete request must include the checksum for each ` +
          `part. It was missing for part ${PartNumber} in the request.`,
      );
    }
  }
  return part;
}
