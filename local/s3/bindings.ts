import type { IncomingHttpHeaders } from "node:http";
import { s3Error } from "./errors";

type Kind = "string" | "number" | "boolean" | "httpDate" | "isoDate" | "list";
type Binding = [member: string, kind?: Kind];

/** Headers and the members of S3's API that they carry, in requests and in answers (S3 API Reference). */
const HEADERS: Record<string, Binding> = {
  "accept-ranges": ["AcceptRanges"],
  "cache-control": ["CacheControl"],
  "content-disposition": ["ContentDisposition"],
  "content-encoding": ["ContentEncoding"],
  "content-language": ["ContentLanguage"],
  "content-length": ["ContentLength", "number"],
  "content-md5": ["ContentMD5"],
  "content-range": ["ContentRange"],
  "content-type": ["ContentType"],
  etag: ["ETag"],
  expires: ["Expires"],
  "if-match": ["IfMatch"],
  "if-modified-since": ["IfModifiedSince", "httpDate"],
  "if-none-match": ["IfNoneMatch"],
  "if-unmodified-since": ["IfUnmodifiedSince", "httpDate"],
  "last-modified": ["LastModified", "httpDate"],
  location: ["Location"],
  range: ["Range"],
  "x-amz-acl": ["ACL"],
  "x-amz-bucket-object-lock-enabled": ["ObjectLockEnabledForBucket", "boolean"],
  "x-amz-bucket-region": ["BucketRegion"],
  "x-amz-bypass-governance-retention": ["BypassGovernanceRetention", "boolean"],
  "x-amz-checksum-algorithm": ["ChecksumAlgorithm"],
  "x-amz-checksum-crc32": ["ChecksumCRC32"],
  "x-amz-checksum-crc32c": ["ChecksumCRC32C"],
  "x-amz-checksum-crc64nvme": ["ChecksumCRC64NVME"],
  "x-amz-checksum-md5": ["ChecksumMD5"],
  "x-amz-checksum-mode": ["ChecksumMode"],
  "x-amz-checksum-sha1": ["ChecksumSHA1"],
  "x-amz-checksum-sha256": ["ChecksumSHA256"],
  "x-amz-checksum-sha512": ["ChecksumSHA512"],
  "x-amz-checksum-type": ["ChecksumType"],
  "x-amz-checksum-xxhash128": ["ChecksumXXHASH128"],
  "x-amz-checksum-xxhash3": ["ChecksumXXHASH3"],
  "x-amz-checksum-xxhash64": ["ChecksumXXHASH64"],
  "x-amz-copy-source": ["CopySource"],
  "x-amz-copy-source-if-match": ["CopySourceIfMatch"],
  "x-amz-copy-source-if-modified-since": ["CopySourceIfModifiedSince", "httpDate"],
  "x-amz-copy-source-if-none-match": ["CopySourceIfNoneMatch"],
  "x-amz-copy-source-if-unmodified-since": ["CopySourceIfUnmodifiedSince", "httpDate"],
  "x-amz-copy-source-range": ["CopySourceRange"],
  "x-amz-copy-source-version-id": ["CopySourceVersionId"],
  "x-amz-delete-marker": ["DeleteMarker", "boolean"],
  "x-amz-expected-bucket-owner": ["ExpectedBucketOwner"],
  "x-amz-max-parts": ["MaxParts", "number"],
  "x-amz-metadata-directive": ["MetadataDirective"],
  "x-amz-mp-object-size": ["MpuObjectSize", "number"],
  "x-amz-mp-parts-count": ["PartsCount", "number"],
  "x-amz-object-attributes": ["ObjectAttributes", "list"],
  "x-amz-object-lock-legal-hold": ["ObjectLockLegalHoldStatus"],
  "x-amz-object-lock-mode": ["ObjectLockMode"],
  "x-amz-object-lock-retain-until-date": ["ObjectLockRetainUntilDate", "isoDate"],
  "x-amz-object-ownership": ["ObjectOwnership"],
  "x-amz-optional-object-attributes": ["OptionalObjectAttributes", "list"],
  "x-amz-part-number-marker": ["PartNumberMarker", "number"],
  "x-amz-request-payer": ["RequestPayer"],
  "x-amz-sdk-checksum-algorithm": ["ChecksumAlgorithm"],
  "x-amz-server-side-encryption": ["ServerSideEncryption"],
  "x-amz-server-side-encryption-aws-kms-key-id": ["SSEKMSKeyId"],
  "x-amz-server-side-encryption-bucket-key-enabled": ["BucketKeyEnabled", "boolean"],
  "x-amz-source-expected-bucket-owner": ["ExpectedSourceBucketOwner"],
  "x-amz-storage-class": ["StorageClass"],
  "x-amz-tagging": ["Tagging"],
  "x-amz-tagging-count": ["TagCount", "number"],
  "x-amz-tagging-directive": ["TaggingDirective"],
  "x-amz-transition-default-minimum-object-size": ["TransitionDefaultMinimumObjectSize"],
  "x-amz-version-id": ["VersionId"],
};

