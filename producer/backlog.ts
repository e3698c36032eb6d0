import type { Fragment } from "./fragments";

/** A fragment that the camera holds until the service has persisted it. */
export interface HeldFragment {
  fragment: Fragment;
  /** The Timecode of its Cluster: its name in acknowledgements, and the same however often it is sent. */
  timecodeMs: number;
  producerTimestampMs: number;
  /** How many connections began to carry it. */
  timesSent: number;
  /** How often the service refused it, in a way that may pass. */
  timesRefused: number;
  /** The open connection carries it or has carried it. */
  inFlight: boolean;
}

/** The fragments that are not known to be persisted, oldest first. */
export interface Backlog {
  /** Takes a fragment from the camera, and returns those that had to go to make room. */
  add(held: HeldFragment): HeldFragment[];
  /** No more will be added. */
  close(): void;
  /** The oldest fragment that no connection carries, from now on in flight. */
  takeNext(): HeldFragment | undefined;
  /** The fragment that an acknowledgement names; without a Timecode, the oldest in flight. */
  inFlight(timecodeMs?: number): HeldFragment | undefined;
  remove(held: HeldFragment): void;
  /** The connection is over: what it carried and was not persisted is to be sent again. */
  requeue(): void;
  /** Fragments held. */
  count(): number;
  /** Whether `close` was called. */
  isClosed(): boolean;
  /** Resolves at the next change; rejects with the signal's reason when that is aborted first. */
  changed(signal: AbortSignal): Promise<void>;
}

/** A backlog of at most `maxBytes`. When it is full, the oldest fragment that is not in flight makes room. */
export function makeBacklog(maxBytes: number): Backlog {
  let held: HeldFragment[] = [];
  let closed = false;
  let wake: (() => void)[] = [];

  function change(): void {
    const waiting = wake;
    wake = [];
    for (const resolve of waiting) resolve();
  }

  function sizeBytes(): number {
    return held.reduce((sum, { fragment }) => sum + fragment.sizeBytes, 0);
  }

  function remove(gone: HeldFragment): void {
    held = held.filter((candidate) => candidate !== gone);
    change();
  }

  return {
    add(fragment) {
      held.push(fragment);
      const dropped: HeldFragment[] = [];
      while (sizeBytes() > maxBytes) {
        const oldest = held.find((candidate) => !candidate.inFlight);
        if (!oldest) break;
        dropped.push(oldest);
        held = held.filter((candidate) => candidate !== oldest);
      }
      change();
      return dropped;
    },
    close() {
      closed = true;
      change();
    },
    takeNext() {
      const next = held.find((candidate) => !candidate.inFlight);
      if (!next) return undefined;
      next.inFlight = true;
      next.timesSent += 1;
      return next;
    },
    inFlight: (timecodeMs) =>
      held.find(
        (candidate) =>
          candidate.inFlight && (timecodeMs === undefined || candidate.timecodeMs === timecodeMs),
      ),
    remove,
    requeue() {
      for (const fragment of held) fragment.inFlight = false;
      change();
    },
    count: () => held.length,
    isClosed: () => closed,
    changed: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const onAbort = () => reject(signal.reason);
        signal.addEventListener("abort", onAbort, { once: true });
        wake.push(() => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        });
      }),
  };
}
