import * as crypto from "node:crypto";
import { makeMatroskaReader } from "../media/matroskaReader";
import { makeMp4Reader } from "../media/mp4Reader";
import { checkClip } from "./checkClip";
import { checkMovieClip } from "./checkMovieClip";
import type { VerifiedPlan, VerifiedStored } from "./verifyEntry";

/**
 * Reads a clip to its end and holds it against what was stored and what was planned.
 * @returns a sentence about the first thing that differs, or nothing
 */
export async function checkMedia(
  body: AsyncIterable<Uint8Array>,
  stored: Pick<VerifiedStored, "sizeBytes" | "sha256" | "source">,
  { key, fragments }: VerifiedPlan,
): Promise<string | undefined> {
  const hash = crypto.createHash("sha256");
  const media = key.endsWith(".mkv") ? readMatroska(fragments) : readMp4(fragments, stored.source);
  let sizeBytes = 0;
  let broken: string | undefined;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    hash.update(chunk);
    broken ??= problemOf(() => {
      media.push(chunk);
      return undefined;
    });
  }
  const sha256 = hash.digest("hex");
  if (sizeBytes !== stored.sizeBytes)
    return `has ${sizeBytes} bytes, and had ${stored.sizeBytes} when stored`;
  if (sha256 !== stored.sha256) return `has other bytes than when it was stored: SHA-256 ${sha256}`;
  return broken ?? problemOf(media.end);
}

interface MediaCheck {
  push(chunk: Uint8Array): void;
  /** @returns what differs from the plan */
  end(): string | undefined;
}

/** What a step says is wrong, whether it returns the sentence or throws it. */
function problemOf(step: () => string | undefined): string | undefined {
  try {
    return step();
  } catch (error) {
    return (error as Error).message;
  }
}

/** GetClip's rules are GetClip's own: a movie that was made of its fragments has what their camera sent. */
function readMp4(fragments: VerifiedPlan["fragments"], source: VerifiedStored["source"]): MediaCheck {
  const reader = makeMp4Reader();
  const check = source === "get-clip" ? checkClip : checkMovieClip;
  return { push: reader.push, end: () => check(fragments, reader.end()) };
}

/**
 * A clip kept as Matroska has a Cluster for each fragment, where the fragment's producer timestamp puts it: from the
 * earliest fragment on, or from the earliest frame, if one is dated ahead of its Cluster.
 */
function readMatroska(fragments: VerifiedPlan["fragments"]): MediaCheck {
  const reader = makeMatroskaReader();
  const clusters: { offsetMs: number; blockCount: number; earliestMs: number }[] = [];
  let timecodeScaleNs = 1_000_000;

  function note(events: ReturnType<typeof reader.push>): void {
    for (const event of events) {
      if (event.kind === "info") timecodeScaleNs = event.timecodeScaleNs;
      if (event.kind === "cluster")
        clusters.push({
          offsetMs: (event.timecode * timecodeScaleNs) / 1_000_000,
          blockCount: 0,
          earliestMs: 0,
        });
      const open = clusters.at(-1);
      if (event.kind !== "block" || !open) continue;
      open.blockCount += 1;
      open.earliestMs = Math.min(open.earliestMs, (event.relativeTimecode * timecodeScaleNs) / 1_000_000);
    }
  }

  function difference(): string | undefined {
    if (clusters.length !== fragments.length)
      return `has ${clusters.length} Clusters, and ${fragments.length} fragments were planned`;
    const startMs = fragments.reduce(
      (least, { producerMs }, index) => Math.min(least, producerMs + (clusters[index]?.earliestMs ?? 0)),
      Number.POSITIVE_INFINITY,
    );
    for (const [index, { fragmentNumber, producerMs }] of fragments.entries()) {
      const { offsetMs = 0, blockCount = 0 } = clusters[index] ?? {};
      const plannedMs = producerMs - startMs;
      // Timecodes are rounded to the camera's scale.
      if (Math.abs(offsetMs - plannedMs) > 1 + timecodeScaleNs / 1_000_000)
        return `has fragment ${fragmentNumber} at ${offsetMs} ms, and ${plannedMs} ms was planned`;
      if (blockCount === 0) return `has no frame of fragment ${fragmentNumber}`;
    }
    return undefined;
  }

  return {
    push: (chunk) => note(reader.push(chunk)),
    end: () => {
      note(reader.end());
      return difference();
    },
  };
}
