import * as http from "node:http";
import * as https from "node:https";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4, type SignatureV4Init } from "@smithy/signature-v4";
import { type Ack, makeAckReader } from "./acks";
import { type ServiceError, serviceError, unreachable } from "./serviceError";

/** One PutMedia connection: where to, as whom, and what to do with its answers. */
export interface PutMediaOptions {
  /** From GetDataEndpoint for PUT_MEDIA, for example `https://s-1234abcd.kinesisvideo.eu-west-1.amazonaws.com`. */
  endpoint: string;
  /** Exactly one of `streamName` and `streamArn`. */
  streamName?: string;
  streamArn?: string;
  region: string;
  credentials: SignatureV4Init["credentials"];
  /** Whether Cluster Timecodes count from the epoch (default) or from `producerStartTimestampMs`. */
  timecodeType?: "ABSOLUTE" | "RELATIVE";
  /** When the producer began, in milliseconds since the epoch. */
  producerStartTimestampMs: number;
  /** The service answered 200. It may do so only after it has seen media. */
  onAccepted?(): void;
  onAck?(ack: Ack): void;
}

/** An open connection. Bytes of one Matroska stream go in; acknowledgements come back meanwhile. */
export interface PutMediaConnection {
  /**
   * Sends the next bytes and resolves when more may follow (the socket's buffer has room).
   * @throws the reason of the connection's end once it has ended
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the body. The service answers for what it has, and closes. */
  end(): void;
  /** Drops the socket without a goodbye, in mid-fragment if need be. */
  cutOff(reason?: Error): void;
  /**
   * Resolves, and never rejects, when the connection is over: with nothing when the service completed its answer
   * after `end`, otherwise with the reason. A refusal is a `ServiceError` with the service's own name for it.
   */
  closed: Promise<Error | ServiceError | undefined>;
}

/**
 * Opens a PutMedia connection (API page "PutMedia"; no AWS SDK but the old Java one has this operation). The request
 * is signed without its body, which is endless; the stream's limits are the caller's business.
 * @throws when not exactly one of `streamName` and `streamArn` is given
 */
export function openPutMedia(options: PutMediaOptions): PutMediaConnection {
  const url = new URL("/putMedia", options.endpoint);
  const headers = requestHeaders(url, options);
  let request: http.ClientRequest | undefined;
  let bodyEnded = false;
  let over = false;
  let reason: Error | undefined;
  let resolveClosed: (reason: Error | undefined) => void;
  /** Writers that wait for room, or for the end. */
  let waiting: (() => void)[] = [];
  const closed = new Promise<Error | undefined>((resolve) => {
    resolveClosed = resolve;
  });

  function close(why?: Error): void {
    if (over) return;
    over = true;
    reason = why;
    request?.destroy();
    resolveClosed(why);
    wakeWriters();
  }

  function wakeWriters(): void {
    const awake = waiting;
    waiting = [];
    for (const resolve of awake) resolve();
  }

  function readAcks(response: http.IncomingMessage): void {
    const acks = makeAckReader((ack) => {
      if (!over) options.onAck?.(ack);
    });
    const orClose = (read: () => void) => {
      try {
        read();
      } catch (error) {
        close(error instanceof Error ? error : new Error(String(error)));
      }
    };
    response.setEncoding("utf8");
    response.on("data", (text: string) => orClose(() => acks.push(text)));
    response.on("end", () => {
      orClose(() => acks.end());
      close(
        bodyEnded ? undefined : new Error(`${url.host} closed the connection while media was being sent.`),
      );
    });
    options.onAccepted?.();
  }

  const started = sign(url, headers, options)
    .then((signed) => {
      if (over) return;
      const { request: send } = url.protocol === "https:" ? https : http;
      // A connection of its own: it lives as long as the stream of media, and must not return to a pool.
      request = send(url, { method: "POST", headers: signed, agent: false });
      // Once the service refuses, its reason counts, not the broken pipe that follows.
      let refused = false;
      const lost = (why: Error) => {
        if (!refused) close(why);
      };
      request.on("error", (error) => lost(unreachable(url, error)));
      request.on("close", () => lost(new Error(`The connection to ${url.host} was lost.`)));
      request.on("drain", wakeWriters);
      request.on("response", (response) => {
        response.on("error", (error) => lost(unreachable(url, error)));
        refused = response.statusCode !== 200;
        if (refused) serviceError(response).then(close, close);
        else readAcks(response);
      });
      request.flushHeaders();
    })
    .catch(close);

  return {
    closed,
    async write(bytes) {
      await started;
      if (!over && request && !request.write(bytes)) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
      }
      if (over) throw reason ?? new Error(`The connection to ${url.host} is closed.`);
    },
    end() {
      bodyEnded = true;
      void started.then(() => request?.end());
    },
    cutOff(why = new Error(`The connection to ${url.host} was cut off.`)) {
      close(why);
    },
  };
}

function requestHeaders(url: URL, options: PutMediaOptions): Record<string, string> {
  const { streamName, streamArn } = options;
  if ((streamName === undefined) === (streamArn === undefined)) {
    throw new Error("PutMedia needs exactly one of streamName and streamArn.");
  }
  return {
    host: url.host,
    "content-type": "application/json",
    connection: "keep-alive",
    "transfer-encoding": "chunked",
    "user-agent": "lastframe-camera",
    ...(streamName === undefined ? {} : { "x-amzn-stream-name": streamName }),
    ...(streamArn === undefined ? {} : { "x-amzn-stream-arn": streamArn }),
    "x-amzn-fragment-timecode-type": options.timecodeType ?? "ABSOLUTE",
    "x-amzn-producer-start-timestamp": (options.producerStartTimestampMs / 1000).toFixed(3),
    "x-amzn-fragment-acknowledgment-required": "1",
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
  };
}

async function sign(
  url: URL,
  headers: Record<string, string>,
  { region, credentials }: PutMediaOptions,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ service: "kinesisvideo", region, credentials, sha256: Sha256 });
  const signed = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: {},
    headers,
  });
  return signed.headers;
}
