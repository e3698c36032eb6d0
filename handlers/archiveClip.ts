import { type ArchiveResult, archiveStream } from "../archive/archiveStream";
import type { FragmentSource, Vault } from "../archive/ports";
import { makeKinesisVideo } from "./ports/kinesisVideo";
import { makeVault } from "./ports/s3";

/** What the workflow asks of one round. */
export interface ArchiveClipRequest {
  streamName: string;
  clipSeconds: number;
  /** The workflow's own time, ISO 8601: the round looks at the stream as of then. */
  now: string;
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
}

/**
 * ArchiveClip: stores every clip that is due. It stops when half of its time is spent, so that the clip at hand has as
 * long again, or at 100 clips, and says whether more is due. An answer over 256 KiB would end the execution, whatever it
 * catches (quota "Maximum input or output size for a task"): a clip takes up to 700 bytes of it, and the last plan may
 * still become 200 clips.
 */
export const makeArchiveClip =
  ({ openStream, vault, prefix, stack }: ArchiveClipDeps) =>
  async (request: ArchiveClipRequest, context: TimeBudget): Promise<ArchiveResult> => {
    const { streamName, clipSeconds, now } = request;
    const budgetMs = context.getRemainingTimeInMillis() / 2;
    const maxClips = 100;
    return archiveStream({
      source: openStream(streamName),
      vault,
      prefix,
      clipMs: clipSeconds * 1000,
      nowMs: Date.parse(now),
      tags: { stack, stream: streamName },
      mayGoOn: (clipCount) => clipCount < maxClips && context.getRemainingTimeInMillis() > budgetMs,
    });
  };

/** The deployed function. Its environment holds the address of the archive and the stack's tag. */
export const archiveClip = () => {
  const { ARCHIVE_BUCKET = "", ARCHIVE_PREFIX = "", STACK = "" } = process.env;
  return makeArchiveClip({
    openStream: makeKinesisVideo(),
    vault: makeVault(ARCHIVE_BUCKET),
    prefix: ARCHIVE_PREFIX,
    stack: STACK,
  });
};
