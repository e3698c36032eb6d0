import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { alertOn } from "./alerts";
import { assumedBy } from "./policies";
import type { FunctionSettings } from "./recorderFunction";
import { recorderWorkflow, type WorkflowCalls } from "./workflow";

export interface RecorderStateMachineArgs extends FunctionSettings {
  /** The functions that the workflow calls, by ARN. */
  functions: { [Name in Exclude<keyof WorkflowCalls, "partition">]: pulumi.Input<string> };
}

/** The workflow as it runs in Step Functions, with a role of its own, its log, its traces and an alarm on what fails. */
export class RecorderStateMachine extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: RecorderStateMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:RecorderStateMachine", name, {}, opts);
    const { functions, stack, tags } = args;
    const child = { parent: this };

    const { partition } = aws.getPartitionOutput({}, child);
    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      {
        // AWS lets log groups of this beginning in without listing them one by one, of which there may be no more than fit
        // into 5,120 characters (https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html).
        name: `/aws/vendedlogs/states/${stack}`,
        retentionInDays: args.logRetentionDays,
        kmsKeyId: args.keyArn,
        tags,
      },
      child,
    );
    const role = new aws.iam.Role(name, { assumeRolePolicy: assumedBy("states.amazonaws.com"), tags }, child);
    const mayRun = allow("", [
      { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: Object.values(functions) },
      // Neither the delivery of logs nor X-Ray knows resources
      // (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html).
      {
        Effect: "Allow",
        Action: [
          "logs:CreateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:DescribeLogGroups",
          "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:UpdateLogDelivery",
          "xray:GetSamplingRules",
          "xray:GetSamplingTargets",
          "xray:PutTelemetryRecords",
          "xray:PutTraceSegments",
        ],
        Resource: "*",
      },
    ]);
    const machine = new aws.sfn.StateMachine(
      name,
      {
        roleArn: role.arn,
        definition: pulumi
          .output({ ...functions, partition })
          .apply((calls) => JSON.stringify(recorderWorkflow(calls))),
        loggingConfiguration: {
          level: "ALL",
          includeExecutionData: true,
          logDestination: pulumi.interpolate`${logGroup.arn}:*`,
        },
        tracingConfiguration: { enabled: true },
        tags,
      },
      { ...child, dependsOn: mayRun },
    );
    // An execution hands over to a fresh one before its history is full.
    allow("-hand-over", [{ Effect: "Allow", Action: "states:StartExecution", Resource: machine.arn }]);
    alertOn(
      name,
      {
        ...args,
        kind: "failed",
        description: "A Recorder failed; Reconcile starts another where an alarm still rings",
        namespace: "AWS/States",
        metricName: "ExecutionsFailed",
        dimensions: { StateMachineArn: machine.arn },
      },
      child,
    );

    this.arn = machine.arn;
    this.registerOutputs({ arn: this.arn });

    function allow(suffix: string, Statement: object[]): aws.iam.RolePolicy {
      const policy = pulumi.jsonStringify({ Version: "2012-10-17", Statement });
      return new aws.iam.RolePolicy(
        `${name}${suffix}`,
        { name: `${name}${suffix}`, role: role.name, policy },
        child,
      );
    }
  }
}
