import { Worker } from "node:worker_threads";
import type { SeedResult } from "./playSeed";

/** What many histories came to. */
export interface Campaign {
  histories: number;
  failing: SeedResult[];
  /** In how many histories each thing happened. */
  reached: Map<string, number>;
  simulatedHours: number;
}

/**
 * Plays histories of consecutive seeds, in threads.
 * @param mutation a deliberate fault of the archiver, by name
 * @param stopAtFirst whether the first failing history ends it
 */
export async function runCampaign(options: {
  firstSeed: number;
  histories: number;
  threads: number;
  mutation?: string;
  stopAtFirst?: boolean;
  onProgress?(done: number): void;
}): Promise<Campaign> {
  const { firstSeed, histories, threads, mutation, stopAtFirst = false, onProgress } = options;
  const campaign: Campaign = { histories: 0, failing: [], reached: new Map(), simulatedHours: 0 };
  let next = firstSeed;

  const runOne = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(`${__dirname}/worker.js`, { workerData: { mutation } });
      const give = () => {
        const isOver = next >= firstSeed + histories || (stopAtFirst && campaign.failing.length > 0);
        if (isOver) void worker.terminate().then(() => resolve(), reject);
        else worker.postMessage(next++);
      };
      worker.on("error", reject);
      worker.on("message", (result: SeedResult) => {
        take(result);
        give();
      });
      give();
    });

  function take(result: SeedResult): void {
    campaign.histories += 1;
    campaign.simulatedHours += result.simulatedHours;
    for (const name of result.reached) campaign.reached.set(name, (campaign.reached.get(name) ?? 0) + 1);
    if (result.violations.length > 0) campaign.failing.push(result);
    onProgress?.(campaign.histories);
  }

  await Promise.all(Array.from({ length: threads }, runOne));
  campaign.failing.sort((a, b) => a.seed - b.seed);
  return campaign;
}
