/** What the workflow calls: its functions by ARN, in a partition of AWS. */
export interface WorkflowCalls {
  partition: string;
  checkAlarmTag: string;
  checkAlarmState: string;
  archiveClip: string;
}

/** Seconds after the end of a cell of the grid when its last fragment is listed; as `planClips` in `archive/` has it. */
const SETTLE_SECONDS = 30;

const BACK_OFF = { IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 60, JitterStrategy: "FULL" };

/**
 * Rounds after which an execution hands over to a fresh one. Its history may hold 25,000 events, then it fails
 * (https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html); a round takes 16, and at worst, when
 * both functions use up their tries, 112.
 */
const ROUNDS_PER_EXECUTION = 200;

/** Clips are cut on a grid of UTC: JSONata for the end of the cell that ends next, and the time for its last fragment. */
const NEXT_CLIP_DUE = [
  "($clipMs := $recording.clipSeconds * 1000",
  `$settleMs := ${SETTLE_SECONDS * 1000}`,
  "$nowMs := $toMillis($states.context.State.EnteredTime)",
  "$fromMillis(($floor(($nowMs - $settleMs) / $clipMs) + 1) * $clipMs + $settleMs))",
].join("; ");

/**
 * The workflow of the blog's figure 2, as an Amazon States Language definition in JSONata: is the alarm tagged, wait for
 * a clip, is the alarm still on, archive the clip, and again. It ends when the alarm is silent and nothing is owed.
 */
export function recorderWorkflow(calls: WorkflowCalls): object {
  return {
    Comment: "Records one stream while its alarm is on",
    QueryLanguage: "JSONata",
    StartAt: "CheckAlarmTag",
    States: {
      CheckAlarmTag: {
        ...callFunction(calls.checkAlarmTag, "{% $states.input %}"),
        Assign: { recording: "{% $states.result.Payload %}", rounds: 0 },
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
        ...callFunction(calls.checkAlarmState, { alarmName: "{% $recording.alarmName %}" }),
        Assign: { isRecording: "{% $states.result.Payload.isRecording %}" },
        Next: "ArchiveClip",
        // Footage does not wait for CloudWatch: an alarm that cannot be read has not been seen to fall silent.
        Catch: [{ ErrorEquals: ["States.ALL"], Assign: { isRecording: true }, Next: "ArchiveClip" }],
      },
      ArchiveClip: {
        ...callFunction(calls.archiveClip, {
          streamName: "{% $recording.streamName %}",
          clipSeconds: "{% $recording.clipSeconds %}",
          now: "{% $states.context.State.EnteredTime %}",
        }),
        Assign: {
          hasBacklog: "{% $states.result.Payload.hasBacklog %}",
          isDrained: "{% $states.result.Payload.isDrained %}",
          rounds: "{% $rounds + 1 %}",
        },
        Next: "IsStillRecording",
        // What outlives the retries must not end the recording: the alarm rings once, and nobody would start anew.
        Catch: [
          {
            ErrorEquals: ["States.ALL"],
            Assign: { hasBacklog: false, isDrained: false, rounds: "{% $rounds + 1 %}" },
            Next: "IsStillRecording",
          },
        ],
      },
      IsStillRecording: {
        Type: "Choice",
        Choices: [
          // The last partial clip is owed until its cell ends.
          { Condition: "{% $not($isRecording) and $isDrained %}", Next: "RecordingArchived" },
          { Condition: `{% $rounds >= ${ROUNDS_PER_EXECUTION} %}`, Next: "HandOver" },
          { Condition: "{% $hasBacklog %}", Next: "ArchiveClip" },
        ],
        Default: "WaitForClip",
      },
      RecordingArchived: { Type: "Succeed" },
      HandOver: {
        Type: "Task",
        Resource: `arn:${calls.partition}:states:::states:startExecution`,
        Arguments: {
          StateMachineArn: "{% $states.context.StateMachine.Id %}",
          Input: "{% $states.context.Execution.Input %}",
        },
        TimeoutSeconds: 60,
        Next: "HandedOver",
        Retry: [{ ErrorEquals: ["States.ALL"], ...BACK_OFF, MaxAttempts: 6 }],
        // Nobody took over: go on here, and offer it again after the next round.
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "WaitForClip" }],
      },
      HandedOver: { Type: "Succeed" },
    },
  };

  /**
   * A Task that calls a function and tries again on any error, throttling longer than others: the errors that Lambda's
   * own faults raise are many (https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html), and every
   * function here may be called twice.
   */
  function callFunction(functionArn: string, payload: unknown): object {
    return {
      Type: "Task",
      Resource: `arn:${calls.partition}:states:::lambda:invoke`,
      Arguments: { FunctionName: functionArn, Payload: payload },
      TimeoutSeconds: 960,
      Retry: [
        { ErrorEquals: ["Lambda.TooManyRequestsException"], ...BACK_OFF, MaxAttempts: 10 },
        { ErrorEquals: ["States.ALL"], ...BACK_OFF, MaxAttempts: 6 },
      ],
    };
  }
}
