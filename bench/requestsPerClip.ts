import * as diagnosticsChannel from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import * as path from "node:path";
import type { Entry } from "../archive/ledger";
import { credentialScope } from "../local/core/server";
import { deployRecording, type RecordingStack } from "../tests/support/recording";
import type { Bench, Figure } from "./figures";

const CLOCK = path.join(__dirname, "..", "demo", "footage", "clock.mkv");
const STREAM = "gate";
/** All by default: clips of three minutes, and Reconcile beside them every fifteen. */
const CONFIG = { streams: [{ name: STREAM }] };

/** Nothing is counted until Reconcile has been there; then two hours are, and an hour of cloud time with the camera off. */
const WARM_UP_CLIPS = 6;
const COUNTED_CLIPS = 40;
const OFF_MS = 3_600_000;

/** What the newest entry, which every round reads, may grow to. */
const MAX_HEAD_BYTES = 32 * 1024;

/** What is there and was done up to an instant. */
interface Count {
  clips: number;
  objects: number;
  headBytes: number;
  hasOpenPlan: boolean;
  reads: number;
  transitions: number;
}

/** What each clip of a steady recording takes of S3 and of Step Functions. */
export const requestsPerClip: Bench = {
  title: "What a clip takes",
  how: `Per clip of a steady recording with the default settings, over ${COUNTED_CLIPS} clips; Reconcile's share is in it. Then an hour with the camera off.`,
  async measure() {
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
      return figures(begin, end, later.transitions - off.transitions);
    } finally {
      power.abort();
      await stack.close();
    }
  },
};

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

/** Waits for so many clips, and for no plan to be open: answers all counts at a time between two clips. */
async function clipsReached(stack: RecordingStack, reads: () => number, clips: number): Promise<Count> {
  for (;;) {
    const found = await count(stack, reads);
    if (found.clips >= clips && !found.hasOpenPlan) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
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
  // Keys count down: the newest entry comes first.
  const [{ Key = "", Size: headBytes = 0 } = {}] = under("ledger/");
  const head = Key && (await s3.getObject({ Bucket: outputs.bucket, Key }));
  const entry = head && (JSON.parse((await head.Body?.transformToString()) ?? "") as Entry);
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
    headBytes,
    hasOpenPlan: entry !== "" && entry.state.openPlans.length > 0,
    reads: reads(),
    transitions,
  };
}

function figures(begin: Count, end: Count, transitionsWhileOff: number): Figure[] {
  const clips = end.clips - begin.clips;
  return [
    { what: "new S3 objects per clip", found: (end.objects - begin.objects) / clips, limit: 3 },
    { what: "S3 reads and lists per clip", found: (end.reads - begin.reads) / clips, limit: 6 },
    { what: "state transitions per clip", found: (end.transitions - begin.transitions) / clips, limit: 5 },
    { what: "ledger's newest entry, bytes", found: end.headBytes, limit: MAX_HEAD_BYTES },
    { what: "state transitions while the camera is off", found: transitionsWhileOff, limit: 0 },
  ];
}
