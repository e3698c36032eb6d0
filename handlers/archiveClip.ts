import { type ArchiveResult, archiveStream } from "../archive/archiveStream";
import { changeClaim, successorName } from "../archive/claim";
import type { ArchiveEvent } from "../archive/events";
import { currentLife } from "../archive/lives";
import type { FragmentSource, Vault } from "../archive/ports";
import { openArchive } from "./ports/archive";
import type { EventOrigin } from "./ports/eventBus";
import { makeKinesisVideo } from "./ports/kinesisVideo";

/** What the workflow asks of one round. */
export interface ArchiveClipRequest {
  streamName: string;
  clipSeconds: number;
  /** The workflow's own time, ISO 8601: the round looks at the stream as of then. */
  now: string;
  /** The execution that records. The round does nothing when another holds the stream's claim. */
  execution: string;
  /** Whether the alarm rings. When it does not and the recording is closed, the claim is released. */
  isAlarmOn: boolean;
  /** Whether a fresh execution is to take over: the claim is passed on to it, and nothing is archived. */
  handsOver: boolean;
}

/** What a round did, and what the workflow is to do next. */
export interface ArchiveClipAnswer extends Partial<ArchiveResult> {
  /** Always said: the workflow cannot read what is not there. */
  hasBacklog: boolean;
  /** Another execution records the stream: this one is to end. */
  isDuplicate: boolean;
  /** The recording is archived, closed and released. */
  isDone: boolean;
  /** The name under which the execution that takes over is to be started; empty where none is. */
  successor: string;
}

/** The part of Lambda's context that is read here. */
export interface TimeBudget {
  getRemainingTimeInMillis(): number;
}

/** Streams, the bucket and the address of the archive. */
export interface ArchiveClipDeps {
  openStream(streamName: string): FragmentSource;
  vault: Vault;
  prefix: string;
  /** The stack's tag on every clip. */
  stack: string;
  announce(origin: EventOrigin, event: ArchiveEvent): Promise<void>;
}

/**
 * ArchiveClip: stores every clip that is due. It stops when half of its time is spent, so that the clip at hand has as
 * long again, or at 100 clips, and says whether more is due. An answer over 256 KiB would end the execution, whatever it
 * catches (quota "Maximum input or output size for a task"): a clip takes up to 700 bytes of it, and the last plan may
 * still become 200 clips.
 */
export const makeArchiveClip =
  ({ openStream, vault, prefix, stack, announce }: ArchiveClipDeps) =>
  async (request: ArchiveClipRequest, context: TimeBudget): Promise<ArchiveClipAnswer> => {
    const { streamName, clipSeconds, now, execution, isAlarmOn, handsOver } = request;
    const nowMs = Date.parse(now);
    const budgetMs = context.getRemainingTimeInMillis() / 2;
    const maxClips = 100;
    const target = { vault, prefix, streamName, nowMs };

    const claim = await changeClaim(target, (current) => {
      if (current.holder !== execution) return undefined;
      return handsOver ? successorName(streamName, current) : execution;
    });
    const nothing = { hasBacklog: false, isDuplicate: false, isDone: false, successor: "" };
    if (!claim) return { ...nothing, isDuplicate: true };
    if (handsOver) return { ...nothing, successor: claim.holder };

    const source = openStream(streamName);
    const result = (await currentLife(source)) ? await archive(source) : DELETED;
    const isDone = !isAlarmOn && result.isDrained && !result.isRecording;
    if (isDone) await changeClaim(target, ({ holder }) => (holder === execution ? "" : undefined));
    return { ...result, isDuplicate: false, isDone, successor: "" };

    function archive(fragments: FragmentSource): Promise<ArchiveResult> {
      return archiveStream({
        source: fragments,
        vault,
        prefix,
        clipMs: clipSeconds * 1000,
        nowMs,
        tags: { stack, stream: streamName },
        mayGoOn: (clipCount) => clipCount < maxClips && context.getRemainingTimeInMillis() > budgetMs,
        announce: (event) => announce({ stack, stream: streamName, time: now }, event),
      });
    }
  };

/** Of a stream that was deleted nothing can be archived; ReconcileStream ends its ledger. */
const DELETED: ArchiveResult = { clips: [], hasBacklog: false, isDrained: true, isRecording: false };

/** The deployed function. Its environment holds the address of the archive, and the stack's name and tags. */
export const archiveClip = () =>
  makeArchiveClip({ openStream: makeKinesisVideo().openStream, ...openArchive() });
