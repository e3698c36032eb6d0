/** The functions that the workflow calls, by ARN. */
export interface WorkflowFunctions {
  checkAlarmTag: string;
  checkAlarmState: string;
  archiveClip: string;
}

/** Seconds after the end of a cell of the grid when its last fragment is listed; as `planClips` in `archive/` has it. */
const SETTLE_SECONDS = 30;

const PAUSE_AFTER_FAILURE_SECONDS = 60;

/** Clips are cut on a grid of UTC: JSONata for the end of the cell that ends next, and the time for its last fragment. */
const NEXT_CLIP_DUE = [
  "($clipMs := $recording.clipSeconds * 1000",
  `$settleMs := ${SETTLE_SECONDS * 1000}`,
  "$nowMs := $toMillis($states.context.State.EnteredTime)",
  "$fromMillis(($floor(($nowMs - $settleMs) / $clipMs) + 1) * $clipMs + $settleMs))",
].join("; ");

/**
 * The workflow of the blog's figure 2, as an Amazon States Language definition in JSONata: is the alarm tagged, wait for
 * a clip, is the alarm still on, archive the clip, and again.
 */
export function recorderWorkflow(functions: WorkflowFunctions): object {
  return {
    Comment: "Records one stream while its alarm is on",
    QueryLanguage: "JSONata",
    StartAt: "CheckAlarmTag",
    States: {
      CheckAlarmTag: {
        ...callFunction(functions.checkAlarmTag, "{% $states.input %}"),
        Assign: { recording: "{% $states.result.Payload %}" },
        Next: "IsRecorded",
      },
      IsRecorded: {
        Type: "Choice",
        Choices: [{ Condition: "{% $recording.isRecorded %}", Next: "WaitForClip" }],
        Default: "Ignored",
      },
      Ignored: { Type: "Succeed" },
      WaitForClip: {
        Type: "Wait",
        Timestamp: `{% ${NEXT_CLIP_DUE} %}`,
        Next: "CheckAlarmState",
      },
      CheckAlarmState: {
        ...callFunction(functions.checkAlarmState, { alarmName: "{% $recording.alarmName %}" }),
        Assign: { isRecording: "{% $states.result.Payload.isRecording %}" },
        Next: "ArchiveClip",
        // Footage does not wait for CloudWatch: an alarm that cannot be read has not been seen to fall silent.
        Catch: [{ ErrorEquals: ["States.ALL"], Assign: { isRecording: true }, Next: "ArchiveClip" }],
      },
      ArchiveClip: {
        ...callFunction(functions.archiveClip, {
          streamName: "{% $recording.streamName %}",
          clipSeconds: "{% $recording.clipSeconds %}",
          now: "{% $states.context.State.EnteredTime %}",
          isRecording: "{% $isRecording %}",
        }),
        Assign: { hasBacklog: "{% $states.result.Payload.hasBacklog %}" },
        Next: "IsStillRecording",
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "PauseAfterFailure" }],
      },
      IsStillRecording: {
        Type: "Choice",
        Choices: [
          { Condition: "{% $hasBacklog %}", Next: "ArchiveClip" },
          { Condition: "{% $isRecording %}", Next: "WaitForClip" },
        ],
        Default: "RecordingArchived",
      },
      RecordingArchived: { Type: "Succeed" },
      // A failure that outlives its retries must not end the recording: the alarm rings once, so nobody would start anew.
      PauseAfterFailure: { Type: "Wait", Seconds: PAUSE_AFTER_FAILURE_SECONDS, Next: "CheckAlarmState" },
    },
  };
}

/**
 * A Task that calls a function and tries again on any error, throttling longer than others: the errors that Lambda's
 * own faults raise are many (https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html), and every
 * function here may be called twice.
 */
function callFunction(functionArn: string, payload: unknown): object {
  const backOff = { IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 60, JitterStrategy: "FULL" };
  return {
    Type: "Task",
    Resource: "arn:aws:states:::lambda:invoke",
    Arguments: { FunctionName: functionArn, Payload: payload },
    TimeoutSeconds: 960,
    Retry: [
      { ErrorEquals: ["Lambda.TooManyRequestsException"], ...backOff, MaxAttempts: 10 },
      { ErrorEquals: ["States.ALL"], ...backOff, MaxAttempts: 6 },
    ],
  };
}
