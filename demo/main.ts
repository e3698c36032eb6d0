import * as fs from "node:fs";
import { S3 } from "@aws-sdk/client-s3";
import { Command, InvalidArgumentError } from "commander";
import { type Cloud, startCloud } from "../local/cloud";
import { lockFolder } from "../local/core/lock";
import { startCamera } from "./cameras";
import { type Comparison, clipKeys, compare, listedFragments } from "./comparison";
import { type DemoStack, deployDevStack } from "./stack";
import { makeTell, makeWatcher, type Progress } from "./story";

/** The demo's own data, begun afresh at every start. */
const DATA_DIR = ".lastframe/demo";

/** When things happen, in the cloud's time. */
const CUT_OFF_MS = 220_000;
const STOP_MS = 310_000;
const GIVE_UP_MS = 1_800_000;

/** How often the story looks, in real time. */
const LOOK_MS = 200;

/** `npm start`: the whole way of a frame on this machine, and the proof that none was lost. */
async function main() {
  const { once, port, speed } = options();
  // Refuses while another demo is up on this data. The lock goes with the data; the cloud takes its own.
  lockFolder(DATA_DIR);
  fs.rmSync(DATA_DIR, { recursive: true, force: true });
  const cloud = await startCloud({ dataDir: DATA_DIR, port, speed });
  let isStopping = false;
  let isCompared = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      cloud.close().then(() => process.exit(isCompared ? 0 : 130), fail);
    });
  }

  console.log(
    `AWS on this machine at ${cloud.url}, its clock ${speed} times as fast as yours. No account is used.`,
  );
  const stack = await deployDevStack(cloud);
  console.log(`deployed ${stack.name}: ${stack.resourceCount} resources\n`);

  const comparisons = await record(cloud, stack);
  const isComplete = report(comparisons);
  if (once) {
    await cloud.close();
    process.exit(isComplete ? 0 : 1);
  }
  isCompared = true;
  await invite(cloud, stack);
}

/** Two cameras record; one loses its power in mid-fragment. Ends when the workflow has archived both. */
async function record(cloud: Cloud, stack: DemoStack): Promise<Comparison[]> {
  const { clock } = cloud;
  const tell = makeTell(cloud, stack.streams);
  const look = makeWatcher(cloud, stack, tell);
  const [first, second] = stack.streams;
  if (!first || !second) throw new Error("Pulumi.dev.yaml must name two streams for the demo");
  const startMs = clock.nowMs();
  const survivor = await startCamera(cloud, first.name, "clock.mkv", tell);
  const victim = await startCamera(cloud, second.name, "garden.mkv", tell);

  const acts = [
    { atMs: startMs + CUT_OFF_MS, act: victim.cutOff },
    { atMs: startMs + STOP_MS, act: survivor.stop },
  ];
  for (let progress: Progress | undefined; acts.length > 0 || !isOver(progress); ) {
    if (clock.nowMs() > startMs + GIVE_UP_MS)
      throw new Error("the workflow did not end within half an hour of cloud time");
    const next = acts[0];
    if (next && clock.nowMs() >= next.atMs) {
      acts.shift();
      await next.act();
    }
    progress = await look();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const s3 = new S3(cloud.clientConfig);
  return Promise.all(
    [survivor, victim].map(async ({ streamName, acknowledged }) => {
      const listed = await listedFragments(cloud, streamName);
      return compare(s3, stack.bucket, streamName, acknowledged, listed);
    }),
  );
}

/** Cameras are off: the alarms are silent, and every execution that they started has ended. */
const isOver = (progress?: Progress) =>
  progress !== undefined &&
  progress.ringing === 0 &&
  progress.started > 0 &&
  progress.started === progress.succeeded + progress.failed;

/** Prints the comparison; answers whether the two lists are equal. */
function report(comparisons: Comparison[]): boolean {
  const columns = ["stream", "acknowledged", "in S3", "clips", "missing", "twice"];
  const rows = comparisons.map((one) => [
    one.streamName,
    `${one.acknowledgedCount} fragments, ${one.acknowledgedSeconds.toFixed(1)} s`,
    `${one.archivedCount} fragments, ${one.archivedSeconds.toFixed(1)} s`,
    String(one.clipCount),
    String(one.missing.length),
    String(one.repeated.length),
  ]);
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("   ")
      .trimEnd();
  console.log(`\n${[columns, ...rows].map(line).join("\n")}\n`);

  const sum = (of: (one: Comparison) => number) => comparisons.reduce((total, one) => total + of(one), 0);
  const [acknowledged, archived] = [sum((one) => one.acknowledgedCount), sum((one) => one.archivedCount)];
  const isComplete = sum((one) => one.missing.length + one.repeated.length) === 0 && acknowledged > 0;
  for (const { streamName, missing, repeated } of comparisons) {
    if (missing.length > 0) console.log(`${streamName}: in no clip: ${some(missing)}`);
    if (repeated.length > 0) console.log(`${streamName}: in more than one clip: ${some(repeated)}`);
  }
  const verdict = isComplete ? "the two lists are equal" : "the two lists DIFFER";
  console.log(`${acknowledged} fragments acknowledged, ${archived} in S3: ${verdict}.`);
  return isComplete;
}

/** The first few of a list that may be long. */
const some = (list: string[]) =>
  list.slice(0, 3).join(", ") + (list.length > 3 ? ` and ${list.length - 3} more` : "");

/** The cloud stays up: how to look around in it, with commands that work when pasted. */
async function invite(cloud: Cloud, stack: DemoStack) {
  const keys = await clipKeys(new S3(cloud.clientConfig), stack.bucket, stack.streams[0]?.name ?? "");
  const alarm = stack.streams[0]?.alarm;
  console.log(`
The cloud stays up until Ctrl-C. To look around with the AWS CLI:

export AWS_ENDPOINT_URL=${cloud.url} AWS_DEFAULT_REGION=${cloud.region} AWS_REGION=${cloud.region}
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
aws kinesisvideo list-streams
aws cloudwatch describe-alarms --alarm-names ${alarm}
aws stepfunctions list-executions --state-machine-arn ${stack.workflow}
aws s3 ls --recursive s3://${stack.bucket}/
aws s3 cp s3://${stack.bucket}/${keys[0]} clip.mp4

Or send it more: npm run camera -- demo/footage/clock.mkv --stream ${stack.streams[0]?.name} --loop --speed ${cloud.clock.speed} --endpoint ${cloud.url}`);
}

function options(): { once: boolean; port: number; speed: number } {
  const number = (isValid: (value: number) => boolean, write: string) => (text: string) => {
    if (isValid(Number(text))) return Number(text);
    throw new InvalidArgumentError(write);
  };
  const isPort = (value: number) => Number.isInteger(value) && value >= 0 && value <= 65_535;
  return new Command("npm start --")
    .description(
      "Records two cameras on this machine, cuts one off, and compares what was acknowledged with what is in S3.",
    )
    .option("--once", "end after the comparison; the exit code is 0 only if nothing is missing", false)
    .option(
      "--port <number>",
      "port of the cloud on 127.0.0.1; 0 takes a free one",
      number(isPort, "Write 0 to 65535."),
      0,
    )
    .option(
      "--speed <factor>",
      "cloud seconds per real second",
      number((value) => value >= 1 && value <= 60, "Write a number from 1 to 60."),
      10,
    )
    .allowExcessArguments(false)
    .parse()
    .opts();
}

function fail(error: Error) {
  console.error(error.message);
  process.exit(1);
}

main().catch(fail);