/** Headers of the protocol itself, which no operation reads. */
const PROTOCOL_HEADERS =
  /^x-amz-(content-sha256|date|decoded-content-length|security-token|trailer|user-agent)$/;

/** Members that travel in headers even where an answer's other members make up its XML. */
const BESIDE_XML =
  /^(BucketKeyEnabled|CopySourceVersionId|DeleteMarker|ServerSideEncryption|SSEKMSKeyId|TransitionDefaultMinimumObjectSize|VersionId)$/;

const QUERY: Record<string, Binding> = {
  "continuation-token": ["ContinuationToken"],
  delimiter: ["Delimiter"],
  "encoding-type": ["EncodingType"],
  "fetch-owner": ["FetchOwner", "boolean"],
  "key-marker": ["KeyMarker"],
  marker: ["Marker"],
  "max-buckets": ["MaxBuckets", "number"],
  "max-keys": ["MaxKeys", "number"],
  "max-parts": ["MaxParts", "number"],
  "max-uploads": ["MaxUploads", "number"],
  "part-number-marker": ["PartNumberMarker", "number"],
  partNumber: ["PartNumber", "number"],
  prefix: ["Prefix"],
  "response-cache-control": ["ResponseCacheControl"],
  "response-content-disposition": ["ResponseContentDisposition"],
  "response-content-encoding": ["ResponseContentEncoding"],
  "response-content-language": ["ResponseContentLanguage"],
  "response-content-type": ["ResponseContentType"],
  "response-expires": ["ResponseExpires"],
  "start-after": ["StartAfter"],
  "upload-id-marker": ["UploadIdMarker"],
  uploadId: ["UploadId"],
  "version-id-marker": ["VersionIdMarker"],
  versionId: ["VersionId"],
};

const METADATA_PREFIX = "x-amz-meta-";

function read(name: string, text: string, kind: Kind = "string"): unknown {
  if (kind === "boolean") return text.toLowerCase() === "true";
  if (kind === "list") return text.split(",").map((item) => item.trim());
  if (kind === "number") {
    if (!/^\d{1,15}$/.test(text))
      throw s3Error("InvalidArgument", { ArgumentName: name, ArgumentValue: text });
    return Number(text);
  }
  if (kind === "string") return text;
  const date = new Date(text);
  // RFC 9110: a date that cannot be read is as if it were absent. One in S3's own headers is an error.
  if (Number.isNaN(date.getTime()) && kind === "isoDate")
    throw s3Error("InvalidArgument", { ArgumentName: name, ArgumentValue: text });
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/**
 * The members of an operation's input that a request carries outside its body. Headers of a presigned URL stand in its
 * query.
 * @throws NotImplemented for an `x-amz-` header that means something S3 has and we have not
 */
export function readMembers(headers: IncomingHttpHeaders, query: URLSearchParams): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  const metadata: Record<string, string> = {};
  const hoisted = [...query].filter(([name]) => name.startsWith("x-amz-"));
  for (const [name, value] of [...Object.entries(headers), ...hoisted]) {
    const text = Array.isArray(value) ? value.join(",") : (value ?? "");
    const binding = HEADERS[name];
    if (name.startsWith(METADATA_PREFIX)) metadata[name.slice(METADATA_PREFIX.length)] = text;
    else if (binding) members[binding[0]] = read(name, text, binding[1]);
    else if (name.startsWith("x-amz-") && !PROTOCOL_HEADERS.test(name))
      throw s3Error("NotImplemented", { Header: name });
  }
  for (const [name, text] of query) {
    const binding = QUERY[name];
    if (binding) members[binding[0]] = read(name, text, binding[1]);
  }
  return { ...members, Metadata: metadata };
}

function write(value: unknown, kind: Kind = "string"): string {
  if (value instanceof Date) return kind === "isoDate" ? value.toISOString() : value.toUTCString();
  return String(value);
}

/**
 * Splits an output into its headers and the members that are left for the XML.
 * @param inHeaders members that this operation answers in headers beside its XML
 */
export function writeMembers(
  output: object,
  { hasXml, inHeaders = [] }: { hasXml: boolean; inHeaders?: string[] },
): { headers: Record<string, string>; rest: Record<string, unknown> } {
  const { Metadata = {}, ...members } = output as { Metadata?: Record<string, string> } & Record<
    string,
    unknown
  >;
  const headers: Record<string, string> = {};
  const rest = { ...members };
  for (const [name, [member, kind]] of Object.entries(HEADERS)) {
    const inXml = hasXml && !BESIDE_XML.test(member) && !inHeaders.includes(member);
    if (members[member] === undefined || inXml) continue;
    // Two headers of requests share the member ChecksumAlgorithm; answers have the first.
    if (name === "x-amz-sdk-checksum-algorithm") continue;
    headers[name] = write(members[member], kind);
    delete rest[member];
  }
  for (const [name, value] of Object.entries(Metadata)) headers[METADATA_PREFIX + name] = value;
  return { headers, rest };
}
