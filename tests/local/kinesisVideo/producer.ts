import { once } from "node:events";
import * as http from "node:http";

/** An acknowledgement as it stands on the wire. */
export interface Ack {
  EventType: string;
  FragmentTimecode?: number;
  FragmentNumber?: string;
  ErrorId?: number;
  ErrorCode?: string;
}

/** A PutMedia request, sent byte by byte as a test wants it. */
export interface Producer {
  send(...parts: Uint8Array[]): Promise<void>;
  /** Ends the body as HTTP does. */
  end(): void;
  /** Breaks the connection off behind the bytes that were sent, in mid-body. */
  cutOff(): void;
  /** The next acknowledgement of this type, past those before it. */
  ack(eventType: string): Promise<Ack>;
  /** All acknowledgements until the service ends its answer. */
  rest(): Promise<Ack[]>;
  /** Resolves when the connection is gone. */
  closed: Promise<unknown>;
  status(): Promise<number>;
  /** The body of an answer that is not acknowledgements. */
  body(): Promise<string>;
}

/** Who signs is of no matter here; the scope of the signature chooses the service. */
export const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=AKIDOWNER/20261122/us-east-1/kinesisvideo/aws4_request, SignedHeaders=host, Signature=0";

/** Opens PutMedia on the stream `gate`, in ABSOLUTE timecodes unless `headers` say otherwise. */
export function openProducer(url: string, headers: Record<string, string | undefined> = {}): Producer {
  const given = {
    "x-amzn-stream-name": "gate",
    "x-amzn-fragment-timecode-type": "ABSOLUTE",
    "x-amzn-producer-start-timestamp": "1511852108.513",
    "transfer-encoding": "chunked",
    authorization: AUTHORIZATION,
    ...headers,
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  const request = http.request(`${url}/putMedia`, { method: "POST", headers: Object.fromEntries(present) });
  request.flushHeaders();
  const response = once(request, "response").then(([message]) => message as http.IncomingMessage);
  // A test that cuts the connection, or is cut off, sees that in the acknowledgements.
  request.on("error", () => request.destroy());
  response.catch(() => request.destroy());

  async function* lines(): AsyncGenerator<Ack> {
    let text = "";
    for await (const chunk of await response) {
      text += chunk;
      const whole = text.split("\n");
      text = whole.pop() ?? "";
      for (const line of whole) yield JSON.parse(line) as Ack;
    }
  }
  const acks = lines();
  const closed = new Promise((resolve) => request.on("close", resolve));

  return {
    async send(...parts) {
      for (const part of parts) if (!request.write(part) && !request.destroyed) await once(request, "drain");
    },
    end: () => request.end(),
    cutOff: () => request.socket?.end(),
    async ack(eventType) {
      for (;;) {
        const { value, done } = await acks.next();
        if (done) throw new Error(`The answer ended without ${eventType}.`);
        if (value.EventType === eventType) return value;
      }
    },
    async rest() {
      const rest: Ack[] = [];
      for await (const ack of acks) rest.push(ack);
      return rest;
    },
    closed,
    status: async () => (await response).statusCode ?? 0,
    async body() {
      let text = "";
      for await (const chunk of await response) text += chunk;
      return text;
    },
  };
}

/** Sends a whole body and returns what the service acknowledged. */
export async function putAll(
  url: string,
  parts: Uint8Array[],
  headers?: Record<string, string | undefined>,
): Promise<Ack[]> {
  const producer = openProducer(url, headers);
  await producer.send(...parts);
  producer.end();
  return producer.rest();
}
