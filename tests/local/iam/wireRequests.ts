import { createHash, createHmac } from "node:crypto";
import * as http from "node:http";
import type { HttpRequest } from "../../../local/core/service";

/** A request as the server hands it over, from what is on the wire. Header names in lower case. */
export function requestOf(
  method: string,
  target: string,
  headers: Record<string, string>,
  body = "",
): HttpRequest {
  const [path = "/", search = ""] = target.split(/\?(.*)/s);
  const stream = undefined as unknown as http.IncomingMessage;
  return { method, path, query: new URLSearchParams(search), headers, body: Buffer.from(body), stream };
}

/** Now, as `X-Amz-Date` writes it, `offsetMs` away. */
export const amzDate = (offsetMs = 0) =>
  new Date(Date.now() + offsetMs).toISOString().replace(/[-:]|\.\d{3}/g, "");

/** What {@link signByHand} signs; headers in lower case, without authorization. */
export interface Unsigned {
  method: string;
  path: string;
  headers: Record<string, string>;
  payloadHash: string;
  service: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** The Authorization header of a request, by the steps of the IAM user guide and nothing but `node:crypto`. */
export function signByHand(request: Unsigned): string {
  const { method, path, headers, payloadHash, service, accessKeyId, secretAccessKey } = request;
  const date = headers["x-amz-date"] ?? "";
  const names = Object.keys(headers).sort();
  const canonicalHeaders = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const canonical = [method, path, "", canonicalHeaders, names.join(";"), payloadHash].join("\n");
  const scope = `${date.slice(0, 8)}/us-east-1/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, createHash("sha256").update(canonical).digest("hex")];
  const key = scope
    .split("/")
    .reduce<Buffer>(
      (secret, step) => createHmac("sha256", secret).update(step).digest(),
      Buffer.from(`AWS4${secretAccessKey}`),
    );
  const signature = createHmac("sha256", key).update(toSign.join("\n")).digest("hex");
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
}

/** Sends a request as it is; no client adds or signs anything but the body's framing. */
export function send(
  url: string,
  options: { method: string; path: string; headers: Record<string, string>; body?: string },
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      new URL(options.path, url),
      { method: options.method, headers: options.headers },
      (response) => {
        let body = "";
        response.on("data", (part) => (body += part));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    request.on("error", reject);
    request.end(options.body);
  });
}
