import { type ClaimTarget, changeClaim, isFree, successorName } from "../archive/claim";
import type { StartExecution } from "./ports/workflow";

/** A stream as its alarm knows it. */
export interface AlarmedStream {
  streamName: string;
  clipSeconds: number;
  alarmName: string;
  alarmArn: string;
}

/**
 * Starts a Recorder for a stream that nobody records, other than by its alarm. Its name is written into the claim first,
 * so that whoever else finds the stream unrecorded starts the same one or none.
 */
export async function startRecorder(
  startExecution: StartExecution,
  { vault, prefix, nowMs }: Omit<ClaimTarget, "streamName">,
  { streamName, clipSeconds, alarmName, alarmArn }: AlarmedStream,
): Promise<void> {
  let named: string | undefined;
  const taken = await changeClaim({ vault, prefix, streamName, nowMs }, (claim) => {
    // One that was claimed by name may have died before it was started; starting it again harms nobody.
    const own = successorName(streamName, { ...claim, generation: claim.generation - 1 });
    named = claim.holder === own ? own : undefined;
    return isFree(claim, nowMs, clipSeconds * 1000) ? successorName(streamName, claim) : undefined;
  });
  const name = taken?.holder ?? named;
  if (!name) return;
  // What CheckAlarmTag reads of an alarm's event.
  const metrics = [{ metricStat: { metric: { dimensions: { StreamName: streamName } } } }];
  await startExecution(name, {
    resources: [alarmArn],
    detail: { alarmName, configuration: { metrics } },
  });
}
