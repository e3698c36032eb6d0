import { s3Error } from "./errors";

/** What a request is about: the service, a bucket, or an object. */
export interface Address {
  bucket?: string;
  key?: string;
}

/** How an operation of S3 is spoken over HTTP. */
export interface Route {
  name: string;
  method: string;
  at: "service" | "bucket" | "object";
  /** The query parameter (or `x-amz-copy-source`) that tells the operation from others of its method. */
  selector?: string;
  /** The root of the XML sent, and the member it is; `payload` for bytes, `json` for a policy. */
  body?: { root: string; member: string } | "payload" | "json";
  /** The root of the XML answered; `payload` for bytes, `json` for a policy; nothing for headers alone. */
  answer?: string;
  /** Members answered in headers beside the XML. */
  inHeaders?: string[];
}

/** The header that makes a copy of a PUT. */
export const COPY_SOURCE = "x-amz-copy-source";

/** Sent XML whose root is named as the member is. */
const xml = (root: string, member = root) => ({ root, member });

/** Get, put and delete of one of a bucket's configurations. */
function configuration(
  name: string,
  selector: string,
  root: string,
  {
    get = `Get${name}`,
    put = `Put${name}`,
    remove,
  }: { get?: string; put?: string | null; remove?: string } = {},
): Route[] {
  const at = "bucket";
  return [
    { name: get, method: "GET", at, selector, answer: root },
    ...(put ? [{ name: put, method: "PUT", at, selector, body: xml(root) } as const] : []),
    ...(remove ? [{ name: remove, method: "DELETE", at, selector } as const] : []),
  ];
}

/** The operations served, the most particular of a method and place first (S3 API Reference, "Actions"). */
const ROUTES: Route[] = [
  { name: "ListBuckets", method: "GET", at: "service", answer: "ListAllMyBucketsResult" },

  {
    name: "GetBucketLocation",
    method: "GET",
    at: "bucket",
    selector: "location",
    answer: "LocationConstraint",
  },
  { name: "GetBucketPolicy", method: "GET", at: "bucket", selector: "policy", answer: "json" },
  { name: "PutBucketPolicy", method: "PUT", at: "bucket", selector: "policy", body: "json" },
  { name: "DeleteBucketPolicy", method: "DELETE", at: "bucket", selector: "policy" },
  ...configuration("BucketVersioning", "versioning", "VersioningConfiguration"),
  ...configuration("BucketEncryption", "encryption", "ServerSideEncryptionConfiguration", {
    remove: "DeleteBucketEncryption",
  }),
  ...configuration("BucketLifecycleConfiguration", "lifecycle", "LifecycleConfiguration", {
    remove: "DeleteBucketLifecycle",
  }),
  ...configuration("PublicAccessBlock", "publicAccessBlock", "PublicAccessBlockConfiguration", {
    remove: "DeletePublicAccessBlock",
  }),
  ...configuration("BucketOwnershipControls", "ownershipControls", "OwnershipControls", {
    remove: "DeleteBucketOwnershipControls",
  }),
  ...configuration("BucketTagging", "tagging", "Tagging", { remove: "DeleteBucketTagging" }),
  ...configuration("BucketLogging", "logging", "BucketLoggingStatus"),
  ...configuration("ObjectLockConfiguration", "object-lock", "ObjectLockConfiguration"),
  ...configuration("BucketNotificationConfiguration", "notification", "NotificationConfiguration"),
  ...configuration("BucketAccelerateConfiguration", "accelerate", "AccelerateConfiguration", { put: null }),
  ...configuration("BucketRequestPayment", "requestPayment", "RequestPaymentConfiguration", { put: null }),
  ...configuration("BucketCors", "cors", "CORSConfiguration", { put: null }),
  ...configuration("BucketWebsite", "website", "WebsiteConfiguration", { put: null }),
  ...configuration("BucketReplication", "replication", "ReplicationConfiguration", { put: null }),
  ...configuration("BucketAcl", "acl", "AccessControlPolicy", { put: null }),
  {
    name: "ListObjectVersions",
    method: "GET",
    at: "bucket",
    selector: "versions",
    answer: "ListVersionsResult",
  },
  {
    name: "ListMultipartUploads",
    method: "GET",
    at: "bucket",
    selector: "uploads",
    answer: "ListMultipartUploadsResult",
  },
  { name: "ListObjectsV2", method: "GET", at: "bucket", selector: "list-type", answer: "ListBucketResult" },
  { name: "ListObjects", method: "GET", at: "bucket", answer: "ListBucketResult" },
  {
    name: "DeleteObjects",
    method: "POST",
    at: "bucket",
    selector: "delete",
    body: xml("Delete"),
    answer: "DeleteResult",
  },
  { name: "CreateBucket", method: "PUT", at: "bucket", body: xml("CreateBucketConfiguration") },
  { name: "HeadBucket", method: "HEAD", at: "bucket" },
  { name: "DeleteBucket", method: "DELETE", at: "bucket" },

  { name: "GetObjectTagging", method: "GET", at: "object", selector: "tagging", answer: "Tagging" },
  { name: "PutObjectTagging", method: "PUT", at: "object", selector: "tagging", body: xml("Tagging") },
  { name: "DeleteObjectTagging", method: "DELETE", at: "object", selector: "tagging" },
  { name: "GetObjectRetention", method: "GET", at: "object", selector: "retention", answer: "Retention" },
  { name: "PutObjectRetention", method: "PUT", at: "object", selector: "retention", body: xml("Retention") },
  { name: "GetObjectLegalHold", method: "GET", at: "object", selector: "legal-hold", answer: "LegalHold" },
  { name: "PutObjectLegalHold", method: "PUT", at: "object", selector: "legal-hold", body: xml("LegalHold") },
  {
    name: "GetObjectAttributes",
    method: "GET",
    at: "object",
    selector: "attributes",
    answer: "GetObjectAttributesResponse",
    inHeaders: ["LastModified"],
  },
  {
    name: "CreateMultipartUpload",
    method: "POST",
    at: "object",
    selector: "uploads",
    answer: "InitiateMultipartUploadResult",
    inHeaders: ["ChecksumAlgorithm", "ChecksumType"],
  },
  {
    name: "CompleteMultipartUpload",
    method: "POST",
    at: "object",
    selector: "uploadId",
    body: xml("CompleteMultipartUpload", "MultipartUpload"),
    answer: "CompleteMultipartUploadResult",
  },
  { name: "AbortMultipartUpload", method: "DELETE", at: "object", selector: "uploadId" },
  { name: "ListParts", method: "GET", at: "object", selector: "uploadId", answer: "ListPartsResult" },
  { name: "UploadPart", method: "PUT", at: "object", selector: "uploadId", body: "payload" },
  { name: "CopyObject", method: "PUT", at: "object", selector: COPY_SOURCE, answer: "CopyObjectResult" },
  { name: "PutObject", method: "PUT", at: "object", body: "payload" },
  { name: "GetObject", method: "GET", at: "object", answer: "payload" },
  { name: "HeadObject", method: "HEAD", at: "object" },
  { name: "DeleteObject", method: "DELETE", at: "object" },
];

