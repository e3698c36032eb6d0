import { GetDataEndpointCommand, type KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import type { CameraClock } from "./clock";

/** How the service names a stream: by ARN when it is one, otherwise by name. */
export function streamNamed(stream: string): { StreamARN: string } | { StreamName: string } {
  return stream.startsWith("arn:") ? { StreamARN: stream } : { StreamName: stream };
}

/** Where a stream's media is to be sent. */
export interface DataEndpoint {
  get(): Promise<string>;
  /** Forgets it: the next `get` asks the service again. */
  drop(): void;
}

/** How long an endpoint may be kept: "about 45 minutes", and only while it works (quotas page, GetDataEndpoint). */
const KEEP_MS = 45 * 60_000;

/** The address to which a stream's media is sent. Asking is limited to 5 times a second, so answers are kept. */
export function makeDataEndpoint(
  client: KinesisVideoClient,
  stream: string,
  clock: CameraClock,
): DataEndpoint {
  let known: { url: string; untilMs: number } | undefined;
  return {
    async get() {
      if (known && clock.nowMs() < known.untilMs) return known.url;
      const request = new GetDataEndpointCommand({ ...streamNamed(stream), APIName: "PUT_MEDIA" });
      const { DataEndpoint: url } = await client.send(request);
      if (!url) throw new Error(`GetDataEndpoint of stream ${stream} answered without a DataEndpoint.`);
      known = { url, untilMs: clock.nowMs() + KEEP_MS };
      return url;
    },
    drop() {
      known = undefined;
    },
  };
}
