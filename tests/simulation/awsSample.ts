import * as crypto from "node:crypto";
import { serviceError } from "./models/calls";
import type { StateValue } from "./models/cloudWatch";
import type { Workflow } from "./models/stepFunctions";
import type { Subject, World } from "./world";

/** What the workflow of AWS's sample hands from state to state: the alarm's event, whose time is its cursor. */
interface Cursor {
  /** ISO 8601, in whole seconds: where the next clip begins. */
  time: string;
  isTagged?: boolean;
  isOn?: boolean;
}

/** `VideoArchiveLength` of the sample, in seconds. */
const CLIP_SECONDS = 180;

/**
 * The algorithm of the AWS sample that this project takes up
 * (https://github.com/aws-samples/sample-recording-video-streams-to-amazon-s3-using-amazon-kinesis-video-streams),
 * after its description: a rule without a filter starts the workflow on every change of the alarm; the time of that event
 * is the cursor; wait for a clip's length, GetClip by producer time from the cursor on, and the cursor moves whatever
 * comes of it; then again while the alarm is on. Four errors of Lambda are tried again, nothing is caught.
 * @param workSeconds what its two functions and their calls take per clip
 */
export const awsSample = (workSeconds: number): Subject => ({
  name: "the AWS sample",
  deploy(world) {
    const { lambda, stepFunctions, eventBridge, cloudWatch, timeline } = world;
    // At least 5 a minute.
    cloudWatch.alarm.threshold = 4;

    lambda.define("check-tags", {
      timeoutMs: 120_000,
      handler: (worker) => async (cursor: Cursor) => {
        const tags = await cloudWatch.readTags(worker);
        return { ...cursor, isTagged: tags.RepeatedAlarm === "True" };
      },
    });
    lambda.define("archive", {
      timeoutMs: 300_000,
      handler: (worker) => async (cursor: Cursor) => {
        const fromMs = Date.parse(cursor.time);
        const next = { ...cursor, time: inSeconds(fromMs + CLIP_SECONDS * 1000) };
        await timeline.sleep((workSeconds - 2) * 1000);
        try {
          const life = await world.kinesisVideo.current(worker);
          if (!life) throw serviceError("ResourceNotFoundException");
          const range = { fromMs, toMs: fromMs + CLIP_SECONDS * 1000 };
          const body = await world.kinesisVideo.clip(worker, life.arn, {
            by: "PRODUCER_TIMESTAMP",
            ...range,
          });
          const name = crypto.createHash("sha256").update(`${worker.id}`).digest("hex").slice(0, 8);
          await world.bucket.vaultFor(worker).putIfAbsent({
            key: `clips/${name}.mp4`,
            body,
            contentType: "video/mp4",
            metadata: {},
            tags: {},
          });
        } catch (error) {
          // The sample logs it and goes on.
          console.warn(String(error));
        }
        return next;
      },
    });
    lambda.define("check-alarm", {
      timeoutMs: 120_000,
      handler: (worker) => async (cursor: Cursor) => {
        await timeline.sleep(2000);
        return { ...cursor, isOn: (await cloudWatch.readState(worker)) === "ALARM" };
      },
    });
    stepFunctions.define(WORKFLOW);

    let changes = 0;
    cloudWatch.onChange((_: StateValue) => {
      const time = inSeconds(timeline.nowMs());
      eventBridge.deliver(() => {
        changes += 1;
        stepFunctions.start(`change-${changes}`, { time });
      });
    });
  },
});

const inSeconds = (ms: number) => new Date(Math.round(ms / 1000) * 1000).toISOString();

const call = (functionName: string, Next: string) => ({
  Type: "Task" as const,
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: functionName, Payload: "{% $states.input %}" },
  Output: "{% $states.result.Payload %}",
  Retry: [
    {
      ErrorEquals: [
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
      ],
      IntervalSeconds: 1,
      MaxAttempts: 3,
      BackoffRate: 2,
    },
  ],
  Next,
});

const WORKFLOW: Workflow = {
  StartAt: "CheckTags",
  States: {
    CheckTags: call("check-tags", "IsTagged"),
    IsTagged: {
      Type: "Choice",
      Choices: [{ Condition: "{% $states.input.isTagged %}", Next: "Wait" }],
      Default: "Done",
    },
    Wait: { Type: "Wait", Seconds: CLIP_SECONDS, Next: "Archive" },
    Archive: call("archive", "CheckAlarm"),
    CheckAlarm: call("check-alarm", "IsOn"),
    IsOn: {
      Type: "Choice",
      Choices: [{ Condition: "{% $states.input.isOn %}", Next: "Wait" }],
      Default: "Done",
    },
    Done: { Type: "Succeed" },
  },
};

/** What became of a world's footage, whoever recorded it. */
export interface Kept {
  persistedSeconds: number;
  lostSeconds: number;
  /** Footage that is stored again, in as many copies as there are beside the first. */
  copiedSeconds: number;
  /** Executions that ended otherwise than they were meant to. */
  deadWorkflows: number;
}

/** Counts what was persisted and what lies in the bucket. */
export function countKept({ kinesisVideo, bucket, stepFunctions, endMs }: World): Kept {
  const copies = new Map<string, number>();
  for (const [key, { bytes, metadata }] of bucket.objects) {
    if (!key.startsWith("clips/") || metadata.decision === "void") continue;
    for (const [, number = ""] of bytes.toString("latin1").matchAll(/frame 0 of (\d+);/g)) {
      copies.set(number, (copies.get(number) ?? 0) + 1);
    }
  }
  const kept: Kept = { persistedSeconds: 0, lostSeconds: 0, copiedSeconds: 0, deadWorkflows: 0 };
  for (const { fragments, deletedMs = endMs } of kinesisVideo.lives) {
    for (const { fragmentNumber, durationMs, persistedMs } of fragments) {
      if (persistedMs > deletedMs) continue;
      const count = copies.get(fragmentNumber) ?? 0;
      kept.persistedSeconds += durationMs / 1000;
      if (count === 0) kept.lostSeconds += durationMs / 1000;
      else kept.copiedSeconds += ((count - 1) * durationMs) / 1000;
    }
  }
  for (const { status } of stepFunctions.executions.values()) {
    if (status === "FAILED" || status === "ABORTED") kept.deadWorkflows += 1;
  }
  return kept;
}
