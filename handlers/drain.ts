import { setTimeout } from "node:timers/promises";
import { type ArchiveResult, archiveStream } from "../archive/archiveStream";
import { type Backlog, findBacklog } from "../archive/backlog";
import { HOUR_MS } from "../archive/books";
import { readAllDeferred } from "../archive/deferred";
import type { ArchiveEvent } from "../archive/events";
import { ledgerFolder } from "../archive/keys";
import { currentLife, endDrainedLife, endFormerLives, endLife } from "../archive/lives";
import type { FragmentSource, StreamDescription, Vault } from "../archive/ports";
import { readSweep } from "../archive/sweep";
import type { TimeBudget } from "./archiveClip";
import { openArchive } from "./ports/archive";
import type { EventOrigin } from "./ports/eventBus";
import { makeKinesisVideo } from "./ports/kinesisVideo";
import { onceAllowed } from "./ports/newRole";
import { makeServiceClock } from "./ports/s3";

/** What Pulumi is about to do to a stream, as `infra/drain.ts` has it said. */
export interface DrainRequest {
  streamName: string;
  clipSeconds: number;
  /** The retention that the stream is to have. */
  retentionHours: number;
  /** Whether what cannot be archived is given up; the ledger names it then. */
  abandons: boolean;
  /** What `aws.lambda.Invocation` adds. */
  tf: { action: "create" | "update" | "delete" };
}

/** Streams, the archive, those who are told, and time. */
export interface DrainDeps {
  openStream(streamName: string): FragmentSource;
  /** As of when a life is no more; nothing while it is there. */
  deletedAsOf(streamArn: string): Promise<number | undefined>;
  setClosed(streamArn: string, isClosed: boolean): Promise<void>;
  setRetention(streamArn: string, retentionHours: number): Promise<void>;
  vault: Vault;
  prefix: string;
  stack: string;
  announce(origin: EventOrigin, event: ArchiveEvent): Promise<void>;
  /** The service's time, in milliseconds: this call brings none along. */
  askTime(streamName: string): Promise<number>;
  pause(ms: number): Promise<void>;
}

/** What a round left, and as of when. */
interface Left {
  nowMs: number;
  backlog: Backlog;
  result?: ArchiveResult;
  failure?: Error;
}

/** Silence after which a camera is off: that after which a recording is over. */
const QUIET_MS = 180_000;

/** After devices were shut out: the longest fragment (20 s), begun at the last moment, and a margin for listing it. */
const SETTLE_MS = 30_000;

/** Time that is kept for the clip at hand and for the answer. */
const RESERVE_MS = 120_000;

/**
 * Drain: sees to it that nothing acknowledged is deleted before it is archived. It archives what is owed itself, and
 * fails where that cannot be done, or a camera still sends: Pulumi goes no further then, and the stream stays as it is.
 */
