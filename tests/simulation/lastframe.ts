import type { ArchiveEvent } from "../../archive/events";
import type { FragmentSource } from "../../archive/ports";
import { makeArchiveClip } from "../../handlers/archiveClip";
import { makeCheckAlarmState } from "../../handlers/checkAlarmState";
import { makeCheckAlarmTag } from "../../handlers/checkAlarmTag";
import { type DrainRequest, makeDrain } from "../../handlers/drain";
import { makeReconcile } from "../../handlers/reconcile";
import { makeReconcileStream } from "../../handlers/reconcileStream";
import { recorderWorkflow } from "../../infra/workflow";
import { serviceError, type Worker } from "./models/calls";
import { type Life, STREAM_NAME } from "./models/kinesisVideo";
import type { Workflow } from "./models/stepFunctions";
import type { Subject, World } from "./world";

const STACK = "lastframe/dev";
const ALARM_NAME = `${STACK}/${STREAM_NAME}`;
const ALARM_ARN = `arn:aws:cloudwatch:us-east-1:123456789012:alarm:${ALARM_NAME}`;

/** The product: handlers, archive and workflow as they are, with the models in the place of AWS's clients. */
export const lastframe: Subject = {
  name: "lastframe",
  deploy(world) {
    const { lambda, stepFunctions, eventBridge, cloudWatch, scheduleMs } = world;
    const common = { prefix: "", stack: STACK, announce: announceTo(world) };

    lambda.define("check-alarm-tag", {
      timeoutMs: 30_000,
      handler: (worker) =>
        makeCheckAlarmTag({
          readTags: () => cloudWatch.readTags(worker),
          vault: world.bucket.vaultFor(worker),
          prefix: "",
        }),
    });
    lambda.define("check-alarm-state", {
      timeoutMs: 30_000,
      handler: (worker) => makeCheckAlarmState({ readState: () => cloudWatch.readState(worker) }),
    });
    lambda.define("archive-clip", {
      timeoutMs: 900_000,
      handler: (worker) =>
        makeArchiveClip({
          ...common,
          openStream: () => openStream(world, worker),
          vault: world.bucket.vaultFor(worker),
        }),
    });
    lambda.define("reconcile-stream", {
      timeoutMs: 900_000,
      handler: (worker) =>
        makeReconcileStream({
          ...common,
          openStream: () => openStream(world, worker),
          deletedAsOf: (streamArn) => deletedAsOf(world, worker, streamArn),
          vault: world.bucket.vaultFor(worker),
          putAge: async ({ usedPercent }) =>
            cloudWatch.putMetric(worker, "UnarchivedAgeOfRetention", usedPercent),
          startExecution: (name, input) => startExecution(world, worker, name, input),
        }),
    });
    lambda.define("drain", {
      timeoutMs: 900_000,
      handler: (worker) =>
        makeDrain({
          ...common,
          openStream: () => openStream(world, worker),
          deletedAsOf: (streamArn) => deletedAsOf(world, worker, streamArn),
          setClosed: (streamArn, isClosed) => world.kinesisVideo.setClosed(worker, streamArn, isClosed),
          setRetention: async () => undefined,
          vault: world.bucket.vaultFor(worker),
          askTime: () => world.calls.call(worker, world.timeline.nowMs, ["unavailable"]),
          pause: world.timeline.sleep,
        }),
    });
    lambda.define("reconcile", {
      timeoutMs: 300_000,
      handler: (worker) =>
        makeReconcile({
          async *listAlarms() {
            yield {
              AlarmName: ALARM_NAME,
              AlarmArn: ALARM_ARN,
              Dimensions: [{ Name: "StreamName", Value: STREAM_NAME }],
              StateValue: await cloudWatch.readState(worker),
            };
          },
          readTags: () => cloudWatch.readTags(worker),
          streamCount: 1,
          start: (request) =>
            world.calls.call(worker, () => lambda.invokeLater("reconcile-stream", request), [
              "unavailable",
              "functionThrottled",
            ]),
        }),
    });
    stepFunctions.define(
      recorderWorkflow({
        partition: "aws",
        checkAlarmTag: "check-alarm-tag",
        checkAlarmState: "check-alarm-state",
        archiveClip: "archive-clip",
      }) as Workflow,
    );

    let rings = 0;
    cloudWatch.onChange((state) => {
      // The rule's pattern: into ALARM.
      if (state !== "ALARM") return;
      eventBridge.deliver(() => {
        rings += 1;
        stepFunctions.start(`rule-${rings}`, ALARM_EVENT);
      });
    });
    eventBridge.schedule(scheduleMs, (event) => lambda.invokeLater("reconcile", event));
  },
  async mayRetire({ lambda, history, cloudWatch }) {
    const request: DrainRequest = {
      streamName: STREAM_NAME,
      clipSeconds: Number(cloudWatch.alarm.tags.ClipSeconds),
      retentionHours: history.retentionHours,
      abandons: false,
      tf: { action: "delete" },
    };
    const answer = await lambda.invoke("drain", request).catch((error: Error) => ({ errorType: error.name }));
    return !("errorType" in answer);
  },
};

