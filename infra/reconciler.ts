import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { reconcile } from "../handlers/reconcile";
import { reconcileStream } from "../handlers/reconcileStream";
import { alertOn } from "./alerts";
import { type ArchiveAddress, archiverEnvironment } from "./archiveAddress";
import { DeadLetterQueue } from "./deadLetterQueue";
import { archiverStatements, makeArn } from "./policies";
import { type FunctionSettings, RecorderFunction } from "./recorderFunction";

export interface ReconcilerArgs extends FunctionSettings {
  archive: ArchiveAddress;
  /** The Recorder's workflow, which is started where an alarm rings and nobody records. */
  workflowArn: pulumi.Input<string>;
  /** How often every stream is looked at. */
  everyMinutes: number;
  /** How many streams there are to look at. */
  streamCount: number;
}

/** Looks at every stream of the stack on a schedule, so that what no alarm heard is archived too. */
export class Reconciler extends pulumi.ComponentResource {
  /** The function that looks at one stream. */
  readonly streamFunctionArn: pulumi.Output<string>;
  readonly functions: RecorderFunction[];
  readonly deadLetters: DeadLetterQueue;

  constructor(name: string, args: ReconcilerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Reconciler", name, {}, opts);
    const { archive, workflowArn, everyMinutes, streamCount, ...common } = args;
    const { stack, tags } = common;
    const child = { parent: this };

    const arn = makeArn(child);

    const rule = new aws.cloudwatch.EventRule(
      name,
      {
        description: `Every stream of ${stack} is looked at, whether or not an alarm rang`,
        scheduleExpression: `rate(${everyMinutes} ${everyMinutes === 1 ? "minute" : "minutes"})`,
        tags,
      },
      child,
    );
    const deadLetters = new DeadLetterQueue(
      `${name}-dead-letters`,
      { ...common, service: "events.amazonaws.com", sourceArns: [rule.arn] },
      child,
    );
    const perStream = new RecorderFunction(
      `${name}-stream`,
      {
        handlerFactory: reconcileStream,
        statements: [
          ...archiverStatements({ archive, stack, arn, folders: ["claims", "sweeps"] }),
          {
            Effect: "Allow",
            Action: "cloudwatch:PutMetricData",
            // The action knows no resources.
            Resource: "*",
            Condition: { StringEquals: { "cloudwatch:namespace": "lastframe" } },
          },
          { Effect: "Allow", Action: "states:StartExecution", Resource: workflowArn },
        ],
        environment: { ...archiverEnvironment(archive, common), WORKFLOW_ARN: workflowArn },
        timeoutSeconds: 900,
        // As ArchiveClip: the media of one plan, and room to work.
        memoryMb: 512,
        deadLetters,
        ...common,
      },
      child,
    );
    const dispatcher = new RecorderFunction(
      name,
      {
        handlerFactory: reconcile,
        statements: [
          // A search by prefix is asked of all alarms.
          { Effect: "Allow", Action: "cloudwatch:DescribeAlarms", Resource: arn("cloudwatch", "alarm:*") },
          {
            Effect: "Allow",
            Action: "cloudwatch:ListTagsForResource",
            Resource: arn("cloudwatch", `alarm:${stack}/*`),
          },
          { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: perStream.arn },
        ],
        environment: {
          ALARM_PREFIX: `${stack}/`,
          STREAM_COUNT: String(streamCount),
          STREAM_FUNCTION: perStream.arn,
        },
        timeoutSeconds: 300,
        memoryMb: 256,
        deadLetters,
        ...common,
      },
      child,
    );
    const mayCall = new aws.lambda.Permission(
      name,
      {
        action: "lambda:InvokeFunction",
        function: dispatcher.arn,
        principal: "events.amazonaws.com",
        sourceArn: rule.arn,
      },
      child,
    );
    new aws.cloudwatch.EventTarget(
      name,
      { rule: rule.name, targetId: name, arn: dispatcher.arn, deadLetterConfig: { arn: deadLetters.arn } },
      { ...child, dependsOn: mayCall },
    );
    alertOn(
      name,
      {
        ...common,
        kind: "silent",
        description: "Nobody looks at the streams any more: what no alarm hears is not archived",
        namespace: "AWS/Lambda",
        metricName: "Invocations",
        dimensions: { FunctionName: dispatcher.functionName },
        ringsBelow: true,
        silence: "rings",
        periodSeconds: everyMinutes * 60,
        // One that runs a little late must ring no alarm.
        periods: 2,
      },
      child,
    );
    this.streamFunctionArn = perStream.arn;
    this.functions = [dispatcher, perStream];
    this.deadLetters = deadLetters;
    this.registerOutputs({ streamFunctionArn: this.streamFunctionArn });
  }
}
