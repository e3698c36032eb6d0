import type * as http from "node:http";

/** A refusal by the service. `name` is the service's own, for example `ResourceNotFoundException`. */
export interface ServiceError extends Error {
  statusCode: number;
}

/** The most that is read of an error's body. */
const MAX_BODY_BYTES = 64 * 1024;

/** Reads an answer other than 200. The type stands in a header, or in the body as `__type`. */
export async function serviceError(response: http.IncomingMessage): Promise<ServiceError> {
  const statusCode = response.statusCode ?? 0;
  const body = await readText(response);
  const fields = parseObject(body);
  const type = response.headers["x-amzn-errortype"] ?? response.headers["x-amz-errortype"] ?? fields.__type;
  // "Type:http://internal.amazon.com/…" and "com.amazonaws.kinesisvideo#Type" are both seen.
  const name = String(type ?? `Http${statusCode}`)
    .replace(/^.*#/, "")
    .replace(/:.*$/, "");
  const message = fields.Message ?? fields.message ?? (body.trim() || "no reason given");
  return Object.assign(new Error(`${name} (HTTP ${statusCode}): ${message}`), { name, statusCode });
}

/** An error of the socket, with the address that the error itself may lack. */
export function unreachable(url: URL, cause: Error): Error {
  const code = "code" in cause ? String(cause.code) : cause.message;
  return Object.assign(new Error(`No connection to ${url.origin} (${code}).`), { code, cause });
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    sizeBytes += part.length;
    if (sizeBytes > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(parts).toString("utf8", 0, MAX_BODY_BYTES);
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A proxy's page is not JSON: the caller shows it as text.
    return {};
  }
}