const ALARM_EVENT = {
  resources: [ALARM_ARN],
  detail: {
    alarmName: ALARM_NAME,
    configuration: { metrics: [{ metricStat: { metric: { dimensions: { StreamName: STREAM_NAME } } } }] },
  },
};

/** As `handlers/ports/kinesisVideo.ts`: described once by name, then asked by the ARN of that life. */
function openStream({ kinesisVideo, timeline, history, tally }: World, worker: Worker): FragmentSource {
  let life: Life | undefined;
  const described = async () => {
    life ??= await kinesisVideo.current(worker);
    if (!life) throw serviceError("ResourceNotFoundException", "no such stream");
    return life;
  };
  return {
    describe: async () => {
      const { arn, createdMs } = await described();
      return { streamName: STREAM_NAME, streamArn: arn, createdMs, retentionHours: history.retentionHours };
    },
    list: async ({ fromMs, toMs }, most) => {
      const listed = await kinesisVideo.list(worker, (await described()).arn, fromMs, toMs);
      const limit = most && (history.behaviours.listsAtMost ?? most);
      const isCut = limit !== undefined && listed.length > limit;
      if (isCut) tally.set("listing cut", (tally.get("listing cut") ?? 0) + 1);
      const shown = isCut ? listed.slice(0, limit) : listed;
      const fragments = shown.map(({ fragmentNumber, serverMs, producerMs, durationMs, sizeBytes }) => ({
        fragmentNumber,
        serverMs,
        producerMs,
        durationMs,
        sizeBytes,
      }));
      const answeredMs = Math.max(toMs, timeline.nowMs() + history.clocksAheadMs.lambda);
      return isCut ? { fragments, answeredMs, isCut } : { fragments, answeredMs };
    },
    clip: async ({ fromMs, toMs }) =>
      kinesisVideo.clip(worker, (await described()).arn, { by: "SERVER_TIMESTAMP", fromMs, toMs }),
    media: async (numbers) => kinesisVideo.media(worker, (await described()).arn, numbers),
  };
}

async function deletedAsOf(
  { kinesisVideo, timeline, history }: World,
  worker: Worker,
  streamArn: string,
): Promise<number | undefined> {
  const isDeleted = await kinesisVideo.isDeleted(worker, streamArn);
  return isDeleted ? timeline.nowMs() + history.clocksAheadMs.lambda : undefined;
}

/** As `handlers/ports/eventBus.ts`: what cannot be put is not thrown. */
function announceTo({ eventBridge, timeline, calls }: World) {
  return async (_: object, { type, detail }: ArchiveEvent): Promise<void> => {
    if (calls.strikes("unavailable") || calls.strikes("eventLost")) return;
    eventBridge.heard.push({ atMs: timeline.nowMs(), type, detail });
  };
}

function startExecution(
  { calls, stepFunctions }: World,
  worker: Worker,
  name: string,
  input: object,
): Promise<void> {
  const start = () => {
    try {
      stepFunctions.start(name, input);
    } catch (error) {
      // Whoever started it under this name did what was to be done.
      if ((error as Error).name !== "ExecutionAlreadyExists") throw error;
    }
  };
  return calls.call(worker, start, ["unavailable"]);
}
