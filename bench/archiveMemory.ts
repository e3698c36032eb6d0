import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { KinesisVideo, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { S3 } from "@aws-sdk/client-s3";
import { type Cloud, startCloud } from "../local/cloud";
import { awsEnvironment } from "../local/engine/environment";
import { runCamera } from "../producer/camera";
import { type Footage, openFootage } from "../producer/footage";
import { type Cost, inCleanProcess } from "../tests/support/cleanProcess";
import { padFootage } from "../tests/support/padFootage";
import { shippedFunction } from "../tests/support/shippedFunction";
import type { Bench, Figure } from "./figures";
import { median } from "./median";

const CLOCK = path.join(__dirname, "..", "demo", "footage", "clock.mkv");
const BUCKET = "footage";
const STREAM = "gate";

/** A clip just under what the archiver plans into one: 95,000,000 bytes. */
const FRAGMENT_COUNT = 20;
const FRAGMENT_BYTES = 4_600_000;

/** Each subject runs this often, taking turns; of the times compared it is the median, of the memory the worst. */
const RUNS = 5;

/** What the function may have resident, and how much slower than the reference it may be: no slower, but for what times vary by. */
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

/** The archive function as it ships beside the SDK's upload helper, on one clip. */
export const archiveMemory: Bench = {
  title: "Memory and time of the archive function",
  how: `One clip of ${FRAGMENT_COUNT} fragments, just under what is planned into one: the archive function as it ships, from its call to its answer, beside the SDK's upload helper that copies the same clip from GetClip to S3. ${RUNS} runs each, in turns; memory is the most that was resident in the worst of them, in millions of bytes; times are medians, and so is the ratio of the two runs of a turn. Time of all cores does not depend on what else the machine does.`,
  async measure() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-bench-"));
    const cloud = await startCloud({ dataDir: path.join(folder, "cloud"), speed: 10 });
    try {
      return await compare(cloud, folder);
    } finally {
      await cloud.close();
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function compare(cloud: Cloud, folder: string): Promise<Figure[]> {
  const s3 = new S3(cloud.clientConfig);
  await s3.createBucket({ Bucket: BUCKET });
  const serverMs = await film(cloud);
  const [fromMs, toMs] = [Math.min(...serverMs), Math.max(...serverMs)];
  const clipSeconds = oneCell(fromMs, toMs);
  const { file, environment: shipped } = await shippedFunction("recorder-archive-clip", folder);
  const environment = awsEnvironment(cloud.clientConfig);

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
    const own = { ...shipped, ...environment, ARCHIVE_BUCKET: BUCKET, ARCHIVE_PREFIX: prefix };
    ours.push(await inCleanProcess(ARCHIVE_CLIP, { file, request }, own));
    const upload = { streamName: STREAM, fromMs, toMs, bucket: BUCKET, key: `reference/${run}.mp4` };
    reference.push(await inCleanProcess(LIB_STORAGE, upload, environment));
  }
  const { ContentLength: sizeBytes = 0 } = await s3.headObject({ Bucket: BUCKET, Key: "reference/0.mp4" });
  checkStored(ours, sizeBytes);
  return compared(sizeBytes, ours, reference);
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

/** Each of our runs must have stored what GetClip gives, whole and as one clip. */
function checkStored(ours: Cost[], sizeBytes: number): void {
  for (const { answer } of ours) {
    const { clips = [] } = answer as { clips?: { sizeBytes: number }[] };
    if (clips.length !== 1 || clips[0]?.sizeBytes !== sizeBytes)
      throw new Error(`one clip of ${sizeBytes} bytes was to be stored, not ${JSON.stringify(answer)}`);
  }
}

function compared(sizeBytes: number, ours: Cost[], reference: Cost[]): Figure[] {
  const peakOf = (costs: Cost[]) => Math.max(...costs.map(({ peakMb }) => peakMb));
  const medianOf = (costs: Cost[], what: "durationMs" | "cpuMs") => median(costs.map((cost) => cost[what]));
  const ratioOf = (what: "durationMs" | "cpuMs") =>
    median(ours.map((cost, turn) => cost[what] / (reference[turn]?.[what] ?? Number.NaN)));
  return [
    { what: "clip, MB", found: sizeBytes / 1e6 },
    { what: "peak memory, MB", found: peakOf(ours), limit: MAX_PEAK_MB },
    { what: "peak memory of @aws-sdk/lib-storage, MB", found: peakOf(reference) },
    { what: "ratio", found: peakOf(ours) / peakOf(reference), limit: 1 },
    { what: "time, ms", found: Math.round(medianOf(ours, "durationMs")) },
    { what: "time of @aws-sdk/lib-storage, ms", found: Math.round(medianOf(reference, "durationMs")) },
    { what: "ratio", found: ratioOf("durationMs"), limit: MAX_SLOWDOWN },
    { what: "time of all cores, ms", found: Math.round(medianOf(ours, "cpuMs")) },
    {
      what: "time of all cores of @aws-sdk/lib-storage, ms",
      found: Math.round(medianOf(reference, "cpuMs")),
    },
    { what: "ratio", found: ratioOf("cpuMs"), limit: MAX_SLOWDOWN },
  ];
}
