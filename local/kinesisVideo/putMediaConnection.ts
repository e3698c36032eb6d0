import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Clock } from "../core/clock";
import { isConnectionCut } from "../core/errors";
import { type AckErrorCode, type AckedFragment, acknowledgement } from "./acknowledgement";
import { type Assembled, makeFragmentAssembler } from "./fragmentAssembler";
import type { FragmentStore } from "./fragmentStore";
import type { MarkedFragment } from "./notifications";
import type { AssembledFragment } from "./openFragment";
import type { KeyErrorCode } from "./streamKey";
import type { StreamRecord } from "./streams";

/** Longest connection (API page of PutMedia). */
const MAX_CONNECTION_MS = 45 * 60_000;
/** A connection without data is closed after this long; until then it gets IDLE acknowledgements. */
const MAX_SILENCE_MS = 30_000;
const IDLE_PERIOD_MS = 5_000;
/** How long after a Cluster of known size its tags may follow before the fragment is taken as complete. */
const SETTLE_MS = 1_000;
/** The last timestamp that ISO 8601 writes with a year of four digits. */
const MAX_TIMESTAMP_MS = Date.UTC(9999, 11, 31);
/** How long (real time) a refused producer may go on sending before its connection is cut, so that it reads why. */
const LINGER_MS = 1_000;

/** What reading a request throws when its sender closed the connection in mid-body. */
const WENT_AWAY = ["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"];

type ReceivingFragment = AckedFragment & { serverTimestampMs: number };

/** A PutMedia request that is being served. */
export interface PutMediaConnection {
  /** Stores what was received whole, acknowledges it, sends the error if there is one, and ends the answer. */
  end(errorCode?: AckErrorCode): Promise<void>;
  /** Resolves when nothing more comes or goes on this connection. */
  closed: Promise<void>;
}

