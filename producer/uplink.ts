import type { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import type { Tag, Track } from "../media/matroska";
import type { Backlog, HeldFragment } from "./backlog";
import type { CameraEvent } from "./cameraEvents";
import { type CameraClock, within } from "./clock";
import { makeDataEndpoint } from "./dataEndpoint";
import type { Fragment } from "./fragments";
import { openPutMedia, type PutMediaConnection } from "./putMedia";
import { SILENCE } from "./retry";
import { endOfFragment, headerOf, piecesOf } from "./stream";
import { makeTokenBucket } from "./tokenBucket";
import { applyAck } from "./verdict";

/** Quotas of PutMedia for one stream (quotas page): calls and fragments per second, bytes per second. */
const CALLS_PER_SECOND = 5;
const FRAGMENTS_PER_SECOND = 5;
const BYTES_PER_SECOND = 12_500_000;
/** The service ends a connection after 45 minutes; a camera that goes first loses no half-sent fragment. */
const MAX_CONNECTION_MS = 40 * 60_000;
/** Without a fragment for this long, the service is told that the last one is complete. */
const PAUSE_MS = 1000;
/** A connection that carries fragments and hears nothing for this long is dead. */
const MAX_SILENCE_MS = 60_000;
const SILENT_CHECKS = 4;
/** How long the service gets for its last acknowledgements and its goodbye. */
const GOODBYE_MS = 10_000;

/** What an uplink sends from, to where, and as whom. */
export interface UplinkOptions {
  client: KinesisVideoClient;
  /** Name or ARN. */
  stream: string;
  tracks: Track[];
  /** When the footage began. */
  startMs: number;
  timecodeType: "ABSOLUTE" | "RELATIVE";
  fragmentTags(fragment: Fragment): Tag[];
  backlog: Backlog;
  clock: CameraClock;
  /** Aborted when everything is to end at once. */
  power: AbortSignal;
  onEvent(event: CameraEvent): void;
}

/** A camera's way to its stream: one connection at a time. */
export interface Uplink {
  /**
   * Sends the backlog over one connection. Resolves when the backlog is closed and persisted, when the connection
   * has reached its age, or when it ended while there was nothing to send.
   * @throws the reason when the connection ends otherwise; what was not persisted is back in the backlog
   */
  carry(): Promise<void>;
  /** Drops the socket in the middle of a fragment: of this one, or of the next if none is being sent. */
  cutOff(): void;
}

/** The open connection and what goes on in it. */
interface Line {
  connection: PutMediaConnection;
  openedMs: number;
  /** An acknowledgement has come since this was last looked at. */
  wasHeard: boolean;
  /** Aborted, with the reason, when nothing more is to be sent. */
  gone: AbortSignal;
  /** Between the first and the last byte of a fragment. */
  inFragment: boolean;
  /** To be cut off as soon as a fragment has begun. */
  doomed: boolean;
}

/** Makes the way to a stream. Nothing is opened before `carry`; the quotas hold across its calls. */
export function makeUplink(options: UplinkOptions): Uplink {
  const { client, stream, startMs, backlog, clock, power, onEvent } = options;
  const dataEndpoint = makeDataEndpoint(client, stream, clock);
  const calls = makeTokenBucket(CALLS_PER_SECOND, clock);
  const fragments = makeTokenBucket(FRAGMENTS_PER_SECOND, clock);
  const bandwidth = makeTokenBucket(BYTES_PER_SECOND, clock);
  let open: Line | undefined;

  async function carry(): Promise<void> {
    await calls.take(1, power);
    const line = await connect();
    open = line;
    const { connection } = line;
    try {
      await connection.write(headerOf(options.tracks));
      await sendBacklog(line);
      connection.end();
      await within(GOODBYE_MS, clock, power, () => connection.closed);
    } catch (error) {
      dataEndpoint.drop();
      // After an error acknowledgement, those of earlier fragments may still be on their way.
      if (!power.aborted) await within(GOODBYE_MS, clock, power, () => connection.closed);
      if (backlog.count() > 0 || power.aborted) throw error;
    } finally {
      open = undefined;
      connection.cutOff();
      backlog.requeue();
    }
  }

  async function connect(): Promise<Line> {
    const endpoint = await dataEndpoint.get();
    const gone = new AbortController();
    const connection = openPutMedia({
      ...(stream.startsWith("arn:") ? { streamArn: stream } : { streamName: stream }),
      endpoint,
      region: await client.config.region(),
      credentials: client.config.credentials,
      timecodeType: options.timecodeType,
      producerStartTimestampMs: startMs,
      onAccepted: () => onEvent({ kind: "connected", endpoint }),
      onAck(ack) {
        line.wasHeard = true;
        onEvent({ kind: "ack", ack });
        const failure = applyAck(ack, backlog, onEvent);
        if (failure) gone.abort(failure);
      },
    });
    const line: Line = {
      connection,
      openedMs: clock.nowMs(),
      wasHeard: false,
      gone: gone.signal,
      inFragment: false,
      doomed: false,
    };
    void connection.closed.then((reason) => gone.abort(reason ?? new Error("The service hung up.")));
    power.addEventListener("abort", () => connection.cutOff(power.reason), { signal: gone.signal });
    watch(line, 0);
    return line;
  }

  /**
   * Cuts off a line on which the service has gone silent, as it happens when a network vanishes. Silence is counted in
   * checks rather than read from the clock: a process that stood still has not been listening either.
   */
  function watch(line: Line, silentChecks: number): void {
    const check = () => {
      if (line.wasHeard || !backlog.inFlight()) silentChecks = 0;
      else silentChecks += 1;
      line.wasHeard = false;
      if (silentChecks < SILENT_CHECKS) return watch(line, silentChecks);
      const error = new Error(`No acknowledgement for ${MAX_SILENCE_MS / 1000} s.`);
      line.connection.cutOff(Object.assign(error, { name: SILENCE }));
    };
    clock.sleep(MAX_SILENCE_MS / SILENT_CHECKS, line.gone).then(check, () => "the connection is over");
  }

  async function sendBacklog(line: Line): Promise<void> {
    for (let held = await nextFragment(line); held; held = await nextFragment(line)) {
      await sendFragment(line, held);
    }
    await line.connection.write(endOfFragment());
  }

  /** The next fragment as soon as there is one; undefined when the connection has done its service. */
  async function nextFragment(line: Line): Promise<HeldFragment | undefined> {
    for (let isPause = false; ; ) {
      const isDone = backlog.isClosed() && backlog.count() === 0;
      if (isDone || clock.nowMs() - line.openedMs >= MAX_CONNECTION_MS) return undefined;
      const next = backlog.takeNext();
      if (next) return next;
      if (isPause) {
        await backlog.changed(line.gone);
      } else if (
        backlog.isClosed() ||
        !(await within(PAUSE_MS, clock, line.gone, (signal) => backlog.changed(signal)))
      ) {
        isPause = true;
        await line.connection.write(endOfFragment());
      }
    }
  }

  async function sendFragment(line: Line, { fragment, timecodeMs }: HeldFragment): Promise<void> {
    await fragments.take(1, line.gone);
    for (const piece of piecesOf(fragment, timecodeMs, options.fragmentTags(fragment))) {
      const waitMs = startMs + piece.dueMs - clock.nowMs();
      if (waitMs > 0) await clock.sleep(waitMs, line.gone);
      await bandwidth.take(piece.bytes.length, line.gone);
      await line.connection.write(piece.bytes);
      line.inFragment = true;
      if (line.doomed) line.connection.cutOff();
    }
    line.inFragment = false;
  }

  return {
    carry,
    cutOff() {
      if (open?.inFragment) open.connection.cutOff();
      else if (open) open.doomed = true;
    },
  };
}
