import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { archiveStream } from "../archive/archiveStream";
import { findBacklog } from "../archive/backlog";
import type { Announce, ArchiveEvent } from "../archive/events";
import { currentLife, endFormerLives } from "../archive/lives";
import { needsPerson } from "../archive/outcomes";
import type { FragmentSource, StreamDescription, Vault } from "../archive/ports";
import { readSweep, type Sweep, writeSweep } from "../archive/sweep";
import type { TimeBudget } from "./archiveClip";
import { openArchive } from "./ports/archive";
import type { EventOrigin } from "./ports/eventBus";
import { makeKinesisVideo } from "./ports/kinesisVideo";
import { makeStartExecution, type StartExecution } from "./ports/workflow";
import { type AlarmedStream, startRecorder } from "./startRecorder";

/** One stream of the stack, as its alarm knows it. */
export interface ReconcileStreamRequest extends AlarmedStream {
  isAlarmOn: boolean;
  /** ISO 8601: the stream is looked at as of then. */
  now: string;
}

/** How old the oldest footage is that is held and not archived. */
export interface UnarchivedAge {
  stack: string;
  stream: string;
  /** ISO 8601. */
  time: string;
  ageSeconds: number;
  /** Of the stream's retention. */
  usedPercent: number;
}

/** Streams, the archive, and those who are told. */
export interface ReconcileStreamDeps {
  openStream(streamName: string): FragmentSource;
  /** As of when this life of a stream is no more; nothing while it is there. */
  deletedAsOf(streamArn: string): Promise<number | undefined>;
  vault: Vault;
  prefix: string;
  stack: string;
  announce(origin: EventOrigin, event: ArchiveEvent): Promise<void>;
  putAge(age: UnarchivedAge): Promise<void>;
  startExecution: StartExecution;
}

const DAY_MS = 86_400_000;

/** Shares of the retention at which footage that is not archived is announced. */
const RISKS_PERCENT = [80, 50] as const;

/**
 * ReconcileStream: everything that must be done for a stream whether or not an alarm rings. Ends its former lives,
 * archives what is owed (what could not be read before included), compares the whole retention with the ledger once a
 * day or four times within it, says how old the oldest footage is that is not archived, and starts a Recorder where one should be and is not.
 */
export const makeReconcileStream =
  ({
    openStream,
    deletedAsOf,
    vault,
    prefix,
    stack,
    announce,
    putAge,
    startExecution,
  }: ReconcileStreamDeps) =>
  async (request: ReconcileStreamRequest, context: TimeBudget): Promise<{ clips: number }> => {
    const { streamName, clipSeconds, now, isAlarmOn } = request;
    const nowMs = Date.parse(now);
    const tags = { stack, stream: streamName };
    const tell: Announce = (event) => announce({ stack, stream: streamName, time: now }, event);

    const source = openStream(streamName);
    const stream = await currentLife(source);
    await endFormerLives({
      vault,
      prefix,
      streamName,
      current: stream,
      deletedAsOf,
      nowMs,
      tags,
      announce: tell,
    });
    if (!stream) return { clips: 0 };

    const failures: unknown[] = [];
    const clips = await sweep(source, stream).catch(async (error: Error) => {
      failures.push(error);
      const { name, message } = error;
      if (needsPerson(error)) await tell({ type: "Archiving Failed", detail: { error: name, message } });
      return 0;
    });
    // Said whether or not archiving works: that is when it matters.
    await watchAge(source, stream);
    if (isAlarmOn) await startRecorder(startExecution, { vault, prefix, nowMs }, request);
    if (failures.length > 0) throw failures[0];
    return { clips };

    async function sweep(fragments: FragmentSource, life: StreamDescription): Promise<number> {
      const held = await readSweep(vault, prefix, life);
      const { compared } = held?.sweep ?? {};
      const retentionMs = life.retentionHours * 3_600_000;
      // A comparison that did not come to its end goes on where it stopped.
      const isUnderWay = compared && compared.toMs < compared.startedMs;
      // Often enough that what turns up just after one comparison is still held at the next.
      const isDue = !compared || nowMs - compared.startedMs >= Math.min(DAY_MS, retentionMs / 4);
      const startedMs = isUnderWay ? compared.startedMs : nowMs;
      const fromMs = isUnderWay ? compared.toMs : nowMs - retentionMs;
      const budgetMs = context.getRemainingTimeInMillis() / 2;

      const result = await archiveStream({
        source: fragments,
        vault,
        prefix,
        clipMs: clipSeconds * 1000,
        nowMs,
        tags,
        mayGoOn: () => context.getRemainingTimeInMillis() > budgetMs,
        announce: tell,
        patienceMs: 60_000,
        retryDeferred: true,
        compareFromMs: isUnderWay || isDue ? fromMs : undefined,
      });
      const next: Sweep = {
        ...held?.sweep,
        at: now,
        coveredToMs: Math.max(held?.sweep.coveredToMs ?? 0, result.coveredToMs ?? 0),
      };
      if (result.comparedToMs !== undefined) next.compared = { startedMs, toMs: result.comparedToMs };
      await writeSweep(vault, prefix, life, next, held?.etag);
      return result.clips.length;
    }

    async function watchAge(fragments: FragmentSource, life: StreamDescription): Promise<void> {
      const { oldestMs = nowMs, retentionMs } = await findBacklog({
        source: fragments,
        vault,
        prefix,
        nowMs,
      });
      const ageMs = Math.max(0, nowMs - oldestMs);
      const usedPercent = Math.round((ageMs / retentionMs) * 1000) / 10;
      const ageSeconds = Math.round(ageMs / 1000);
      await putAge({ stack, stream: streamName, time: now, ageSeconds, usedPercent });

      const held = await readSweep(vault, prefix, life);
      const atRisk = RISKS_PERCENT.find((percent) => usedPercent >= percent);
      const before = held?.sweep.atRiskPercent;
      if (atRisk === before) return;
      if (atRisk && (!before || atRisk > before)) {
        const detail = { oldestMs, ageSeconds, retentionSeconds: retentionMs / 1000, usedPercent };
        await tell({ type: "Footage At Risk", detail });
      }
      const sweep = { at: now, coveredToMs: 0, ...held?.sweep, atRiskPercent: atRisk };
      await writeSweep(vault, prefix, life, sweep, held?.etag);
    }
  };

/** The deployed function. Its environment holds the address of the archive, the stack's name and tags, and the workflow. */
export const reconcileStream = () => {
  const { WORKFLOW_ARN = "" } = process.env;
  const cloudWatch = new CloudWatchClient({});
  return makeReconcileStream({
    ...makeKinesisVideo(),
    ...openArchive(),
    putAge: async ({ stack, stream, time, ageSeconds, usedPercent }) => {
      const Dimensions = [
        { Name: "Stack", Value: stack },
        { Name: "Stream", Value: stream },
      ];
      const Timestamp = new Date(time);
      const age = { MetricName: "UnarchivedAge", Unit: "Seconds" as const, Value: ageSeconds };
      const share = { MetricName: "UnarchivedAgeOfRetention", Unit: "Percent" as const, Value: usedPercent };
      const MetricData = [age, share].map((datum) => ({ ...datum, Dimensions, Timestamp }));
      await cloudWatch.send(new PutMetricDataCommand({ Namespace: "lastframe", MetricData }));
    },
    startExecution: makeStartExecution(WORKFLOW_ARN),
  });
};