export const makeDrain =
  (deps: DrainDeps) =>
  async (request: DrainRequest, context: TimeBudget): Promise<{ streamName: string }> => {
    const { openStream, deletedAsOf, setClosed, setRetention, vault, prefix, stack, askTime, pause } = deps;
    const { streamName, clipSeconds, retentionHours, abandons, tf } = request;
    const hasTime = () => context.getRemainingTimeInMillis() > RESERVE_MS;

    if (tf.action === "create") await onceAllowed(pause, guard);
    else await guard();
    return { streamName };

    async function guard(): Promise<void> {
      const stream = await currentLife(openStream(streamName));
      if (tf.action === "delete") return stream ? beforeDeletion(stream) : endLives();
      if (!stream) return;
      if (tf.action === "create") await begin(stream);
      await applyRetention(stream);
    }

    /** Someone deleted the stream by other ways: what was owed of it is named. */
    async function endLives(): Promise<void> {
      const lives = { ...told(await askTime(streamName)), streamName, current: undefined };
      await endFormerLives({ ...lives, deletedAsOf });
    }

    /** The ledger begins with the stream, so that footage which nobody ever looked for is known to be missing. */
    async function begin({ streamArn }: StreamDescription): Promise<void> {
      await setClosed(streamArn, false);
      await archive({ nowMs: await askTime(streamName), mayGoOn: () => false });
    }

    /** A lower retention deletes at once what is older. What is listed late, is listed within the hour that it began. */
    async function applyRetention(life: StreamDescription): Promise<void> {
      if (life.retentionHours === retentionHours) return;
      const isSafe = ({ nowMs, backlog: { oldestMs = nowMs } }: Left) =>
        oldestMs >= nowMs - (retentionHours - 1) * HOUR_MS;
      if (life.retentionHours > retentionHours) {
        const left = await archiveUntil(isSafe);
        if (!isSafe(left) && !abandons) throw await footageOwed(life, left);
      }
      await setRetention(life.streamArn, retentionHours);
    }

    async function beforeDeletion(life: StreamDescription): Promise<void> {
      try {
        await setClosed(life.streamArn, true);
        const beganMs = await askTime(streamName);
        if (!abandons) await untilSilent(beganMs);
        const compareFromMs = await notComparedFrom(life, beganMs);
        const isDrained = ({ nowMs, backlog, result }: Left) =>
          backlog.oldestMs === undefined && result?.isDrained === true && result.comparedToMs === nowMs;
        let left: Left;
        do {
          left = await archiveUntil(isDrained, { cutsNow: true, compareFromMs });
          if (!abandons) await refuseWhileSending(beganMs);
          // An entry that someone else wrote meanwhile speaks of footage that was not looked at here.
          if (isDrained(left) && (await endDrainedLife({ vault, prefix, life, nowMs: left.nowMs }))) return;
        } while (isDrained(left) && hasTime());
        if (!abandons) throw await footageOwed(life, left);
        await endLife({ ...told(left.nowMs), life });
      } catch (error) {
        // Somebody else may have drained it, and let it go. Where that cannot be told, this error is still the one to tell.
        const isThere = await currentLife(openStream(streamName)).catch(() => life);
        if (!isThere) return endLives();
        await setClosed(life.streamArn, false);
        throw error;
      }
    }

    /** Waits until nothing came for long enough, and devices were shut out for long enough. */
    async function untilSilent(beganMs: number): Promise<void> {
      for (;;) {
        const { nowMs, newestMs } = await refuseWhileSending(beganMs);
        // Who sent nothing for an hour has no connection: the longest lasts 45 minutes.
        if (newestMs === 0) return;
        if (nowMs - newestMs >= QUIET_MS && nowMs - beganMs >= SETTLE_MS) return;
        await pause(5_000);
      }
    }

    async function refuseWhileSending(beganMs: number): Promise<{ nowMs: number; newestMs: number }> {
      const nowMs = await askTime(streamName);
      const { fragments } = await openStream(streamName).list({ fromMs: nowMs - HOUR_MS, toMs: nowMs });
      const newestMs = fragments.reduce((most, { serverMs }) => Math.max(most, serverMs), 0);
      if (newestMs <= beganMs) return { nowMs, newestMs };
      throw refusal(
        "CameraSends",
        `${streamName} still receives video, newest fragment at ${iso(newestMs)}; nothing was deleted. Stop the camera and run this again`,
      );
    }

    /** Server time that no comparison with the whole retention has covered. */
    async function notComparedFrom(life: StreamDescription, nowMs: number): Promise<number> {
      const { compared } = (await readSweep(vault, prefix, life))?.sweep ?? {};
      const isWhole = compared && compared.toMs >= compared.startedMs;
      return isWhole ? compared.startedMs - HOUR_MS : nowMs - life.retentionHours * HOUR_MS;
    }

    /** Archives, round after round, until what is left will do, or three rounds changed nothing, or time is up. */
    async function archiveUntil(
      isEnough: (left: Left) => boolean,
      how: { cutsNow?: boolean; compareFromMs?: number } = {},
    ): Promise<Left> {
      for (let [leastOwed, oldestOwedMs, idleRounds] = [Number.POSITIVE_INFINITY, 0, 0]; ; ) {
        const nowMs = await askTime(streamName);
        const round = await archive({ ...how, nowMs, mayGoOn: hasTime }).then(
          (result) => ({ result }),
          (failure: Error) => ({ failure }),
        );
        const backlog = await findBacklog({ source: openStream(streamName), vault, prefix, nowMs });
        const left = { nowMs, backlog, ...round };
        const { oldestMs = nowMs, fragments } = backlog;
        // Of a long backlog only a part is counted, as much of it after each round: it begins later then.
        idleRounds = fragments < leastOwed || oldestMs > oldestOwedMs ? 0 : idleRounds + 1;
        if (isEnough(left) || idleRounds === 3 || !hasTime()) return left;
        leastOwed = Math.min(leastOwed, fragments);
        oldestOwedMs = Math.max(oldestOwedMs, oldestMs);
        if (idleRounds > 0) await pause(5_000);
      }
    }

    /** One round, over the stream as it is described now. */
    function archive(how: {
      nowMs: number;
      mayGoOn: () => boolean;
      cutsNow?: boolean;
      compareFromMs?: number;
    }) {
      const source = openStream(streamName);
      return archiveStream({
        ...told(how.nowMs),
        ...how,
        source,
        clipMs: clipSeconds * 1000,
        retryDeferred: true,
      });
    }

    function told(nowMs: number) {
      const announce = (event: ArchiveEvent) =>
        deps.announce({ stack, stream: streamName, time: iso(nowMs) }, event);
      return { vault, prefix, nowMs, tags: { stack, stream: streamName }, announce };
    }

    async function footageOwed(life: StreamDescription, { backlog, failure }: Left): Promise<Error> {
      const deferred = await readAllDeferred(vault, ledgerFolder(prefix, life), backlog.deferred);
      const deferredMs = deferred.reduce((sum, [, , , durationMs]) => sum + durationMs, 0);
      const count = backlog.fragments + deferred.length;
      const seconds = ((backlog.durationMs + deferredMs) / 1000).toFixed(1);
      const { oldestMs = 0, retentionMs } = backlog;
      const owed = count
        ? `${backlog.isPart ? "at least " : ""}${count} fragments of ${streamName} (${seconds} s, the oldest of ${iso(oldestMs)}, held until ${iso(oldestMs + retentionMs)}) are acknowledged and not archived`
        : `what ${streamName} holds could not be compared with its ledger`;
      const because = failure ? ` (${failure.name}: ${failure.message})` : "";
      return refusal(
        "FootageOwed",
        `${owed}${because}; nothing was deleted. Run this again; or, to give up what cannot be archived, set abandon: true for the stream and run pulumi up first (of a recording event: stop it with --abandon)`,
      );
    }
  };

const iso = (ms: number) => new Date(ms).toISOString();

/** What Pulumi prints: without a stack trace, which would say nothing about the footage. */
const refusal = (name: string, message: string) => Object.assign(new Error(message), { name, stack: "" });

/** The deployed function. Its environment holds the address of the archive, and the stack's name and tags. */
export const drain = () => {
  const archive = openArchive();
  const timeAt = makeServiceClock(archive.bucket);
  return makeDrain({
    ...makeKinesisVideo(),
    ...archive,
    askTime: (streamName) => timeAt(`${archive.prefix}sweeps/${streamName}/drain.json`),
    pause: async (ms) => {
      await setTimeout(ms);
    },
  });
};
