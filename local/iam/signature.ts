import { createHash, timingSafeEqual } from "node:crypto";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { CredentialScope } from "../core/server";
import type { HttpRequest } from "../core/service";

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
  if (algorithm !== "AWS4-HMAC-SHA256")
    return { problem: `the algorithm ${algorithm} is not AWS4-HMAC-SHA256` };

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
const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

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

async function signAgain(
  request: HttpRequest,
  scope: CredentialScope,
  sent: SentSignature,
  secretAccessKey: string,
  payloadHash: string,
): Promise<string> {
  // The token stays where the client put it, so the signer is not told of it.
  const signer = new SignatureV4({
    credentials: { accessKeyId: scope.accessKeyId, secretAccessKey },
    region: scope.region,
    service: scope.signingName,
    sha256: Sha256,
    // S3 signs the path as it is on the wire; all other services encode it once more.
    uriEscapePath: scope.signingName !== "s3",
    applyChecksum: false,
  });
  const signable = new Set(sent.signedHeaders);
  const headers: Record<string, string> = {};
  for (const name of signable) headers[name] = single(request.headers[name]) ?? "";
  // The signer takes the payload's hash from this header, also where the client did not sign the header itself.
  headers["x-amz-content-sha256"] = payloadHash;
  const unsigned = { method: request.method, protocol: "http:", hostname: "", path: request.path };
  const toSign = { ...unsigned, query: queryBag(request.query), headers };
  const options = {
    signingDate: sent.signingDate,
    signableHeaders: signable,
    unsignableHeaders: new Set(["x-amz-content-sha256", "x-amz-date"].filter((name) => !signable.has(name))),
  };
  if (!sent.presigned) {
    const signed = await signer.sign(toSign, options);
    return /Signature=(\w+)/.exec(signed.headers.authorization ?? "")?.[1] ?? "";
  }
  const unhoistableHeaders = new Set(Object.keys(headers));
  const signed = await signer.presign(toSign, {
    ...options,
    unhoistableHeaders,
    expiresIn: sent.expiresSeconds,
  });
  return String(signed.query?.["X-Amz-Signature"]);
}

function queryBag(query: URLSearchParams): Record<string, string | string[]> {
  const names = [...new Set(query.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = query.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? "") : values];
    }),
  );
}

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(",") : value);

function parseBasicIso8601(text: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