/** Query parameters that choose operations of S3 which are not served here. */
const NOT_SERVED = new Set(
  (
    "abac acl analytics intelligent-tiering inventory metadataConfiguration metadataTable metrics policyStatus " +
    "renameObject restore select session torrent cors website replication accelerate requestPayment encryption"
  ).split(" "),
);

/** `BUCKET.localhost`, `BUCKET.s3.localhost`, `BUCKET.s3.us-east-1.amazonaws.com`: virtual-host style. */
const VIRTUAL_HOST = /^(?!s3[.-])(.+?)\.(?:s3[.-][^:]*|localhost)(?::\d+)?$/;

/**
 * Finds bucket and key in a request, in path style or virtual-host style.
 * @throws InvalidArgument when the path is not percent-encoded UTF-8
 */
export function addressOf(path: string, host = ""): Address {
  const hosted = VIRTUAL_HOST.exec(host)?.[1];
  const [bucket = "", ...rest] = hosted ? [hosted, path.slice(1)] : path.slice(1).split("/");
  try {
    return {
      bucket: bucket === "" ? undefined : decodeURIComponent(bucket),
      key: rest.join("/") === "" ? undefined : decodeURIComponent(rest.join("/")),
    };
  } catch {
    throw s3Error(
      "InvalidArgument",
      { ArgumentValue: path },
      `The path ${path} is not percent-encoded UTF-8`,
    );
  }
}

/**
 * Finds the operation that a request asks for.
 * @param selectors the names in the query, and `x-amz-copy-source` where the request has it
 * @throws NotImplemented for an operation of S3 that is not served, MethodNotAllowed for what S3 has not either
 */
export function routeOf(method: string, address: Address, selectors: ReadonlySet<string>): Route {
  const at = address.key !== undefined ? "object" : address.bucket !== undefined ? "bucket" : "service";
  const routes = ROUTES.filter((route) => route.at === at && route.method === method);
  const selected = routes.find(({ selector }) => selector !== undefined && selectors.has(selector));
  if (selected) {
    if (selected.name === "UploadPart" && selectors.has(COPY_SOURCE))
      return { ...selected, ...UPLOAD_PART_COPY };
    return selected;
  }
  const unserved = [...selectors].find((name) => NOT_SERVED.has(name));
  if (unserved)
    throw s3Error("NotImplemented", { Method: method }, `The local cloud has no ${method} of ?${unserved}`);
  const plain = routes.find(({ selector }) => selector === undefined);
  if (!plain) throw s3Error("MethodNotAllowed", { Method: method, ResourceType: at.toUpperCase() });
  return plain;
}

const UPLOAD_PART_COPY = { name: "UploadPartCopy", body: undefined, answer: "CopyPartResult" };
