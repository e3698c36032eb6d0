import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { KinesisVideo, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { S3 } from "@aws-sdk/client-s3";
import { type Cloud, startCloud } from "../local/cloud";
import { runCamera } from "../producer/camera";
import { type Footage, openFootage } from "../producer/footage";
import { padFootage } from "../tests/support/padFootage";
import { runProgram, twoCameras } from "../tests/support/program";
import { type Cost, inCleanProcess } from "./cleanProcess";

const CLOCK = path.join(__dirname, "..", "demo", "footage", "clock.mkv");
const BUCKET = "footage";
const STREAM = "gate";

/** A clip just under what the archiver plans into one: 95,000,000 bytes. */
const FRAGMENT_COUNT = 20;
const FRAGMENT_BYTES = 4_600_000;

/** Each subject runs this often, taking turns; the times compared are the medians, the memory is the worst. */
const RUNS = 5;

/** What the function may have resident, and how much slower than the reference it may be. */
const MAX_PEAK_MB = 110;
const MAX_SLOWDOWN = 1.1;

/** The function as it is shipped, called as the workflow calls it. */
const ARCHIVE_CLIP = `
  const { handler } = require(args.file);
  measure(() => handler(args.request, { getRemainingTimeInMillis: () => 900000 }));`;

/** The same clip sent to S3 by the SDK's own upload helper, which neither looks into it nor keeps a ledger. */
const LIB_STORAGE = `
  const { KinesisVideoArchivedMedia } = require("@aws-sdk/client-kinesis-video-archived-media");
  const { S3Client } = require("@aws-sdk/client-s3");
  const { Upload } = require("@aws-sdk/lib-storage");
  const range = { StartTimestamp: new Date(args.fromMs), EndTimestamp: new Date(args.toMs) };
  measure(async () => {
    const { Payload } = await new KinesisVideoArchivedMedia({}).getClip({
      StreamName: args.streamName,
      ClipFragmentSelector: { FragmentSelectorType: "SERVER_TIMESTAMP", TimestampRange: range },
    });
    const params = { Bucket: args.bucket, Key: args.key, Body: Payload, ChecksumAlgorithm: "SHA256" };
    await new Upload({ client: new S3Client({}), params }).done();
  });`;

/** `npm run bench:memory`: the archive function as it ships beside the SDK's upload helper, on one clip. */
async function main(): Promise<boolean> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-bench-"));
  const cloud = await startCloud({ dataDir: path.join(folder, "cloud"), speed: 10 });
  try {
    return await compare(cloud, folder);
  } finally {
    await cloud.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(cloud: Cloud, folder: string): Promise<boolean> {
  const s3 = new S3(cloud.clientConfig);
  await s3.createBucket({ Bucket: BUCKET });
  const serverMs = await film(cloud);
  const [fromMs, toMs] = [Math.min(...serverMs), Math.max(...serverMs)];
  const clipSeconds = oneCell(fromMs, toMs);
  const file = await shippedArchiveClip(folder);
  const environment = {
    AWS_ENDPOINT_URL: cloud.url,
    AWS_REGION: cloud.region,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    ARCHIVE_BUCKET: BUCKET,
    STACK: "lastframe/bench",
  };

  const ours: Cost[] = [];
  const reference: Cost[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const prefix = `run-${run}/`;
    const now = new Date(toMs + 2 * clipSeconds * 1000).toISOString();
    await s3.putObject({
      Bucket: BUCKET,
      Key: `${prefix}claims/${STREAM}.json`,
      Body: JSON.stringify({ holder: "bench", generation: 1, renewedAt: now }),
    });
    const request = {
      streamName: STREAM,
      clipSeconds,
      now,
      execution: "bench",
      isAlarmOn: true,
      handsOver: false,
    };
    ours.push(
      await inCleanProcess(ARCHIVE_CLIP, { file, request }, { ...environment, ARCHIVE_PREFIX: prefix }),
    );
    const upload = { streamName: STREAM, fromMs, toMs, bucket: BUCKET, key: `reference/${run}.mp4` };
    reference.push(await inCleanProcess(LIB_STORAGE, upload, environment));
  }
  const { ContentLength: sizeBytes = 0 } = await s3.headObject({ Bucket: BUCKET, Key: "reference/0.mp4" });
  checkStored(ours, sizeBytes);
  return report(sizeBytes, ours, reference);
}

/** Films one clip into a new stream; answers the server times of its fragments. */
async function film(cloud: Cloud): Promise<number[]> {
  const kinesisVideo = new KinesisVideo(cloud.clientConfig);
  const { StreamARN } = await kinesisVideo.createStream({ StreamName: STREAM, DataRetentionInHours: 24 });
  await runCamera({
    footage: await oneClip(),
    stream: STREAM,
    client: new KinesisVideoClient(cloud.clientConfig),
    clock: cloud.clock,
  }).done;
  const { Fragments = [] } = await new KinesisVideoArchivedMedia(cloud.clientConfig).listFragments({
    StreamARN,
    FragmentSelector: {
      FragmentSelectorType: "SERVER_TIMESTAMP",
      TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(cloud.clock.nowMs()) },
    },
  });
  if (Fragments.length !== FRAGMENT_COUNT) throw new Error(`${Fragments.length} fragments are listed`);
  return Fragments.map(({ ServerTimestamp }) => ServerTimestamp?.getTime() ?? 0);
}

/** The demo's footage, at the bit rate and of the length that fill one clip. */
async function oneClip(): Promise<Footage> {
  const looped = await openFootage(() => fs.createReadStream(CLOCK), { loop: true });
  const padded = padFootage(looped, { fragmentBytes: FRAGMENT_BYTES });
  async function* fragments(): Footage["fragments"] {
    for (let count = 0; count < FRAGMENT_COUNT; count += 1) {
      const { value } = await padded.fragments.next();
      if (value) yield value;
    }
  }
  return { ...padded, fragments: fragments() };
}

/** A clip length, in seconds, by whose grid all of this time lies within one cell. */
function oneCell(fromMs: number, toMs: number): number {
  let seconds = 300;
  while (Math.floor(fromMs / (seconds * 1000)) !== Math.floor(toMs / (seconds * 1000))) seconds += 1;
  return seconds;
}

/** Writes the function's archive to disk, as Lambda unpacks it; answers the file that holds the handler. */
async function shippedArchiveClip(folder: string): Promise<string> {
  const { resource } = await runProgram(twoCameras());
  const { assets } = await resource("aws:lambda/function:Function", "recorder-archive-clip").inputs.code;
  const file = path.join(folder, "__index.js");
  fs.writeFileSync(file, await (await assets)["__index.js"].text);
  return file;
}

/** Each of our runs must have stored what GetClip gives, whole and as one clip. */
function checkStored(ours: Cost[], sizeBytes: number): void {
  for (const { answer } of ours) {
    const { clips = [] } = answer as { clips?: { sizeBytes: number }[] };
    if (clips.length !== 1 || clips[0]?.sizeBytes !== sizeBytes)
      throw new Error(`one clip of ${sizeBytes} bytes was to be stored, not ${JSON.stringify(answer)}`);
  }
}

/** Prints the two side by side; answers whether ours keeps to its figures. */
function report(sizeBytes: number, ours: Cost[], reference: Cost[]): boolean {
  const peakOf = (costs: Cost[]) => Math.max(...costs.map(({ peakMb }) => peakMb));
  const timeOf = (costs: Cost[]) => median(costs.map(({ durationMs }) => durationMs));
  const row = (name: string, costs: Cost[]) =>
    console.log(
      `${name.padEnd(26)}${peakOf(costs).toFixed(1).padStart(9)} MB${timeOf(costs).toFixed(0).padStart(9)} ms`,
    );
  const [memory, time] = [peakOf(ours) / peakOf(reference), timeOf(ours) / timeOf(reference)];

  console.log(
    `one clip of ${(sizeBytes / 1e6).toFixed(1)} MB, ${FRAGMENT_COUNT} fragments, ${RUNS} runs each\n`,
  );
  console.log("                           peak memory   median time");
  row("archive function", ours);
  row("@aws-sdk/lib-storage", reference);
  console.log(`${"ratio".padEnd(26)}${memory.toFixed(2).padStart(9)}   ${time.toFixed(2).padStart(9)}\n`);
  const failures = [
    ...(peakOf(ours) > MAX_PEAK_MB ? [`more than ${MAX_PEAK_MB} MB are resident`] : []),
    ...(memory > 1 ? ["more memory than the reference"] : []),
    ...(time > MAX_SLOWDOWN ? [`more than ${MAX_SLOWDOWN} times as long as the reference`] : []),
  ];
  console.log(
    failures.length === 0 ? "within its figures" : `NOT within its figures: ${failures.join("; ")}`,
  );
  return failures.length === 0;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

main().then(
  (isWithin) => process.exit(isWithin ? 0 : 1),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