/** Answers 200 and serves the body of a PutMedia request that was let in. */
export function servePutMedia(options: {
  request: Readable;
  response: ServerResponse;
  stream: StreamRecord;
  store: FragmentStore;
  timecodeBaseMs: number;
  clock: Clock;
  metric(name: string, value: number, unit: "Count" | "Bytes" | "Milliseconds"): void;
  /** Why the sender may not encrypt with the stream's key, if so. */
  askKey(): Promise<KeyErrorCode | undefined>;
  /** Told of each marked fragment when it is persisted. */
  notify(fragment: MarkedFragment): Promise<void>;
  /** The stream may be given to another connection. */
  ended(): void;
}): PutMediaConnection {
  const { request, response, stream, store, timecodeBaseMs, clock, metric } = options;
  const assembler = makeFragmentAssembler();
  const nextFragmentNumber = store.startSession();
  let receiving: ReceivingFragment | undefined;
  let stored: Promise<void> = Promise.resolve();
  let failure: { errorCode: AckErrorCode; fragment?: AckedFragment } | undefined;
  let ending: Promise<void> | undefined;
  let lastDataMs = clock.nowMs();
  let idleAcks = 0;

  function take(assembled: Assembled[]): void {
    for (const item of assembled) {
      if (ending) return;
      if (item.kind === "begun") begin(item.timecodeMs);
      else if (item.kind === "complete") receive(item.fragment);
      else void end(item.errorCode);
    }
  }

  function begin(timecodeMs: number): void {
    receiving = { timecodeMs, fragmentNumber: nextFragmentNumber(), serverTimestampMs: clock.nowMs() };
    response.write(acknowledgement("BUFFERING", receiving));
    if (timecodeBaseMs + timecodeMs > MAX_TIMESTAMP_MS) void end("INVALID_PRODUCER_TIMESTAMP");
  }

  function receive(fragment: AssembledFragment): void {
    if (!receiving) throw new Error("A fragment is complete that never began");
    const acked = receiving;
    receiving = undefined;
    response.write(acknowledgement("RECEIVED", acked));
    metric("IncomingFragments", 1, "Count");
    metric("IncomingBytes", fragment.media.length, "Bytes");
    metric("IncomingFrames", fragment.frameCount, "Count");
    // Without retention nothing is persisted, and producers take RECEIVED as the last word.
    if (stream.retentionHours === 0) return;
    stored = stored.then(() => persist(fragment, acked));
  }

  async function persist(fragment: AssembledFragment, acked: ReceivingFragment): Promise<void> {
    const receivedMs = clock.nowMs();
    const { fragmentNumber, serverTimestampMs } = acked;
    const producerTimestampMs = timecodeBaseMs + fragment.timecodeMs;
    try {
      const keyError = await options.askKey();
      if (keyError) return void end(keyError, acked);
      await store.append({
        fragmentNumber,
        producerTimestampMs,
        serverTimestampMs,
        lastFrameMs: Math.round(fragment.lastFrameMs - fragment.timecodeMs),
        lengthMs: Math.round(fragment.endMs - fragment.timecodeMs),
        header: fragment.header,
        media: fragment.media,
      });
    } catch (error) {
      const why = (error as Error).message;
      console.error(`local cloud: cannot store fragment ${acked.fragmentNumber} of ${stream.name}: ${why}`);
      return void end("ARCHIVAL_ERROR", acked);
    }
    metric("FragmentPersistLatency", clock.nowMs() - receivedMs, "Milliseconds");
    metric("Success", 1, "Count");
    response.write(acknowledgement("PERSISTED", acked));
    const { isMarked, tags } = fragment;
    if (isMarked) void options.notify({ fragmentNumber, producerTimestampMs, serverTimestampMs, tags });
  }

  function end(errorCode?: AckErrorCode, fragment: AckedFragment | undefined = receiving): Promise<void> {
    if (errorCode) failure ??= { errorCode, fragment };
    ending ??= finish();
    return ending;
  }

  /** The service ends the connection after any error (the producers rely on it, and connect anew). */
  async function finish(): Promise<void> {
    cancelWatch();
    cancelLimit();
    await stored;
    if (failure) {
      response.write(acknowledgement("ERROR", failure.fragment, failure.errorCode));
      metric("ErrorAckCount", 1, "Count");
      metric("Success", 0, "Count");
    }
    options.ended();
    response.end();
    if (!request.readableEnded) setTimeout(() => request.destroy(), LINGER_MS).unref();
  }

  async function receiveBody(): Promise<void> {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (ending) continue;
      lastDataMs = clock.nowMs();
      idleAcks = 0;
      take(assembler.push(chunk));
      await stored;
    }
    if (!ending) take(assembler.end());
  }

  async function serve(): Promise<void> {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    try {
      await receiveBody();
    } catch (error) {
      if (isConnectionCut(error)) response.destroy();
      if (!WENT_AWAY.includes(String((error as NodeJS.ErrnoException).code))) {
        console.error(`local cloud: PutMedia to ${stream.name} failed:`, error);
        void end("INTERNAL_ERROR");
      }
      // The producer is gone: a fragment that it sent whole is kept, one that it was sending is not.
      if (!ending) take(assembler.settle());
    }
    await end();
  }

  function watch(): void {
    const silenceMs = clock.nowMs() - lastDataMs;
    if (silenceMs >= MAX_SILENCE_MS) {
      take(assembler.settle());
      return void end();
    }
    cancelWatch = clock.after(SETTLE_MS, watch);
    if (silenceMs >= SETTLE_MS) take(assembler.settle());
    if (silenceMs >= IDLE_PERIOD_MS * (idleAcks + 1)) {
      idleAcks += 1;
      response.write(acknowledgement("IDLE"));
    }
  }

  let cancelWatch = clock.after(SETTLE_MS, watch);
  const cancelLimit = clock.after(MAX_CONNECTION_MS, () => void end("MAX_CONNECTION_DURATION_REACHED"));

  return { end, closed: serve() };
}
