import { Command, InvalidArgumentError } from "commander";
import { runCampaign } from "./campaign";
import { type Compared, compareRandom, compareScenarios } from "./comparison";
import { MUST_REACH } from "./coverage";
import { type Finding, findMutations } from "./findMutations";
import { runLong } from "./longRun";
import { makeHistory } from "./makeHistory";
import { playSeed, type SeedResult } from "./playSeed";
import { shrink } from "./shrink";
import { comparisonTable, mutationTable, writeSection } from "./writeDocs";

/** `npm run simulate`: plays random histories and says which broke a promise, and how to play them again. */
async function main(): Promise<void> {
  const program = new Command("npm run simulate --")
    .description("Tries to break the archiver: random histories, on a virtual clock, with faults.")
    .option("--histories <count>", "how many to play", wholeNumber, 1000)
    .option("--first <seed>", "seed of the first; the others follow", wholeNumber, 0)
    .option("--threads <count>", "threads to play them in", wholeNumber, 2)
    .option("--seed <seed>", "play this one history only", wholeNumber)
    .option("--mutations", "put each deliberate fault into the product, and count the histories that find it")
    .option("--comparison", "play the AWS sample and this project on the same histories")
    .option("--years <count>", "record one camera that never stops", Number)
    .option("--write", "put the table of --mutations or --comparison into docs/simulation.md")
    .allowExcessArguments(false);
  program.parse();
  const { histories, first, threads, seed, mutations, comparison, years, write } = program.opts<{
    histories: number;
    first: number;
    threads: number;
    seed?: number;
    mutations?: true;
    comparison?: true;
    years?: number;
    write?: true;
  }>();
  if (mutations) return findAll({ limit: histories, threads, writes: write });
  if (years !== undefined) return recordFor(years);
  if (comparison) return compare(write);
  if (seed !== undefined) return replay(seed);

  const startedAt = performance.now();
  const campaign = await runCampaign({
    firstSeed: first,
    histories,
    threads,
    onProgress: progress(histories),
  });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(
    `${campaign.histories} histories, ${Math.round(campaign.simulatedHours)} simulated hours, in ${seconds} s: ${campaign.failing.length} broke a promise`,
  );
  for (const [name, count] of [...campaign.reached].sort((a, b) => b[1] - a[1]))
    console.log(`  ${String(count).padStart(6)}  ${name}`);
  const missed = MUST_REACH.filter((name) => !campaign.reached.has(name));
  if (missed.length > 0) {
    console.log(`never reached, so not tried: ${missed.join(", ")}`);
    process.exitCode = 1;
  }
  report(campaign.failing);
}

/** Plays one history again; one that fails is made as short as it can be. */
async function replay(seed: number): Promise<void> {
  const played = await playSeed(seed);
  report([played]);
  if (played.violations.length === 0) return;
  const { history, result } = await shrink(makeHistory(seed));
  console.log(`shrunk to: ${JSON.stringify(history, null, 1).replace(/\n\s+/g, " ")}`);
  report([result]);
}

async function recordFor(years: number): Promise<void> {
  const startedAt = process.cpuUsage();
  const run = await runLong(Math.round(years * 365));
  const { user, system } = process.cpuUsage(startedAt);
  for (const [name, value] of Object.entries(run)) console.log(`${name.padEnd(18)} ${value}`);
  console.log(`${"CPU seconds".padEnd(18)} ${((user + system) / 1e6).toFixed(1)}`);
  if (run.missing > 0 || run.twice > 0 || run.failedExecutions > 0) process.exitCode = 1;
}

async function compare(writes = false): Promise<void> {
  const rows: Compared[] = [];
  await compareScenarios((row) => {
    rows.push(row);
    console.log(comparisonTable([row]).split("\n").at(-1));
  });
  rows.push(await compareRandom(200));
  const table = comparisonTable(rows);
  console.log(table);
  if (writes) writeSection("comparison", table);
}

async function findAll({
  limit,
  threads,
  writes,
}: {
  limit: number;
  threads: number;
  writes?: true;
}): Promise<void> {
  const findings = await findMutations({ limit, threads, onFinding: tell });
  const unfound = findings.filter(({ histories }) => histories === undefined);
  console.log(`${findings.length - unfound.length} of ${findings.length} deliberate faults found`);
  if (unfound.length > 0) process.exitCode = 1;
  if (writes) writeSection("deliberate faults", mutationTable(findings));

  function tell({ mutation, histories, violation }: Finding): void {
    const how = histories ? `history ${histories}: ${violation?.invariant} ${violation?.says}` : "NOT FOUND";
    console.log(`${mutation.name.padEnd(30)} ${how}`);
  }
}

function report(results: SeedResult[]): void {
  for (const { seed, violations } of results) {
    if (violations.length === 0) console.log(`seed ${seed}: every promise was kept`);
    for (const { invariant, fragment, says } of violations.slice(0, 3)) {
      console.log(`seed ${seed}: ${invariant} gate${fragment ? ` ${fragment}` : ""} ${says}`);
    }
    if (violations.length > 3) console.log(`seed ${seed}: and ${violations.length - 3} more`);
    if (violations.length > 0) console.log(`  npm run simulate -- --seed ${seed}`);
    if (violations.length > 0) process.exitCode = 1;
  }
}

function progress(histories: number): (done: number) => void {
  return (done) => {
    if (done % 1000 === 0 && done < histories) console.log(`${done} of ${histories}`);
  };
}

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError("write a whole number");
  return Number(value);
}

main().catch((error: Error) => {
  console.error(error.stack);
  process.exitCode = 70;
});
