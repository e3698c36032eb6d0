import type { History } from "../history";
import { makeRandom } from "../random";
import type { Timeline } from "../timeline";
import { type Calls, serviceError, type Worker } from "./calls";
import { type Arrival, arrivalsOf } from "./camera";
import { clipBody, errorBody, fragmentBody } from "./media";

/** A fragment as Kinesis Video Streams keeps it. */
export interface HeldFragment extends Arrival {
  fragmentNumber: string;
  /** From when on ListFragments shows it. */
  listedMs: number;
}

/** A stream from its creation to its deletion. */
export interface Life {
  arn: string;
  createdMs: number;
  deletedMs?: number;
  /** When somebody last asked whether it may be deleted, and was told that it may. */
  askedMs?: number;
  /** Devices may not connect. */
  isClosed?: boolean;
  /** By the server time at which they began. */
  fragments: HeldFragment[];
}

/** A stretch of one of the two times, both ends inclusive. */
export interface Selection {
  by: "SERVER_TIMESTAMP" | "PRODUCER_TIMESTAMP";
  fromMs: number;
  toMs: number;
}

export type KinesisVideo = ReturnType<typeof makeKinesisVideo>;

export const STREAM_NAME = "gate";

/** What a call says that fails for one of the fragments it asks for. */
export const POISONED = "something of this cannot be read";

const HOUR_MS = 3_600_000;

