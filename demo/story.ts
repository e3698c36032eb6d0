import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { S3 } from "@aws-sdk/client-s3";
import { SFN } from "@aws-sdk/client-sfn";
import type { Cloud } from "../local/cloud";
import { clipKeys } from "./comparison";
import type { DemoStack } from "./stack";

/** Tells one thing that happened on a stream. */
export type Tell = (streamName: string, what: string) => void;

/** Prints what happens, in the cloud's time since now: `+02:31  gate    clip …`. */
export function makeTell(cloud: Cloud, streams: { name: string }[]): Tell {
  const startMs = cloud.clock.nowMs();
  const width = Math.max(...streams.map(({ name }) => name.length));
  return (streamName, what) => {
    const seconds = Math.floor((cloud.clock.nowMs() - startMs) / 1000);
    const at = `+${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
    console.log(`${at}  ${streamName.padEnd(width)}  ${what}`);
  };
}

/** What the watcher has seen so far. */
export interface Progress {
  /** Workflow executions that have begun, and those of them that have ended. */
  started: number;
  succeeded: number;
  failed: number;
  ringing: number;
}

/**
 * Looks at the stack as anyone would, through the AWS SDK, and tells of each alarm, workflow step and clip once.
 * @returns a look: call it again and again
 */
export function makeWatcher(cloud: Cloud, stack: DemoStack, tell: Tell): () => Promise<Progress> {
  const cloudWatch = new CloudWatch(cloud.clientConfig);
  const stepFunctions = new SFN(cloud.clientConfig);
  const s3 = new S3(cloud.clientConfig);
  const alarmStates = new Map<string, string>();
  const eventsSeen = new Map<string, number>();
  const clipsSeen = new Set<string>();

  async function lookAtAlarms(): Promise<number> {
    const { MetricAlarms = [] } = await cloudWatch.describeAlarms({ AlarmNamePrefix: `${stack.name}/` });
    for (const { AlarmName = "", StateValue = "" } of MetricAlarms) {
      const before = alarmStates.get(AlarmName) ?? "INSUFFICIENT_DATA";
      if (before !== StateValue)
        tell(AlarmName.slice(stack.name.length + 1), `alarm: ${before} -> ${StateValue}`);
      alarmStates.set(AlarmName, StateValue);
    }
    return MetricAlarms.filter(({ StateValue }) => StateValue === "ALARM").length;
  }

  async function lookAtWorkflow() {
    const { executions = [] } = await stepFunctions.listExecutions({ stateMachineArn: stack.workflow });
    for (const { executionArn = "" } of [...executions].reverse()) {
      const { events = [] } = await stepFunctions.getExecutionHistory({ executionArn, maxResults: 1000 });
      const input = JSON.parse(events[0]?.executionStartedEventDetails?.input ?? "{}");
      const streamName = String(input.detail?.alarmName ?? "").slice(stack.name.length + 1);
      for (const event of events.slice(eventsSeen.get(executionArn) ?? 0)) {
        if (event.stateEnteredEventDetails)
          tell(streamName, `workflow: ${event.stateEnteredEventDetails.name}`);
        if (event.taskFailedEventDetails)
          tell(streamName, `workflow: ${event.taskFailedEventDetails.error}, trying again`);
        if (event.executionFailedEventDetails)
          tell(streamName, `workflow failed: ${event.executionFailedEventDetails.cause}`);
      }
      eventsSeen.set(executionArn, events.length);
    }
    const inState = (state: string) => executions.filter(({ status }) => status === state).length;
    return {
      started: executions.length,
      succeeded: inState("SUCCEEDED"),
      failed: inState("FAILED") + inState("TIMED_OUT"),
    };
  }

  async function lookAtClips() {
    for (const { name } of stack.streams) {
      for (const key of await clipKeys(s3, stack.bucket, name)) {
        if (clipsSeen.has(key)) continue;
        clipsSeen.add(key);
        const { ContentLength = 0, Metadata = {} } = await s3.headObject({ Bucket: stack.bucket, Key: key });
        if (Metadata.decision === "void") continue;
        const [seconds, megabytes] = [Number(Metadata["duration-ms"]) / 1000, ContentLength / 1e6];
        tell(name, `clip: ${seconds.toFixed(1)} s, ${megabytes.toFixed(2)} MB, ${key}`);
      }
    }
  }

  return async () => {
    const ringing = await lookAtAlarms();
    const executions = await lookAtWorkflow();
    await lookAtClips();
    return { ringing, ...executions };
  };
}
