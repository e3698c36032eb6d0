import { randomUUID } from "node:crypto";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { awsError, isConnectionCut } from "./errors";
import type { Caller, HttpRequest, HttpService, Need } from "./service";
import { makeUnderWay } from "./underWay";

/** What the server needs to know of its callers. */
export interface Gatekeeper {
  /** Who signed this request. Rejects with the service's error for a bad, expired or foreign-region signature. */
  authenticate(request: HttpRequest, scope: CredentialScope, bodyWasRead: boolean): Promise<Caller>;
  /** Resolves when `caller` may do all of `needs`. */
  authorize(caller: Caller, needs: Need[]): Promise<void>;
}

/** The scope of a SigV4 credential: `AKID/20261122/us-east-1/kinesisvideo/aws4_request`. */
export interface CredentialScope {
  accessKeyId: string;
  date: string;
  region: string;
  signingName: string;
}

/** Reads the scope from the Authorization header or from a presigned URL; nothing for an unsigned request. */
export function credentialScope(
  request: Pick<HttpRequest, "headers" | "query">,
): CredentialScope | undefined {
  const header = /Credential=([^,\s]+)/.exec(request.headers.authorization ?? "")?.[1];
  const credential = header ?? request.query.get("X-Amz-Credential") ?? "";
  const [accessKeyId, date, region, signingName] = credential.split("/");
  if (!accessKeyId || !date || !region || !signingName) return undefined;
  return { accessKeyId, date, region, signingName };
}

/** Who answers at an endpoint. */
export interface Served {
  services: HttpService[];
  gatekeeper: Gatekeeper;
  region: string;
  accountId: string;
}

/** The endpoint of the local cloud. */
export interface Endpoint {
  url: string;
  /** Begins to answer. Before, callers get 503: services may have to know the URL when they are made. */
  serve(served: Served): void;
  /** Ends the server and every open connection. Calls whose caller is cut off go on to their end. */
  close(): Promise<void>;
  /** Resolves when no call is under way. */
  idle(): Promise<void>;
}

/**
 * Opens the one loopback port of all services.
 * @throws when the port is taken, naming it
 */
export async function openEndpoint(port: number): Promise<Endpoint> {
  let answer = async (_message: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeHead(503, { "retry-after": "1" }).end();
  };
  const underWay = makeUnderWay();
  const server = http.createServer({ requestTimeout: 0, keepAliveTimeout: 5000 }, (message, response) => {
    // A client that goes away ends its call; the service sees the stream end.
    response.on("error", () => message.destroy());
    void underWay.add(answer(message, response));
  });
  // PutMedia's clients and S3's wait for the go-ahead before they send a body.
  server.on("checkContinue", (message: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeContinue();
    server.emit("request", message, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      if (code === "EADDRINUSE") reject(new Error(`port ${port} is in use; name another with --port`));
      else if (code === "EACCES")
        reject(new Error(`port ${port} is not yours to open; name one above 1023 with --port`));
      else reject(new Error(`port ${port} cannot be opened: ${message}`));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(served) {
      answer = makeAnswer(served);
    },
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
    idle: underWay.none,
  };
}

/** Answers requests by the service that their signature's scope names; unsigned ones are who takes them's, or S3's. */
function makeAnswer({ services, gatekeeper, region, accountId }: Served) {
  const bySigningName = new Map(services.map((service) => [service.signingName, service]));

  return async (message: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const requestId = randomUUID();
    const [path = "/", search = ""] = (message.url ?? "/").split(/\?(.*)/s);
    const request: HttpRequest = {
      method: message.method ?? "GET",
      path,
      query: new URLSearchParams(search),
      headers: message.headers,
      body: Buffer.alloc(0),
      stream: message,
    };
    const scope = credentialScope(request);
    const taker = scope ? undefined : services.find(({ takesUnsigned }) => takesUnsigned?.(request));
    const service = taker ?? bySigningName.get(scope?.signingName ?? "s3");
    if (!service) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ message: `The local cloud has no service ${scope?.signingName}` }));
      return;
    }
    try {
      if (!scope && !taker) throw awsError("AccessDenied", 403, "Requests must be signed");
      const streams = service.streams(request);
      if (!streams) request.body = await readBody(message, service.maxBodyBytes);
      const caller = scope
        ? await gatekeeper.authenticate(request, scope, !streams)
        : ({ kind: "anonymous", arn: "anonymous", accountId } as const);
      const authorize = async (...needs: Need[]) => {
        if (!scope)
          throw awsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
        await gatekeeper.authorize(caller, needs);
      };
      const call = { caller, accessKeyId: scope?.accessKeyId, region, accountId, requestId, authorize };
      await service.handle(request, response, call);
    } catch (error) {
      if (response.headersSent || isConnectionCut(error)) response.destroy();
      else service.writeError(response, error, requestId);
    }
  };
}

async function readBody(message: http.IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) {
      throw awsError("RequestEntityTooLarge", 413, `The body is larger than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
