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
 * The workflow of the blog's figure 2, as an Amazon States Language definition in JSONata: is the alarm tagged and does
 * nobody record yet, wait for a clip, is the alarm still on, archive the clip, and again. It ends when the alarm is
 * silent, everything listed is archived and the recording is closed.
 */
export function recorderWorkflow(calls: WorkflowCalls): object {
  const now = "{% $states.context.State.EnteredTime %}";
  const execution = "{% $states.context.Execution.Name %}";
  const whatWasDone = ["hasBacklog", "isDuplicate", "isDone", "successor"];
  return {
    Comment: "Records one stream while its alarm is on",
    QueryLanguage: "JSONata",
    StartAt: "CheckAlarmTag",
    States: {
      CheckAlarmTag: {
        // The alarm rings once: it is asked for a quarter of an hour, after which Reconcile comes by.
        ...callFunction(
          calls.checkAlarmTag,
          { event: "{% $states.context.Execution.Input %}", execution, now },
          { maxAttempts: 30 },
        ),
        Assign: { recording: "{% $states.result.Payload %}", rounds: 0 },
        Next: "IsRecorded",
      },
      IsRecorded: {
        Type: "Choice",
        Choices: [
          { Condition: "{% $not($recording.isRecorded) %}", Next: "Ignored" },
          { Condition: "{% $recording.isDuplicate %}", Next: "Duplicate" },
        ],
        Default: "WaitForClip",
      },
      Ignored: { Type: "Succeed" },
      Duplicate: { Type: "Succeed" },
      WaitForClip: {
        Type: "Wait",
        Timestamp: `{% ${NEXT_CLIP_DUE} %}`,
        Next: "CheckAlarmState",
      },
      CheckAlarmState: {
        ...callFunction(calls.checkAlarmState, { alarmName: "{% $recording.alarmName %}" }),
        Assign: { isAlarmOn: "{% $states.result.Payload.isRecording %}" },
        Next: "ArchiveClip",
        // Footage does not wait for CloudWatch: an alarm that cannot be read has not been seen to fall silent.
        Catch: [{ ErrorEquals: ["States.ALL"], Assign: { isAlarmOn: true }, Next: "ArchiveClip" }],
      },
      ArchiveClip: {
        ...callFunction(calls.archiveClip, {
          streamName: "{% $recording.streamName %}",
          clipSeconds: "{% $recording.clipSeconds %}",
          now,
          execution,
          isAlarmOn: "{% $isAlarmOn %}",
          handsOver: `{% $rounds >= ${ROUNDS_PER_EXECUTION} %}`,
        }),
        Assign: {
          ...Object.fromEntries(whatWasDone.map((name) => [name, `{% $states.result.Payload.${name} %}`])),
          rounds: "{% $rounds + 1 %}",
        },
        Next: "IsStillRecording",
        // What outlives the retries must not end the recording: the alarm rings once, and nobody would start anew.
        Catch: [
          {
            ErrorEquals: ["States.ALL"],
            Assign: { rounds: "{% $rounds + 1 %}" },
            Next: "WaitForClip",
          },
        ],
      },
      IsStillRecording: {
        Type: "Choice",
        Choices: [
          { Condition: "{% $isDuplicate %}", Next: "Duplicate" },
          { Condition: '{% $successor != "" %}', Next: "HandOver" },
          { Condition: "{% $isDone %}", Next: "CheckAlarmAgain" },
          { Condition: "{% $hasBacklog %}", Next: "ArchiveClip" },
        ],
        Default: "WaitForClip",
      },
      // The alarm may have rung between its check and the release of the claim, and been heard as a duplicate.
      CheckAlarmAgain: {
        ...callFunction(calls.checkAlarmState, { alarmName: "{% $recording.alarmName %}" }),
        Assign: { isAlarmOn: "{% $states.result.Payload.isRecording %}" },
        Next: "IsSilent",
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "CheckAlarmTag" }],
      },
      IsSilent: {
        Type: "Choice",
        Choices: [{ Condition: "{% $isAlarmOn %}", Next: "CheckAlarmTag" }],
        Default: "RecordingArchived",
      },
      RecordingArchived: { Type: "Succeed" },
      // Its name is in the claim already, so whoever starts it, and however often, there is one.
      HandOver: {
        Type: "Task",
        Resource: `arn:${calls.partition}:states:::states:startExecution`,
        Arguments: {
          StateMachineArn: "{% $states.context.StateMachine.Id %}",
          Name: "{% $successor %}",
          Input: "{% $states.context.Execution.Input %}",
        },
        TimeoutSeconds: 60,
        Next: "HandedOver",
        Retry: [{ ErrorEquals: ["States.ALL"], ...BACK_OFF, MaxAttempts: 12 }],
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "HandOverFailed" }],
      },
      HandedOver: { Type: "Succeed" },
      HandOverFailed: {
        Type: "Fail",
        Error: "HandOverFailed",
        Cause: "The execution that was to take over could not be started; Reconcile starts it",
      },
    },
  };

  /**
   * A Task that calls a function and tries again on any error, throttling longer than others: the errors that Lambda's
   * own faults raise are many (https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html), and every
   * function here may be called twice.
   */
  function callFunction(functionArn: string, payload: unknown, { maxAttempts = 6 } = {}): object {
    return {
      Type: "Task",
      Resource: `arn:${calls.partition}:states:::lambda:invoke`,
      Arguments: { FunctionName: functionArn, Payload: payload },
      TimeoutSeconds: 960,
      Retry: [
        { ErrorEquals: ["Lambda.TooManyRequestsException"], ...BACK_OFF, MaxAttempts: maxAttempts + 4 },
        { ErrorEquals: ["States.ALL"], ...BACK_OFF, MaxAttempts: maxAttempts },
      ],
    };
  }
}
