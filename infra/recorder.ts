import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { archiveClip } from "../handlers/archiveClip";
import { checkAlarmState } from "../handlers/checkAlarmState";
import { checkAlarmTag } from "../handlers/checkAlarmTag";
import {
  type ArchiveAddress,
  archiveEnvironment,
  archiverEnvironment,
  archiveStatements,
} from "./archiveAddress";
import { DeadLetterQueue } from "./deadLetterQueue";
import { archiverStatements, assumedBy, makeArn } from "./policies";
import { type FunctionSettings, RecorderFunction } from "./recorderFunction";
import { RecorderStateMachine } from "./recorderStateMachine";

export interface RecorderArgs extends FunctionSettings {
  archive: ArchiveAddress;
}

/**
 * What turns a ringing alarm into clips: the EventBridge rule, the Step Functions workflow and its three functions. One
 * serves all streams of a stack.
 */
export class Recorder extends pulumi.ComponentResource {
  readonly workflowArn: pulumi.Output<string>;
  readonly functions: RecorderFunction[];
  readonly deadLetters: DeadLetterQueue;

  constructor(name: string, args: RecorderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Recorder", name, {}, opts);
    const { archive, ...common } = args;
    const { stack, tags } = common;
    const child = { parent: this };

    const arn = makeArn(child);
    const alarms = arn("cloudwatch", `alarm:${stack}/*`);

    const functions = createFunctions();
    const workflow = new RecorderStateMachine(
      `${name}-workflow`,
      {
        ...common,
        functions: {
          checkAlarmTag: functions.checkTag.arn,
          checkAlarmState: functions.checkState.arn,
          archiveClip: functions.archiver.arn,
        },
      },
      child,
    );

    this.workflowArn = workflow.arn;
    this.functions = Object.values(functions);
    this.deadLetters = createRule();
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
          environment: archiverEnvironment(archive, common),
          // Lambda's longest; the function itself stops at half of it.
          timeoutSeconds: 900,
          // Holds the media of one plan when GetClip refuses it: 95 MB, and room to work.
          memoryMb: 512,
        },
        child,
      );
      return { checkTag, checkState, archiver };
    }

    function createRule() {
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
      const deadLetters = new DeadLetterQueue(
        `${name}-dead-letters`,
        { ...common, service: "events.amazonaws.com", sourceArns: [rule.arn] },
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
          name: `${name}-rule`,
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
          targetId: name,
          arn: workflow.arn,
          roleArn: role.arn,
          deadLetterConfig: { arn: deadLetters.arn },
        },
        { ...child, dependsOn: mayStart },
      );
      return deadLetters;
    }
  }
}
