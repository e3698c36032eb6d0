import { createHash, timingSafeEqual } from "node:crypto";
import { Sha256 } from "@aws-crypto/sha256-js";
import {
  ALGORITHM_IDENTIFIER,
  createScope,
  getCanonicalQuery,
  SignatureV4,
  UNSIGNED_PAYLOAD,
} from "@smithy/signature-v4";
import type { CredentialScope } from "../core/server";
import type { HttpRequest } from "../core/service";
import { percentEncode } from "./percentEncoding";

/** What a SigV4 request says of its own signature, in the Authorization header or in a presigned URL. */
export interface SentSignature {
  presigned: boolean;
  /** Lower-case names of the headers that were signed. */
  signedHeaders: string[];
  /** 64 hex digits. */
  signature: string;
  /** The instant of `X-Amz-Date`, by the client's clock. */
  signingDate: Date;
  /** How long a presigned URL is good for. */
  expiresSeconds?: number;
  /** The session token, signed or not: the C producer adds it after signing. */
  sessionToken?: string;
}

/** Reads a request's signature; for an incomplete one, what is wrong with it. */
export function readSignature(request: HttpRequest): SentSignature | { problem: string } {
  const { headers, query } = request;
  const presigned = headers.authorization === undefined;
  const read = presigned
    ? (name: string) => query.get(`X-Amz-${name}`) ?? undefined
    : (name: string) => new RegExp(`\\b${name}=([^,\\s]+)`).exec(headers.authorization ?? "")?.[1];
  const algorithm = presigned ? read("Algorithm") : headers.authorization?.split(" ")[0];
  if (algorithm !== ALGORITHM_IDENTIFIER)
    return { problem: `the algorithm is ${algorithm}; sign with SigV4` };
  const signature = read("Signature");
  if (!signature) return { problem: "the Signature is missing" };
  const signedHeaders = read("SignedHeaders")?.split(";");
  if (!signedHeaders) return { problem: "the SignedHeaders are missing" };
  if (!signedHeaders.includes("host")) return { problem: "the host header is not among the SignedHeaders" };
  const date = presigned ? read("Date") : single(headers["x-amz-date"]);
  const signingDate = parseBasicIso8601(date ?? "");
  if (!signingDate) return { problem: `X-Amz-Date is ${date}; write 20261122T140300Z` };
  const expiresSeconds = presigned ? Number(read("Expires")) : undefined;
  if (expiresSeconds !== undefined && !(expiresSeconds >= 1 && expiresSeconds <= 604_800)) {
    return { problem: `X-Amz-Expires is ${read("Expires")}; write 1 to 604800 seconds` };
  }
  return {
    presigned,
    signedHeaders,
    signature,
    signingDate,
    expiresSeconds,
    sessionToken: query.get("X-Amz-Security-Token") ?? single(headers["x-amz-security-token"]),
  };
}

/**
 * Whether `sent` is what the holder of `secretAccessKey` would have signed: the request is signed again over its own
 * SignedHeaders, and the two signatures are compared in constant time. Of a `STREAMING-` upload only this seed signature
 * is judged, not its chunks.
 *
 * A body that was read must hash to what was signed, unless the client signed `UNSIGNED-PAYLOAD` or a `STREAMING-` marker.
 * Of a body left unread (PutMedia, uploads) the signed hash is believed; without one, both habits of producers pass: the
 * empty body's hash and `UNSIGNED-PAYLOAD`.
 */
export async function signatureMatches(
  request: HttpRequest,
  scope: CredentialScope,
  sent: SentSignature,
  secretAccessKey: string,
  bodyWasRead: boolean,
): Promise<boolean> {
  for (const payloadHash of payloadHashes(request, scope, sent, bodyWasRead)) {
    const signature = await signAgain(request, scope, sent, secretAccessKey, payloadHash);
    if (equal(signature, sent.signature)) return true;
  }
  return false;
}

/** Compares two strings in a time that does not tell where they differ. */
export function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

const EMPTY_BODY_HASH = createHash("sha256").digest("hex");

function payloadHashes(
  request: HttpRequest,
  scope: CredentialScope,
  sent: SentSignature,
  bodyWasRead: boolean,
): string[] {
  const stated = single(request.headers["x-amz-content-sha256"]) ?? request.query.get("X-Amz-Content-Sha256");
  if (stated === UNSIGNED_PAYLOAD || stated?.startsWith("STREAMING-")) return [stated];
  if (sent.presigned && scope.signingName === "s3") return [stated ?? UNSIGNED_PAYLOAD];
  if (bodyWasRead) return [createHash("sha256").update(request.body).digest("hex")];
  return stated ? [stated] : [EMPTY_BODY_HASH, UNSIGNED_PAYLOAD];
}

/** The steps of the IAM user guide, "Create a signed AWS API request", over what the client says it signed. */
async function signAgain(
  request: HttpRequest,
  scope: CredentialScope,
  sent: SentSignature,
  secretAccessKey: string,
  payloadHash: string,
): Promise<string> {
  const { accessKeyId, region, signingName } = scope;
  const signingDate = sent.signingDate;
  const longDate = signingDate.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const canonicalRequest = [
    request.method,
    // S3 signs the path as it is on the wire; all other services encode it once more.
    signingName === "s3" ? request.path : encodePath(request.path),
    canonicalQuery(request),
    ...sent.signedHeaders.map((name) => `${name}:${canonicalValue(request.headers[name])}`),
    "",
    sent.signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
  const stringToSign = [
    ALGORITHM_IDENTIFIER,
    longDate,
    createScope(longDate.slice(0, 8), region, signingName),
    createHash("sha256").update(canonicalRequest).digest("hex"),
  ].join("\n");
  const credentials = { accessKeyId, secretAccessKey };
  const signer = new SignatureV4({ credentials, region, service: signingName, sha256: Sha256 });
  return signer.sign(stringToSign, { signingDate });
}

const canonicalValue = (value: string | string[] | undefined) =>
  (single(value) ?? "").trim().replace(/\s+/g, " ");

const encodePath = (path: string) => percentEncode(path.replace(/\/+/g, "/")).replaceAll("%2F", "/");

function canonicalQuery({ method, path, query }: HttpRequest): string {
  const bag = Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)]));
  return getCanonicalQuery({ method, path, query: bag, headers: {}, protocol: "http:", hostname: "" });
}

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(",") : value);

function parseBasicIso8601(text: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
