import { check, type Violation } from "./checker";
import { coverageOf } from "./coverage";
import type { History } from "./history";
import { lastframe } from "./lastframe";
import { makeHistory } from "./makeHistory";
import { play } from "./world";

/** What a history came to. */
export interface SeedResult {
  seed: number;
  violations: Violation[];
  /** What happened in it, for the coverage of a campaign. */
  reached: string[];
  simulatedHours: number;
}

/** Plays one random history of the product and checks it. */
export const playSeed = (seed: number): Promise<SeedResult> => playHistory(makeHistory(seed));

/** Plays a history of the product and checks it. */
export async function playHistory(history: History): Promise<SeedResult> {
  const world = await quietly(() => play(history, lastframe));
  return {
    seed: history.seed,
    violations: check(world),
    reached: coverageOf(world),
    simulatedHours: (world.endMs - history.startMs) / 3_600_000,
  };
}

/** The functions' log is what a person reads when something is wrong; here thousands of things are. */
export async function quietly<T>(act: () => Promise<T>): Promise<T> {
  const { warn, error } = console;
  console.warn = console.error = () => undefined;
  try {
    return await act();
  } finally {
    Object.assign(console, { warn, error });
  }
}
