import type { Fault, History } from "./history";
import { type Calls, makeCalls, type Tally } from "./models/calls";
import { type CloudWatch, makeCloudWatch } from "./models/cloudWatch";
import { type EventBridge, makeEventBridge } from "./models/eventBridge";
import { type KinesisVideo, makeKinesisVideo, STREAM_NAME } from "./models/kinesisVideo";
import { type Lambda, makeLambda } from "./models/lambda";
import { type Bucket, makeBucket } from "./models/s3";
import { makeStepFunctions, type StepFunctions } from "./models/stepFunctions";
import { makeTimeline, type Timeline } from "./timeline";

/** The services, with one stream and its alarm, in which a history takes place. */
export interface World {
  history: History;
  timeline: Timeline;
  tally: Tally;
  calls: Calls;
  kinesisVideo: KinesisVideo;
  bucket: Bucket;
  cloudWatch: CloudWatch;
  eventBridge: EventBridge;
  lambda: Lambda;
  stepFunctions: StepFunctions;
  /** When schedules are due. */
  scheduleMs: number[];
  endMs: number;
  /** The claim on the stream, each time that it was written. */
  claims(): { holder: string; generation: number }[];
  /** What the watermark of a life said, each time that it was written. */
  sweeps(createdMs: number): { atMs: number; putMs: number; coveredToMs: number }[];
}

/**
 * What is tried out: code that is deployed into a world before its time begins. It defines functions
 * (`world.lambda.define`) and a workflow, and subscribes to the alarm and to schedules; from then on it lives of what the
 * world calls.
 */
