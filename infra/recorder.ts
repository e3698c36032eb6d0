import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { archiveClip } from "../handlers/archiveClip";
import { checkAlarmState } from "../handlers/checkAlarmState";
import { checkAlarmTag } from "../handlers/checkAlarmTag";
import { type ArchiveAddress, archiveEnvironment, archiveStatements } from "./archiveAddress";
import { queueEncryption } from "./encryption";
import { archiverStatements, assumedBy, makeArn } from "./policies";
import { type FunctionSettings, RecorderFunction } from "./recorderFunction";
import { recorderWorkflow } from "./workflow";

export interface RecorderArgs extends FunctionSettings {
  archive: ArchiveAddress;
  /** `project/stack`: begins the names of this stack's alarms and is the `stack` tag of what it owns. */
  stack: string;
}

/**
 * What turns a ringing alarm into clips: the EventBridge rule, the Step Functions workflow and its three functions. One
 * serves all streams of a stack.
 */
export class Recorder extends pulumi.ComponentResource {
  readonly workflowArn: pulumi.Output<string>;

  constructor(name: string, args: RecorderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Recorder", name, {}, opts);
    const { archive, stack, ...common } = args;
    const { keyArn, tags } = common;
    const child = { parent: this };

    const { partition } = aws.getPartitionOutput({}, child);
    const arn = makeArn(child);
    const alarms = arn("cloudwatch", `alarm:${stack}/*`);

    const functions = createFunctions();
    const workflow = createWorkflow();
    createRule();

    this.workflowArn = workflow.arn;
    this.registerOutputs({ workflowArn: this.workflowArn });

    function createFunctions() {
      const checkTag = new RecorderFunction(
        `${name}-check-alarm-tag`,
        {
          ...common,
          handlerFactory: checkAlarmTag,
          statements: [
            { Effect: "Allow", Action: "cloudwatch:ListTagsForResource", Resource: alarms },
            ...archiveStatements(archive, ["claims"], ["s3:GetObject", "s3:PutObject"]),
          ],
          environment: archiveEnvironment(archive),
          timeoutSeconds: 30,
          memoryMb: 256,
        },
        child,
      );
      const checkState = new RecorderFunction(
        `${name}-check-alarm-state`,
        {
          ...common,
          handlerFactory: checkAlarmState,
          statements: [{ Effect: "Allow", Action: "cloudwatch:DescribeAlarms", Resource: alarms }],
          timeoutSeconds: 30,
          memoryMb: 256,
        },
        child,
      );
      const archiver = new RecorderFunction(
        `${name}-archive-clip`,
        {
          ...common,
          handlerFactory: archiveClip,
          statements: archiverStatements({ archive, stack, arn, folders: ["claims"] }),
          environment: { ...archiveEnvironment(archive), STACK: stack },
          // Lambda's longest; the function itself stops at half of it.
          timeoutSeconds: 900,
          // Holds the media of one plan when GetClip refuses it: 95 MB, and room to work.
          memoryMb: 512,
        },
        child,
      );
      return { checkAlarmTag: checkTag.arn, checkAlarmState: checkState.arn, archiveClip: archiver.arn };
    }

    function createWorkflow() {
      const role = new aws.iam.Role(
        `${name}-workflow`,
        { assumeRolePolicy: assumedBy("states.amazonaws.com"), tags },
        child,
      );
      const mayInvoke = new aws.iam.RolePolicy(
        `${name}-workflow`,
        {
          role: role.name,
          policy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [
              { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: Object.values(functions) },
            ],
          }),
        },
        child,
      );
      const machine = new aws.sfn.StateMachine(
        name,
        {
          roleArn: role.arn,
          definition: pulumi
            .output({ ...functions, partition })
            .apply((calls) => JSON.stringify(recorderWorkflow(calls))),
          tags,
        },
        { ...child, dependsOn: mayInvoke },
      );
      // An execution hands over to a fresh one before its history is full.
      new aws.iam.RolePolicy(
        `${name}-hand-over`,
        {
          role: role.name,
          policy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Action: "states:StartExecution", Resource: machine.arn }],
          }),
        },
        child,
      );
      return machine;
    }

    function createRule() {
      const deadLetters = new aws.sqs.Queue(
        `${name}-dead-letters`,
        { messageRetentionSeconds: 14 * 24 * 3600, ...queueEncryption(keyArn), tags },
        child,
      );
      const rule = new aws.cloudwatch.EventRule(
        name,
        {
          description: `Alarms of ${stack} that begin to ring`,
          eventPattern: JSON.stringify({
            source: ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            // The slash keeps a stack called derby from hearing derby2.
            detail: { alarmName: [{ prefix: `${stack}/` }], state: { value: ["ALARM"] } },
          }),
          tags,
        },
        child,
      );
      const mayReceive = new aws.sqs.QueuePolicy(
        `${name}-dead-letters`,
        {
          queueUrl: deadLetters.url,
          policy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [
              {
                Effect: "Allow",
                Principal: { Service: "events.amazonaws.com" },
                Action: "sqs:SendMessage",
                Resource: deadLetters.arn,
                Condition: { ArnEquals: { "aws:SourceArn": rule.arn } },
              },
            ],
          }),
        },
        child,
      );
      const role = new aws.iam.Role(
        `${name}-rule`,
        { assumeRolePolicy: assumedBy("events.amazonaws.com"), tags },
        child,
      );
      const mayStart = new aws.iam.RolePolicy(
        `${name}-rule`,
        {
          role: role.name,
          policy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Action: "states:StartExecution", Resource: workflow.arn }],
          }),
        },
        child,
      );
      new aws.cloudwatch.EventTarget(
        name,
        {
          rule: rule.name,
          arn: workflow.arn,
          roleArn: role.arn,
          deadLetterConfig: { arn: deadLetters.arn },
        },
        { ...child, dependsOn: [mayStart, mayReceive] },
      );
    }
  }
}
