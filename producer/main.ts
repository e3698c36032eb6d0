import * as fs from "node:fs";
import { addAbortSignal } from "node:stream";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { Command, InvalidArgumentError } from "commander";
import { runCamera } from "./camera";
import { makeCameraClock } from "./clock";
import { explain } from "./explain";
import { openFootage } from "./footage";
import { makeNotificationTags } from "./notificationTags";
import { makeProgress, summaryLine } from "./progress";

interface CommandLine {
  stream: string;
  loop?: boolean;
  endpoint?: URL;
  region?: string;
  speed: number;
  notify?: boolean;
}

/** Accepted by a local cloud as its owner's, refused by AWS. Not in the form of the keys that a local cloud issues. */
const standInCredentials = { accessKeyId: "local", secretAccessKey: "local" };

/** `npm run camera`: streams a Matroska file, or standard input, to a Kinesis Video stream in real time. */
async function main(): Promise<number> {
  const program = new Command("npm run camera --")
    .description("A camera that films a Matroska file (H.264 and AAC) into a Kinesis Video stream.")
    .argument("<FILE>", "a Matroska file, or - for standard input")
    .requiredOption("--stream <name>", "name or ARN of the stream")
    .option("--loop", "begin again at the end of the file, until Ctrl-C")
    .option("--endpoint <URL>", "a local cloud, for example http://127.0.0.1:4566 (default: AWS)", address)
    .option("--region <region>", "the stream's region (default: as the AWS SDK finds it)")
    .option(
      "--notify",
      "tag fragments so that the stream's notifications, if it has any, start its recording",
    )
    .option("--speed <factor>", "camera seconds per real second, for a cloud with a fast clock", positive, 1)
    .showHelpAfterError()
    .allowExcessArguments(false)
    .parse();
  const [file = ""] = program.args;
  const options = program.opts<CommandLine>();
  if (options.loop && file === "-") program.error("error: standard input cannot be read again: no --loop");

  const stop = new AbortController();
  try {
    return await film(file, options, stop);
  } catch (error) {
    if (stop.signal.aborted) return 130;
    console.error(explain(error, { file, ...options }));
    return 1;
  }
}

/** @returns the exit code: 0 only when everything that was filmed is persisted */
async function film(file: string, options: CommandLine, stop: AbortController): Promise<number> {
  let interrupt = () => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt());
  const progress = makeProgress(process.stdout);
  const footage = await openFootage(() => openFile(file, stop.signal), {
    loop: options.loop,
    onNote: progress.note,
  });
  for (const track of footage.leftOut) progress.note(`Track ${track.number} (${track.codecId}) is not sent.`);

  const camera = runCamera({
    footage,
    stream: options.stream,
    client: makeClient(options, progress.note),
    clock: makeCameraClock(options.speed),
    signal: stop.signal,
    ...(options.notify ? { fragmentTags: makeNotificationTags() } : {}),
    onEvent: progress.show,
  });
  interrupt = () => {
    if (stop.signal.aborted) return camera.cutOff();
    progress.note("Finishing the fragment. Press Ctrl-C again to end at once.");
    stop.abort();
  };
  const summary = await camera.done;
  progress.note(summaryLine(summary));
  return summary.skippedFragments + summary.unconfirmedFragments === 0 ? 0 : 1;
}

function openFile(file: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (file === "-") return addAbortSignal(signal, process.stdin);
  return fs.createReadStream(file);
}

function makeClient({ endpoint, region }: CommandLine, note: (line: string) => void): KinesisVideoClient {
  const isLocal = endpoint && ["127.0.0.1", "localhost", "[::1]"].includes(endpoint.hostname);
  const { AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const isStandIn = isLocal && !AWS_ACCESS_KEY_ID && !AWS_PROFILE;
  if (isStandIn) note("No credentials in the environment: using a stand-in key pair for the local cloud.");
  const localRegion = isLocal ? (AWS_REGION ?? AWS_DEFAULT_REGION ?? "us-east-1") : undefined;
  return new KinesisVideoClient({
    ...(endpoint ? { endpoint: endpoint.href } : {}),
    ...((region ?? localRegion) ? { region: region ?? localRegion } : {}),
    ...(isStandIn ? { credentials: standInCredentials } : {}),
  });
}

function address(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new InvalidArgumentError("Write a URL, for example http://127.0.0.1:4566.");
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Write a positive number, for example 12.");
}

main().then(
  // Standard input may still be open, and would keep the process.
  (exitCode) => process.exit(exitCode),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
