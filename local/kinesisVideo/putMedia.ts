import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { every } from "../core/clock";
import { awsError } from "../core/errors";
import type { Call, CloudDeps, HttpRequest } from "../core/service";
import type { AckErrorCode } from "./acknowledgement";
import type { FragmentStores } from "./fragmentStores";
import { invalidArgument, requiredOneOf } from "./input";
import type { StreamMetric } from "./metrics";
import type { Notify } from "./notifications";
import { type PutMediaConnection, servePutMedia } from "./putMediaConnection";
import type { AskStreamKey } from "./streamKey";
import type { StreamRecord, StreamReference, Streams } from "./streams";

/** What a PutMedia request says, and the way back to its sender. */
export interface PutMediaInput extends StreamReference {
  /** Where timecodes count from, as the headers say it. */
  FragmentTimecodeType?: string;
  ProducerStartTimestamp?: string;
  Payload: Readable;
  response: ServerResponse;
}

/** Reads a request of PutMedia, whose members travel as headers. */
export function putMediaInput({ headers, stream }: HttpRequest, response: ServerResponse): PutMediaInput {
  return {
    StreamName: header(headers, "x-amzn-stream-name"),
    StreamARN: header(headers, "x-amzn-stream-arn"),
    FragmentTimecodeType: header(headers, "x-amzn-fragment-timecode-type"),
    ProducerStartTimestamp: header(headers, "x-amzn-producer-start-timestamp"),
    Payload: stream,
    response,
  };
}

/** PutMedia, which no SDK's request and response model fits: fragments in, acknowledgements out, at the same time. */
export interface PutMedia {
  /** Serves one request until its connection ends. Throws what is refused before streaming begins. */
  serve(input: PutMediaInput, call: Call): Promise<undefined>;
  /** Ends the connection to a stream, if there is one, with an ERROR acknowledgement; resolves when it has ended. */
  endConnection(stream: StreamRecord, errorCode: AckErrorCode): Promise<void>;
  /** Ends all connections; resolves when what they received is stored. */
  close(): Promise<void>;
}

/** PutMedia for all streams; a stream takes one connection at a time (quota page). */
export function makePutMedia(
  deps: CloudDeps,
  streams: Streams,
  stores: FragmentStores,
  metric: StreamMetric,
  { askKey, notify }: { askKey: AskStreamKey; notify: Notify },
): PutMedia {
  const connections = new Map<StreamRecord, PutMediaConnection>();

  /** Counts at once, and again every minute, so that each minute of a connection has its value. */
  function countEveryMinute(count: () => void): () => void {
    count();
    return every(deps.clock, 60_000, count);
  }

  return {
    async serve(input, call) {
      const timecodeBaseMs = timecodeBase(input);
      const { StreamName, StreamARN, Payload, response } = input;
      const stream = await streams.open({ StreamName, StreamARN }, call, "PutMedia");
      metric(stream.name, "PutMedia.Requests", 1, "Count");
      if (connections.has(stream)) {
        throw awsError(
          "ConnectionLimitExceededException",
          400,
          `The stream ${stream.name} already has a PutMedia connection; only one is allowed.`,
        );
      }
      const stopCounting = countEveryMinute(() =>
        metric(stream.name, "PutMedia.ActiveConnections", 1, "Count"),
      );
      const connection = servePutMedia({
        request: Payload,
        response,
        stream,
        store: stores.of(stream),
        timecodeBaseMs,
        clock: deps.clock,
        metric: (name, value, unit) => metric(stream.name, `PutMedia.${name}`, value, unit),
        askKey: () => askKey(stream, "GenerateDataKey", call),
        notify: (fragment) => notify(stream, fragment, call),
        ended() {
          connections.delete(stream);
          stopCounting();
        },
      });
      connections.set(stream, connection);
      await connection.closed;
      return undefined;
    },
    async endConnection(stream, errorCode) {
      await connections.get(stream)?.end(errorCode);
    },
    async close() {
      await Promise.all([...connections.values()].map((connection) => connection.end()));
    },
  };
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * What is added to a fragment's timecode to make its producer timestamp: the start of the recording in RELATIVE mode.
 *
 * The header is read as a decimal number of seconds. The C producer prints milliseconds without padding, so that its 5 ms
 * arrive as ".5" and mean half a second; the service cannot know better.
 */
function timecodeBase({ FragmentTimecodeType, ProducerStartTimestamp: start = "" }: PutMediaInput): number {
  const type = requiredOneOf(FragmentTimecodeType, "x-amzn-fragment-timecode-type", ["ABSOLUTE", "RELATIVE"]);
  if (!/^\d+(\.\d+)?$/.test(start)) {
    throw invalidArgument(
      `x-amzn-producer-start-timestamp is "${start}"; write seconds such as 1511852108.513.`,
    );
  }
  return type === "RELATIVE" ? Math.round(Number(start) * 1000) : 0;
}
