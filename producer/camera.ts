import type { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import type { Tag } from "../media/matroska";
import { makeBacklog } from "./backlog";
import type { CameraEvent, CameraSummary } from "./cameraEvents";
import { type CameraClock, makeCameraClock } from "./clock";
import type { Footage } from "./footage";
import type { Fragment } from "./fragments";
import { backOffMs, isHopeless } from "./retry";
import { makeUplink } from "./uplink";
import { skipped } from "./verdict";

/** What a camera films, where it sends that, and by which time. */
export interface CameraOptions {
  /** From `openFootage`. The camera reads it in real time, as if it were filming. */
  footage: Footage;
  /** Name or ARN of a stream that keeps its media: one without retention never answers PERSISTED. */
  stream: string;
  /** For GetDataEndpoint; its region and credentials are used for PutMedia too. */
  client: KinesisVideoClient;
  /** Default: the machine's time. */
  clock?: CameraClock;
  /** Stops the camera: it finishes the fragment that it films and waits until everything is persisted. */
  signal?: AbortSignal;
  /** Whether Timecodes count from the epoch (default) or from the camera's start. The stream shows no difference. */
  timecodeType?: "ABSOLUTE" | "RELATIVE";
  /** Footage that is held for resending; when an outage outlasts it, the oldest goes. Default 256 MiB. */
  maxHeldBytes?: number;
  /** Fragment metadata, for example `AWS_KINESISVIDEO_NOTIFICATION`: at most 10 tags. Same fragment, same tags. */
  fragmentTags?(fragment: Fragment): Tag[];
  onEvent?(event: CameraEvent): void;
  /** 0 to 1, for jitter. Default `Math.random`. */
  random?(): number;
}

/** A camera that runs. */
export interface Camera {
  /**
   * Resolves when the footage has ended, or the camera was stopped, and all is persisted.
   * @throws when the stream cannot be reached at all, ceases to exist, or the footage cannot be sent to its end (then
   * after everything ahead of that place is persisted)
   */
  done: Promise<CameraSummary>;
  /**
   * Drops the socket in the middle of a fragment, as a lost network does; the camera connects anew and resends. After
   * `signal` was aborted it ends the camera at once instead.
   */
  cutOff(): void;
}

/**
 * A camera: sends footage to a stream in real time, keeps every fragment until the service says PERSISTED, and after
 * any interruption sends the rest again with the same timestamps, in order.
 */
export function runCamera(options: CameraOptions): Camera {
  const { footage, clock = makeCameraClock(), timecodeType = "ABSOLUTE", random = Math.random } = options;
  const startMs = clock.nowMs();
  const backlog = makeBacklog(options.maxHeldBytes ?? 256 * 1024 * 1024);
  const summary: CameraSummary = {
    persistedFragments: 0,
    persistedMs: 0,
    persistedBytes: 0,
    resentFragments: 0,
    skippedFragments: 0,
    unconfirmedFragments: 0,
    connections: 0,
  };
  const power = new AbortController();
  const stop = AbortSignal.any([power.signal, ...(options.signal ? [options.signal] : [])]);
  const uplink = makeUplink({
    client: options.client,
    stream: options.stream,
    tracks: footage.tracks,
    startMs,
    timecodeType,
    fragmentTags: options.fragmentTags ?? (() => []),
    backlog,
    clock,
    power: power.signal,
    onEvent: tell,
  });
  let footageError: unknown;

  function tell(event: CameraEvent): void {
    if (event.kind === "connected") summary.connections += 1;
    if (event.kind === "skipped") summary.skippedFragments += 1;
    if (event.kind === "persisted") {
      summary.persistedFragments += 1;
      summary.persistedMs += event.durationMs;
      summary.persistedBytes += event.sizeBytes;
      if (event.timesSent > 1) summary.resentFragments += 1;
    }
    options.onEvent?.(event);
  }

  /** Films: fills the backlog as time goes on, whether or not anything can be sent. */
  async function film(): Promise<void> {
    try {
      for await (const fragment of footage.fragments) {
        const waitMs = startMs + fragment.startMs - clock.nowMs();
        if (waitMs > 0 && !(await sleptWell(waitMs))) break;
        hold(fragment);
      }
    } catch (error) {
      // A source that was ended by the stop signal says so with an error.
      if (!stop.aborted) footageError = error;
    }
    backlog.close();
  }

  function sleptWell(delayMs: number): Promise<boolean> {
    return clock.sleep(delayMs, stop).then(
      () => true,
      () => false,
    );
  }

  function hold(fragment: Fragment): void {
    const producerTimestampMs = startMs + fragment.startMs;
    const timecodeMs = timecodeType === "ABSOLUTE" ? producerTimestampMs : fragment.startMs;
    const states = { timesSent: 0, timesRefused: 0, inFlight: false };
    for (const dropped of backlog.add({ fragment, timecodeMs, producerTimestampMs, ...states })) {
      const reason = `The buffer is full: ${backlog.count()} fragments wait to be sent or persisted.`;
      tell(skipped(dropped, reason));
    }
  }

  async function hasWork(): Promise<boolean> {
    while (backlog.count() === 0) {
      if (backlog.isClosed()) return false;
      await backlog.changed(power.signal);
    }
    return true;
  }

  async function deliver(): Promise<void> {
    for (let failures = 0; await hasWork(); ) {
      const persistedBefore = summary.persistedFragments;
      try {
        await uplink.carry();
        failures = 0;
      } catch (error) {
        if (power.signal.aborted || isHopeless(error, summary.connections > 0)) throw error;
        failures = summary.persistedFragments > persistedBefore ? 1 : failures + 1;
        const delayMs = backOffMs(error, failures, random);
        const reason = error instanceof Error ? error.message : String(error);
        tell({ kind: "reconnecting", reason, delayMs, heldFragments: backlog.count() });
        await clock.sleep(delayMs, power.signal);
      }
    }
  }

  async function run(): Promise<CameraSummary> {
    // Not awaited: a source that stands still must not keep a camera from ending.
    void film();
    try {
      await deliver();
    } catch (error) {
      if (!power.signal.aborted) throw error;
    } finally {
      power.abort(new Error("The camera has ended."));
    }
    if (footageError) throw footageError;
    return { ...summary, unconfirmedFragments: backlog.count() };
  }

  return {
    done: run(),
    cutOff() {
      if (options.signal?.aborted) power.abort(new Error("The camera was switched off."));
      else uplink.cutOff();
    },
  };
}