/** One stream as Kinesis Video Streams has it, through all its lives. Its clock is the timeline itself. */
export function makeKinesisVideo(history: History, timeline: Timeline, calls: Calls) {
  const { behaviours, startMs } = history;
  const retentionMs = history.retentionHours * HOUR_MS;
  const arrivals = arrivalsOf(history, behaviours);
  const random = makeRandom(history.seed, "kinesis video");
  const lives: Life[] = [];
  let next = arrivals.next().value as Arrival | undefined;
  let count = 0n;
  let received: ((atMs: number) => void) | undefined;

  function create(createdMs: number): void {
    receive();
    count = 0n;
    lives.push({
      arn: `arn:aws:kinesisvideo:us-east-1:123456789012:stream/${STREAM_NAME}/${createdMs}`,
      createdMs,
      fragments: [],
    });
  }

  function remove(askedMs?: number): void {
    receive();
    const life = lives.at(-1);
    if (life && life.deletedMs === undefined) Object.assign(life, { deletedMs: timeline.nowMs(), askedMs });
  }

  /** Nothing ends a connection that is open, so what follows at once on what came before comes all the same. */
  function isRefused({ isClosed, fragments }: Life, { serverMs }: Arrival): boolean {
    const last = fragments.at(-1);
    return isClosed === true && (!last || serverMs - last.persistedMs > 1000);
  }

  /** Takes in what cameras have begun to send until now. */
  function receive(): void {
    const nowMs = timeline.nowMs();
    while (next && next.serverMs <= nowMs) {
      const life = lives.at(-1);
      const isOpen = life && life.deletedMs === undefined && next.serverMs >= life.createdMs;
      if (isOpen && !isRefused(life, next)) {
        life.fragments.push(number(next));
        received?.(next.persistedMs);
      }
      next = arrivals.next().value as Arrival | undefined;
    }
  }

  /** As numbers of real streams look: 2^64 and a count, and 92 random bits behind them. */
  function number(arrival: Arrival): HeldFragment {
    count += 1n;
    const low = BigInt(random.whole(0, 2 ** 46)) * 2n ** 46n + BigInt(random.whole(0, 2 ** 46));
    const late = calls.strikes("listingLate");
    const listedMs = arrival.persistedMs + random.whole(20, 400) + (late ? late.delayMs : 0);
    return {
      ...arrival,
      fragmentNumber: String((2n ** 64n + count) * 2n ** 92n + low),
      listedMs: Math.max(
        arrival.persistedMs + 20,
        Math.min(listedMs, arrival.serverMs + behaviours.listsWithinMs),
      ),
    };
  }

  function current(): Life | undefined {
    receive();
    const life = lives.at(-1);
    return life && life.deletedMs === undefined ? life : undefined;
  }

  function living(arn: string): Life {
    receive();
    const life = lives.find((one) => one.arn === arn && one.deletedMs === undefined);
    if (!life)
      throw serviceError("ResourceNotFoundException", "The requested stream is not found or not active.");
    return life;
  }

  /** What a life holds of a stretch at this moment and shows there. */
  function held(
    life: Life,
    { by, fromMs, toMs }: Selection,
    shows: (fragment: HeldFragment) => boolean,
  ): HeldFragment[] {
    const { fragments } = life;
    const keptFromMs = timeline.nowMs() - retentionMs;
    const isServerTime = by === "SERVER_TIMESTAMP";
    const found: HeldFragment[] = [];
    for (
      let index = firstFrom(fragments, isServerTime ? Math.max(fromMs, keptFromMs) : keptFromMs);
      index < fragments.length;
      index += 1
    ) {
      const fragment = fragments[index]!;
      const atMs = isServerTime ? fragment.serverMs : fragment.producerMs;
      if (isServerTime && atMs > toMs) break;
      if (atMs >= fromMs && atMs <= toMs && shows(fragment)) found.push(fragment);
    }
    return found;
  }

  function list(arn: string, fromMs: number, toMs: number): HeldFragment[] {
    const nowMs = timeline.nowMs();
    const listed = held(
      living(arn),
      { by: "SERVER_TIMESTAMP", fromMs, toMs },
      ({ listedMs }) => listedMs <= nowMs,
    );
    // In no order, across pages too.
    const cut = random.whole(0, listed.length);
    return [...listed.slice(cut), ...listed.slice(0, cut)];
  }

  /** GetClip: the fragments' media as one movie, with everything that it leaves out or refuses. */
  function clip(arn: string, selection: Selection): Uint8Array {
    const nowMs = timeline.nowMs();
    if (selection.toMs <= selection.fromMs)
      throw serviceError("InvalidArgumentException", "End is not after Start");
    if (selection.by === "SERVER_TIMESTAMP" && selection.toMs > nowMs) {
      throw serviceError("InvalidArgumentException", "EndTimestamp is in the future");
    }
    const life = living(arn);
    if (calls.strikes("keyDisabled")) throw serviceError("NotAuthorizedException", "the key is disabled");
    const found = held(life, selection, ({ listedMs, persistedMs }) =>
      behaviours.clipSeesUnlisted ? persistedMs <= nowMs : listedMs <= nowMs,
    );
    const isByProducer = selection.by === "PRODUCER_TIMESTAMP";
    const taken = truncated(isByProducer || behaviours.clipDropsRepeats ? oldestTake(found) : found);
    const [first] = taken;
    if (!first)
      throw serviceError(
        "ResourceNotFoundException",
        "No fragments found in the stream for the clip request.",
      );
    refusePoison(taken, "clip");
    if (taken.some(({ codec }) => codec !== first.codec)) throw serviceError(behaviours.codecChangeError);
    if (taken.some(({ hasBadFrame, readableFromMs }) => hasBadFrame || readableFromMs > nowMs)) {
      throw serviceError("InvalidMediaFrameException");
    }
    return clipBody(onTimeline(taken));
  }

  function refusePoison(fragments: HeldFragment[], call: "clip" | "media"): void {
    const nowMs = timeline.nowMs();
    const name = fragments.find(({ poison }) => poison?.[call] && nowMs < poison.untilMs)?.poison?.[call];
    if (name) throw serviceError(name, POISONED);
  }

  function onTimeline(taken: HeldFragment[]) {
    const inOrder = [...taken].sort((a, b) => a.producerMs - b.producerMs);
    let endMs = 0;
    return inOrder.map((fragment) => {
      const startMs = behaviours.clipKeepsHoles ? fragment.producerMs - inOrder[0]!.producerMs : endMs;
      endMs = startMs + fragment.durationMs;
      return { fragment, startMs };
    });
  }

  /** GetMediaForFragmentList: media, or an error inside of the answer, for each. */
  function media(arn: string, numbers: string[]): Uint8Array[] {
    const nowMs = timeline.nowMs();
    const life = living(arn);
    const asked = new Set(numbers);
    refusePoison(
      life.fragments.filter(({ fragmentNumber }) => asked.has(fragmentNumber)),
      "media",
    );
    const bodies: Uint8Array[] = [];
    for (const fragmentNumber of [...numbers].reverse()) {
      const fragment = life.fragments.find((one) => one.fragmentNumber === fragmentNumber);
      const isHeld = fragment && fragment.serverMs >= nowMs - retentionMs && fragment.persistedMs <= nowMs;
      if (calls.strikes("keyDisabled"))
        return [...bodies, errorBody(fragmentNumber, 4501, "KMS_KEY_DISABLED")];
      if (isHeld && fragment.readableFromMs <= nowMs && !calls.strikes("fragmentErrors")) {
        bodies.push(fragmentBody(fragment));
        continue;
      }
      bodies.push(errorBody(fragmentNumber, 3000, "FRAGMENT_NOT_FOUND"));
      if (behaviours.mediaEndsAtError) break;
    }
    return bodies;
  }

  async function* stream(parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
    for (const part of parts) {
      if (!calls.strikes("bodyBroken")) {
        yield part;
        continue;
      }
      yield part.subarray(0, Math.floor(part.length / 2));
      // A connection that ends early is an error where its length was known, and the end of the body where not.
      if (random.chance(0.5)) throw serviceError("TimeoutError", "the connection was closed");
      return;
    }
  }

  const data = ["throttled", "unavailable"] as const;
  return {
    create,
    remove,
    /** Told of each fragment that is received. */
    onReceived: (listener: (atMs: number) => void) => {
      received = listener;
    },
    receive,
    lives,
    retentionMs,
    startMs,
    current: (worker: Worker) => calls.call(worker, current, data),
    setClosed: (worker: Worker, arn: string, isClosed: boolean) =>
      calls.call(worker, () => void Object.assign(living(arn), { isClosed }), data),
    isDeleted: (worker: Worker, arn: string) =>
      calls.call(worker, () => !lives.some((life) => life.arn === arn && life.deletedMs === undefined), data),
    list: (worker: Worker, arn: string, fromMs: number, toMs: number) =>
      calls.call(worker, () => list(arn, fromMs, toMs), data),
    clip: async (worker: Worker, arn: string, selection: Selection) =>
      stream([await calls.call(worker, () => clip(arn, selection), data)]),
    media: async (worker: Worker, arn: string, numbers: string[]) =>
      stream(await calls.call(worker, () => media(arn, numbers), data)),
  };
}

/** The first 200, and as many as 100 MB hold. */
function truncated(fragments: HeldFragment[]): HeldFragment[] {
  let bytes = 0;
  return fragments.slice(0, 200).filter(({ sizeBytes }) => {
    bytes += sizeBytes;
    return bytes <= 100_000_000;
  });
}

/** Of footage whose producer times meet, only what was ingested first. */
function oldestTake(fragments: HeldFragment[]): HeldFragment[] {
  const kept: HeldFragment[] = [];
  const ends = ({ producerMs, durationMs }: HeldFragment) => producerMs + durationMs;
  for (const fragment of fragments) {
    const last = kept.at(-1);
    const isAfter = !last || fragment.producerMs >= ends(last) - 1;
    if (isAfter || !kept.some((one) => fragment.producerMs < ends(one) && ends(fragment) > one.producerMs))
      kept.push(fragment);
  }
  return kept;
}

/** Index of the first fragment that began at or after an instant. */
function firstFrom(fragments: HeldFragment[], atMs: number): number {
  let low = 0;
  let high = fragments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fragments[middle]!.serverMs < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
