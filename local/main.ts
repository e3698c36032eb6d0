import * as fs from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { startCloud } from "./cloud";
import type { Strike } from "./core/faults";

/** `npm run local`: the empty cloud, in the foreground, until Ctrl-C. */
async function main() {
  const program = new Command("npm run local --")
    .description("AWS on this machine: one endpoint for all services that lastframe and its cameras use.")
    .option("--port <number>", "port on 127.0.0.1", wholeNumber(0, 65_535), 4566)
    .option("--data <folder>", "where all state is kept", ".lastframe/cloud")
    .option("--speed <factor>", "cloud seconds per real second", positive, 1)
    .option("--faults <file>", "what is to go wrong: a script of faults in JSON", jsonFile)
    .allowExcessArguments(false)
    .parse();
  const { port, data, speed, faults } = program.opts<{
    port: number;
    data: string;
    speed: number;
    faults?: unknown;
  }>();

  const cloud = await startCloud({ port, dataDir: data, speed, faults, onStrike: tell });
  console.log(`account ${cloud.accountId}, region ${cloud.region}, state in ${data}`);
  console.log("any key pair is accepted as the account owner's; keys that IAM issues here are checked");
  console.log(`ready ${cloud.url}`);

  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      cloud.close().then(() => process.exit(0), fail);
    });
  }
}

function wholeNumber(from: number, to: number) {
  return (text: string) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Write a whole number from ${from} to ${to}.`);
  };
}

function positive(text: string) {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Write a positive number, for example 12.");
}

function jsonFile(name: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(name, "utf8"));
  } catch (error) {
    throw new InvalidArgumentError(`Write the name of a file that holds JSON: ${(error as Error).message}.`);
  }
}

function tell({ service, action, callerArn, effect }: Strike) {
  console.log(`fault: ${service} ${action} of ${callerArn}: ${effect}`);
}

function fail(error: Error) {
  console.error(error.message);
  process.exit(1);
}

main().catch(fail);