export interface Subject {
  name: string;
  deploy(world: World): void;
  /** Asks whether the stream may be deleted; without it, it always may. */
  mayRetire?(world: World): Promise<boolean>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Has a history take place, to its quiet end. */
export async function play(history: History, subject: Subject): Promise<World> {
  const world = makeWorld(history);
  const { timeline, kinesisVideo, cloudWatch } = world;
  kinesisVideo.create(history.startMs - 1);
  kinesisVideo.onReceived(cloudWatch.received);
  cloudWatch.start();
  everyMinute(world);
  for (const deed of history.deeds) timeline.at(history.startMs + deed.atMs, () => act(world, deed, subject));
  for (const fault of history.faults) timeline.at(history.startMs + fault.fromMs, () => befall(world, fault));
  subject.deploy(world);
  await timeline.run(world.endMs);
  kinesisVideo.receive();
  return world;
}

function makeWorld(history: History): World {
  const tally: Tally = new Map();
  const timeline = makeTimeline(history.startMs);
  const calls = makeCalls(history, timeline, tally);
  const lambda = makeLambda(timeline, calls, tally);
  const { scheduleMs, endMs } = scheduleOf(history);
  const bucket = makeBucket(history, timeline, calls);
  return {
    history,
    timeline,
    tally,
    calls,
    kinesisVideo: makeKinesisVideo(history, timeline, calls),
    bucket,
    cloudWatch: makeCloudWatch(history, timeline, calls),
    eventBridge: makeEventBridge(history, timeline, calls, tally),
    lambda,
    stepFunctions: makeStepFunctions(history, timeline, calls, lambda),
    scheduleMs,
    endMs,
    claims: () =>
      (bucket.written.get(`claims/${STREAM_NAME}.json`) ?? []).map(
        ({ text }) => JSON.parse(text) as { holder: string; generation: number },
      ),
    sweeps: (createdMs) =>
      (bucket.written.get(`sweeps/${STREAM_NAME}/${createdMs}.json`) ?? []).map(({ text, putMs }) => {
        const { at, coveredToMs } = JSON.parse(text) as { at: string; coveredToMs: number };
        return { atMs: Date.parse(at), putMs, coveredToMs };
      }),
  };
}

/**
 * When schedules are due: regularly until all has come to rest, and, since nothing happens in between, once more after
 * the longest time in which the whole retention is compared.
 */
function scheduleOf(history: History) {
  const { startMs, clipSeconds, retentionHours, reconcileMinutes, seed } = history;
  const periodMs = reconcileMinutes * 60_000;
  const firstMs = startMs + (Math.abs(seed * 7919) % periodMs);
  // Behind the last fault: the latest listing, a claim that grows stale, and a sweep that looks an hour back.
  const restMs = startMs + activeMs(history) + 2 * HOUR_MS + 2 * clipSeconds * 1000;
  const scheduleMs: number[] = [];
  for (let atMs = firstMs; atMs < restMs; atMs += periodMs) scheduleMs.push(atMs);
  const comparedMs = restMs + Math.min(DAY_MS, (retentionHours * HOUR_MS) / 4);
  scheduleMs.push(comparedMs, comparedMs + periodMs, comparedMs + 2 * periodMs);
  return { scheduleMs, endMs: comparedMs + 3 * periodMs };
}

/** Until when faults strike or cameras send. */
const activeMs = ({ durationMs, sessions }: History) =>
  Math.max(durationMs, ...sessions.map((session) => session.fromMs + session.durationMs));

/** Alarms are evaluated on what has arrived, whether or not anyone asks for it. */
function everyMinute({ timeline, kinesisVideo, history, endMs }: World): void {
  const lastMs = Math.min(endMs, history.startMs + activeMs(history) + HOUR_MS);
  const tick = () => {
    kinesisVideo.receive();
    if (timeline.nowMs() < lastMs) timeline.at(timeline.nowMs() + 5000, tick);
  };
  timeline.at(history.startMs, tick);
}

function act(world: World, deed: History["deeds"][number], subject: Subject): void {
  const { kinesisVideo, timeline, cloudWatch } = world;
  if (deed.kind === "changeClipLength") {
    cloudWatch.alarm.tags.ClipSeconds = String(deed.clipSeconds);
    return;
  }
  if (deed.kind === "retire") {
    void retire(world, subject);
    return;
  }
  kinesisVideo.remove();
  if (deed.recreateAfterMs === undefined) return;
  const againMs = timeline.nowMs() + deed.recreateAfterMs;
  timeline.at(againMs, () => kinesisVideo.create(againMs));
}

/** Deletes the stream once the subject lets it go; somebody asks again every ten minutes. */
async function retire(world: World, { mayRetire }: Subject): Promise<void> {
  const { timeline, kinesisVideo, tally, endMs } = world;
  while (timeline.nowMs() < endMs) {
    const askedMs = timeline.nowMs();
    if (!mayRetire || (await mayRetire(world))) {
      tally.set("retired", 1);
      // As long as the engine takes to go on.
      await timeline.sleep(3000);
      return kinesisVideo.remove(askedMs);
    }
    tally.set("retirement refused", (tally.get("retirement refused") ?? 0) + 1);
    await timeline.sleep(600_000);
  }
}

/** What somebody does to an entry: writes over it, makes it say that nothing is owed, or deletes it. */
function damage(bucket: World["bucket"], key: string, how: string): void {
  const object = bucket.objects.get(key);
  if (!object) return;
  if (how === "deleted") object.isDeleted = true;
  if (how === "garbage") bucket.put(key, Buffer.from("{ not what was written"), {}, undefined);
  // Someone's note among the entries says nothing that could be altered.
  if (how !== "altered" || !object.bytes.toString().startsWith('{"version"')) return;
  const entry = JSON.parse(object.bytes.toString());
  const lowWaterMs = entry.state.lowWaterMs + 3_600_000;
  const state = { ...entry.state, openPlans: [], books: {}, lowWaterMs };
  bucket.put(key, Buffer.from(JSON.stringify({ ...entry, state })), {}, undefined);
}

/** The faults that strike by themselves, not on a call. */
function befall({ bucket, calls, stepFunctions, tally }: World, fault: Fault): void {
  const keyOf = () => {
    const folder = bucket.folderNames(`ledger/${STREAM_NAME}/`).at(-1);
    return folder && bucket.firstKeys(`ledger/${STREAM_NAME}/${folder}/`, 1)[0];
  };
  if (fault.kind === "executionAborted" && calls.strikes(fault.kind)) stepFunctions.abortAll();
  if (fault.kind === "entryDamaged" && keyOf() && calls.strikes(fault.kind)) {
    damage(bucket, keyOf() ?? "", calls.random.pick(["garbage", "altered", "deleted"]));
  }
  if (fault.kind === "foreignObject" && keyOf() && calls.strikes(fault.kind)) {
    const folder = (keyOf() ?? "").replace(/[^/]*$/, "");
    const name = calls.random.pick(["000-read-me.txt", "999999999999.json.bak", "zzz", "000000000000.json"]);
    tally.set(`foreign ${name}`, 1);
    if (!bucket.objects.has(folder + name)) bucket.put(folder + name, Buffer.from("a note"), {}, undefined);
  }
}
