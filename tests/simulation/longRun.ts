import type { History } from "./history";
import { lastframe } from "./lastframe";
import { makeHistory } from "./makeHistory";
import { quietly } from "./playSeed";
import { play, type World } from "./world";

const DAY_MS = 86_400_000;

/** What a recording that never stopped came to. */
export interface LongRun {
  fragments: number;
  clips: number;
  /** Fragments that are in no clip, or in two, as of a day after each. */
  missing: number;
  twice: number;
  /** The largest entry of the first and of the last tenth of the ledger. */
  firstEntryBytes: number;
  lastEntryBytes: number;
  executions: number;
  failedExecutions: number;
}

/** One camera that sends for days without an end. What was checked is taken out of the models, so memory stays as it is. */
export async function runLong(days: number): Promise<LongRun> {
  const found = { fragments: 0, clips: 0, missing: 0, twice: 0, executions: 0, failedExecutions: 0 };
  const entryBytes: number[] = [];
  const history = endless(days);
  const watched = {
    name: lastframe.name,
    deploy(world: World): void {
      lastframe.deploy(world);
      const { timeline } = world;
      const nextDay = () => {
        takeOut(world, timeline.nowMs() - DAY_MS);
        if (timeline.nowMs() < world.endMs) timeline.at(timeline.nowMs() + DAY_MS, nextDay);
      };
      timeline.at(history.startMs + 2 * DAY_MS, nextDay);
    },
  };
  const world = await quietly(() => play(history, watched));
  takeOut(world, Number.POSITIVE_INFINITY);
  for (const { status } of world.stepFunctions.executions.values()) {
    found.executions += 1;
    if (status !== "SUCCEEDED") found.failedExecutions += 1;
  }
  const tenth = Math.max(1, Math.floor(entryBytes.length / 10));
  const [firstEntryBytes, lastEntryBytes] = [entryBytes.slice(0, tenth), entryBytes.slice(-tenth)].map(
    (some) => some.reduce((most, bytes) => Math.max(most, bytes), 0),
  ) as [number, number];
  return { ...found, firstEntryBytes, lastEntryBytes };

  /** Compares what began before an instant with the clips, and takes both out, with entries that old. */
  function takeOut({ kinesisVideo, bucket }: World, beforeMs: number): void {
    const copies = new Map<string, number>();
    for (const [key, { bytes, putMs }] of bucket.objects) {
      if (key.startsWith("ledger/") && putMs < beforeMs) {
        entryBytes.push(bytes.length);
        bucket.forget(key);
      }
      if (!key.startsWith("clips/")) continue;
      for (const [, number = ""] of bytes.toString("latin1").matchAll(/frame 0 of (\d+);/g)) {
        copies.set(number, (copies.get(number) ?? 0) + 1);
      }
    }
    for (const life of kinesisVideo.lives) {
      const kept = life.fragments.findIndex(({ serverMs }) => serverMs >= beforeMs);
      const old = life.fragments.splice(0, kept < 0 ? life.fragments.length : kept);
      found.fragments += old.length;
      for (const { fragmentNumber } of old) {
        const count = copies.get(fragmentNumber) ?? 0;
        if (count === 0) found.missing += 1;
        if (count > 1) found.twice += 1;
      }
    }
    for (const [key, { putMs }] of bucket.objects) {
      // A clip of the border holds fragments of the next day, too.
      if (!key.startsWith("clips/") || putMs >= beforeMs - DAY_MS) continue;
      found.clips += 1;
      bucket.forget(key);
    }
  }
}

function endless(days: number): History {
  const [session] = makeHistory(0).sessions;
  if (!session) throw new Error("the history of seed 0 has no session");
  return {
    ...makeHistory(0),
    durationMs: days * DAY_MS,
    // The longest clips that settings allow, of the longest fragments: the fewest rounds in a year.
    clipSeconds: 900,
    retentionHours: 24,
    alarmThreshold: 1,
    sessions: [
      {
        ...session,
        fromMs: 60_000,
        durationMs: days * DAY_MS,
        fragmentMs: 20_000,
        jitterMs: 0,
        // So much that a clip of 900 s just fits one object.
        bitsPerSecond: 800_000,
        uplinkMs: 200,
        incidents: [],
      },
    ],
    faults: [],
    deeds: [],
  };
}
