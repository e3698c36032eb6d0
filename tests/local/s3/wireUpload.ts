import * as http from "node:http";

/** A PUT whose bytes the test sends itself. */
export interface WireUpload {
  write(bytes: Uint8Array | string): void;
  end(): void;
  /** Breaks the connection. */
  destroy(): void;
  answer: Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }>;
}

/** Opens a PUT; the signature is not one, which these tests do not check. */
export function openUpload(url: string, headers: http.OutgoingHttpHeaders): WireUpload {
  const Credential = "AKIDOWNER/20261122/us-east-1/s3/aws4_request";
  const authorization = `AWS4-HMAC-SHA256 Credential=${Credential}, SignedHeaders=host, Signature=0`;
  const request = http.request(url, { method: "PUT", headers: { authorization, ...headers } });
  const answer = new Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }>(
    (resolve, reject) => {
      request.on("error", reject);
      request.on("response", (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text) => {
          body += text;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
        );
      });
    },
  );
  return {
    write: (bytes) => void request.write(bytes),
    end: () => void request.end(),
    destroy: () => void request.destroy(),
    answer,
  };
}

/** Sends a whole body in one PUT. */
export function upload(url: string, headers: http.OutgoingHttpHeaders, body: Uint8Array | string) {
  const wire = openUpload(url, { "content-length": Buffer.byteLength(body), ...headers });
  wire.write(body);
  wire.end();
  return wire.answer;
}
