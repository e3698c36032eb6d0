import * as diagnosticsChannel from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import * as path from "node:path";
import { credentialScope } from "../local/core/server";
import { deployRecording, type RecordingStack } from "../tests/support/recording";

const CLOCK = path.join(__dirname, "..", "demo", "footage", "clock.mkv");
const STREAM = "gate";
/** All by default: clips of three minutes, and Reconcile beside them every fifteen. */
const CONFIG = { streams: [{ name: STREAM }] };

/** Nothing is counted until Reconcile has been there; then two hours are, and an hour of cloud time with the camera off. */
const WARM_UP_CLIPS = 6;
const COUNTED_CLIPS = 40;
const OFF_MS = 3_600_000;

/** Most of each that a clip may take in the steady state. */
const FIGURES = { "new S3 objects": 3, "S3 reads and lists": 6, "state transitions": 5 };
const MAX_HEAD_BYTES = 32 * 1024;

/** What is there and was done up to an instant. */
interface Count {
  clips: number;
  objects: number;
  headBytes: number;
  reads: number;
  transitions: number;
}

/** `npm run bench:requests`: what each clip of a steady recording takes of S3 and of Step Functions. */
async function main(): Promise<boolean> {
  const stack = await deployRecording(CONFIG, { speed: 60 });
  const reads = countReads();
  const power = new AbortController();
  try {
    const camera = stack.film(STREAM, CLOCK, { loop: true, signal: power.signal });
    const begin = await clipsReached(stack, reads, WARM_UP_CLIPS);
    const end = await clipsReached(stack, reads, begin.clips + COUNTED_CLIPS);
    power.abort();
    await camera;
    await stack.settled();
    const off = await count(stack, reads);
    await stack.cloud.clock.sleep(OFF_MS);
    const later = await count(stack, reads);
    return report(begin, end, later.transitions - off.transitions);
  } finally {
    power.abort();
    await stack.close();
  }
}

/** Counts S3's GET and HEAD requests of the functions' roles; those of this program are signed with the owner's key. */
function countReads(): () => number {
  let reads = 0;
  diagnosticsChannel.subscribe("http.server.request.start", (message) => {
    const { method, headers } = (message as { request: IncomingMessage }).request;
    const scope = credentialScope({ headers, query: new URLSearchParams() });
    const isRead = method === "GET" || method === "HEAD";
    if (isRead && scope?.signingName === "s3" && scope.accessKeyId !== "local") reads += 1;
  });
  return () => reads;
}

/** Waits for a clip that is the `clips`-th of the bucket; answers all counts at that time. */
async function clipsReached(stack: RecordingStack, reads: () => number, clips: number): Promise<Count> {
  for (;;) {
    const found = await count(stack, reads);
    if (found.clips >= clips) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function count({ s3, stepFunctions, outputs }: RecordingStack, reads: () => number): Promise<Count> {
  const objects: { Key?: string; Size?: number }[] = [];
  let token: string | undefined;
  do {
    const page = await s3.listObjectsV2({ Bucket: outputs.bucket, ContinuationToken: token });
    objects.push(...(page.Contents ?? []));
    token = page.NextContinuationToken;
  } while (token);
  const under = (folder: string) => objects.filter(({ Key = "" }) => Key.startsWith(folder));
  const { executions = [] } = await stepFunctions.listExecutions({ stateMachineArn: outputs.workflow });
  let transitions = 0;
  for (const { executionArn } of executions) {
    let nextToken: string | undefined;
    do {
      const page = await stepFunctions.getExecutionHistory({ executionArn, maxResults: 1000, nextToken });
      transitions += (page.events ?? []).filter(({ type = "" }) => type.endsWith("StateEntered")).length;
      nextToken = page.nextToken;
    } while (nextToken);
  }
  return {
    clips: under("clips/").length,
    objects: objects.length,
    // Keys count down: the newest entry comes first.
    headBytes: under("ledger/")[0]?.Size ?? 0,
    reads: reads(),
    transitions,
  };
}

/** Prints each figure beside its limit; answers whether all are kept. */
function report(begin: Count, end: Count, transitionsWhileOff: number): boolean {
  const clips = end.clips - begin.clips;
  const rows: [string, number, number][] = [
    ["new S3 objects", (end.objects - begin.objects) / clips, FIGURES["new S3 objects"]],
    ["S3 reads and lists", (end.reads - begin.reads) / clips, FIGURES["S3 reads and lists"]],
    ["state transitions", (end.transitions - begin.transitions) / clips, FIGURES["state transitions"]],
    ["bytes of the head entry", end.headBytes, MAX_HEAD_BYTES],
    ["transitions, camera off", transitionsWhileOff, 0],
  ];
  console.log(`${clips} clips of a steady recording; then an hour with the camera off\n`);
  console.log("                            found     limit");
  for (const [name, found, limit] of rows) {
    const mark = found > limit ? "   TOO MANY" : "";
    const text = Number.isInteger(found) ? String(found) : found.toFixed(2);
    console.log(`${name.padEnd(24)}${text.padStart(9)}${String(limit).padStart(10)}${mark}`);
  }
  return rows.every(([, found, limit]) => found <= limit);
}

main().then(
  (isWithin) => process.exit(isWithin ? 0 : 1),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
