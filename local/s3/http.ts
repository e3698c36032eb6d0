import { createHash, randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { toAwsError } from "../core/protocols";
import type { Call, HttpRequest, HttpService, Operations } from "../core/service";
import { decodeAwsChunked } from "./awsChunked";
import { readMembers, writeMembers } from "./bindings";
import { s3CodeOf, s3Error } from "./errors";
import type { Payload } from "./payload";
import { addressOf, COPY_SOURCE, type Route, routeOf } from "./routes";
import { buildErrorXml, buildXml, parseXml } from "./xml";

/** The most XML that a request may carry; a list of 10,000 parts with checksums is 2 MB. */
const MAX_XML_BYTES = 8 * 1024 * 1024;
const HEX_SHA256 = /^[0-9a-f]{64}$/;

/** Speaks S3's REST-XML for `operations`, which take and return the structures of S3's API. */
export function makeS3Http(operations: Operations): HttpService {
  return {
    signingName: "s3",
    maxBodyBytes: MAX_XML_BYTES,
    streams: isUpload,
    async handle(request, response, call) {
      const address = addressOf(request.path, request.headers.host);
      const isCopy = request.headers[COPY_SOURCE] !== undefined;
      const selectors = new Set([...request.query.keys(), ...(isCopy ? [COPY_SOURCE] : [])]);
      const route = routeOf(request.method, address, selectors);
      const input = {
        ...readMembers(request.headers, request.query),
        ...(await readBody(route, request)),
        Bucket: address.bucket,
        Key: address.key,
      };
      const output = (await operations[route.name]?.(input as never, call)) ?? {};
      await answer(route, output, response, call);
    },
    writeError(response, thrown, requestId) {
      const error = toAwsError(thrown);
      const body = buildErrorXml({
        Code: s3CodeOf(error),
        Message: error.message,
        ...error.detail,
        RequestId: requestId,
        HostId: "local",
      });
      const hasBody = error.statusCode !== 304;
      const headers = {
        "x-amz-request-id": requestId,
        ...(hasBody && { "content-type": "application/xml" }),
        ...(error.detail?.DeleteMarker === true && { "x-amz-delete-marker": "true" }),
      };
      response.writeHead(error.statusCode, headers);
      response.end(hasBody ? body : undefined);
    },
  };
}

/** Whatever is put to a key may be large. */
const isUpload = ({ method, path, headers }: Pick<HttpRequest, "method" | "path" | "headers">) =>
  method === "PUT" && addressOf(path, headers.host).key !== undefined;

async function readBody(route: Route, request: HttpRequest): Promise<Record<string, unknown>> {
  const payload = payloadOfRequest(request);
  const contentEncoding = (request.headers["content-encoding"] ?? "")
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "aws-chunked" && coding !== "")
    .join(",");
  const members = { ContentEncoding: contentEncoding || undefined };
  if (route.body === "payload") {
    if (payload.expectedBytes === undefined) throw s3Error("MissingContentLength");
    return { ...members, Body: payload };
  }
  if (route.body === undefined) return members;
  const text = await readText(payload);
  if (route.body === "json") return { ...members, Policy: text };
  const { root, member } = route.body;
  if (text !== "") return { ...members, [member]: parseXml(text, root) };
  // CreateBucket alone may come without a body.
  if (route.name !== "CreateBucket") throw s3Error("MalformedXML");
  return members;
}

async function readText({ bytes, expectedSha256 }: Payload): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of bytes) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_XML_BYTES) throw s3Error("EntityTooLarge", { MaxSizeAllowed: MAX_XML_BYTES });
    parts.push(part);
  }
  const body = Buffer.concat(parts);
  if (expectedSha256 !== undefined && createHash("sha256").update(body).digest("hex") !== expectedSha256)
    throw s3Error("XAmzContentSHA256Mismatch");
  return body.toString("utf8");
}

function payloadOfRequest(request: HttpRequest): Payload {
  const { headers } = request;
  const source: AsyncIterable<Buffer> = isUpload(request) ? readStream(request) : oneChunk(request.body);
  const stated = String(headers["x-amz-content-sha256"] ?? "");
  const framed = stated.startsWith("STREAMING-") || /\baws-chunked\b/.test(headers["content-encoding"] ?? "");
  const length = headers[framed ? "x-amz-decoded-content-length" : "content-length"];
  const expectedBytes = length === undefined ? undefined : Number(length);
  if (!framed)
    return { bytes: source, expectedBytes, expectedSha256: HEX_SHA256.test(stated) ? stated : undefined };
  const trailers = new Map<string, string>();
  const trailer = headers["x-amz-trailer"];
  return {
    bytes: decodeAwsChunked(source, (name, value) => trailers.set(name, value)),
    expectedBytes,
    trailer: typeof trailer === "string" ? { name: trailer, value: () => trailers.get(trailer) } : undefined,
  };
}

async function* readStream({ stream }: HttpRequest): AsyncGenerator<Buffer> {
  try {
    yield* stream;
  } catch {
    // The connection broke: the body is all that can be said to be wrong, and nobody is there to hear it.
    throw s3Error("IncompleteBody");
  }
}

async function* oneChunk(bytes: Buffer) {
  yield bytes;
}

async function answer(route: Route, output: object, response: ServerResponse, call: Call): Promise<void> {
  const kind = route.answer;
  const hasXml = kind !== undefined && kind !== "payload" && kind !== "json";
  const { headers, rest } = writeMembers(output, { hasXml, inHeaders: route.inHeaders });
  const common = { "x-amz-request-id": call.requestId, "x-amz-id-2": randomUUID(), server: "AmazonS3" };
  const status = headers["content-range"] ? 206 : route.method === "DELETE" ? 204 : 200;
  if (hasXml) {
    const content = (rest[kind] as object | undefined) ?? rest;
    response.writeHead(status, { ...common, ...headers, "content-type": "application/xml" });
    response.end(buildXml(kind, content));
  } else if (kind === "json") {
    response.writeHead(status, { ...common, ...headers, "content-type": "application/json" });
    response.end(rest.Policy);
  } else {
    response.writeHead(status, { ...common, ...headers });
    if (kind === "payload") await pipeline(rest.Body as NodeJS.ReadableStream, response);
    else response.end();
  }
}
