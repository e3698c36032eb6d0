import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";

/** A server that a test writes itself: what the camera must get along with, without the local cloud's own view of it. */
export interface FakeService {
  url: string;
  close(): Promise<void>;
}

/** Serves GetDataEndpoint, which names this server, and leaves PutMedia to the test. */
export async function serveFake(putMedia: http.RequestListener): Promise<FakeService> {
  const server = http.createServer((request, response) => {
    if (request.url === "/putMedia") return putMedia(request, response);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ DataEndpoint: url }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** An acknowledgement as the service writes it. */
export function ackLine(eventType: string, timecodeMs: number, more: Record<string, unknown> = {}): string {
  const fragment = { FragmentTimecode: timecodeMs, FragmentNumber: `9134${timecodeMs}` };
  return `${JSON.stringify({ EventType: eventType, ...fragment, ...more })}\n`;
}
