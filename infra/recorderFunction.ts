import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { alertOn } from "./alerts";
import type { DeadLetterQueue } from "./deadLetterQueue";
import { keyStatements } from "./encryption";
import { functionCode, HANDLER } from "./functionCode";
import { networkStatements, type VpcConfig } from "./network";
import { assumedBy } from "./policies";

/**
 * Garbage is collected after every megabyte of small objects instead of 16. A clip's bytes lie outside of the heap, but
 * each chunk of them is freed with its small object: they would pile up to most of a clip. It costs no time.
 */
const COLLECT_OFTEN = "--max-semi-space-size=1";

/** What all functions of a stack have in common. */
export interface FunctionSettings {
  /** `project/stack`: begins the names of alarms, and is the `stack` tag of what the stack owns. */
  stack: string;
  /** Who is told by alarms. */
  alertsTopicArn: pulumi.Input<string>;
  /** The customer key that encrypts their environment and logs; without it, keys of AWS. */
  keyArn?: pulumi.Input<string>;
  /** Where they run; without it, in no VPC. */
  vpcConfig?: VpcConfig;
  /** How many of a function may run at once, by the name of its handler's factory; those left out share the account's. */
  reservedConcurrency?: Record<string, number>;
  logRetentionDays: number;
  tags: Record<string, string>;
}

export interface RecorderFunctionArgs extends FunctionSettings {
  /** Makes the handler, once per sandbox. Pulumi serializes it into the function's archive. */
  handlerFactory: () => unknown;
  /** Statements of the function's own policy: what it calls, and nothing else. */
  statements: pulumi.Input<object>[];
  timeoutSeconds: number;
  memoryMb: number;
  environment?: Record<string, pulumi.Input<string>>;
  /** Of a function that is called asynchronously: where events go that it failed to handle three times. */
  deadLetters?: DeadLetterQueue;
  /** What is to be there as long as the function is. */
  dependsOn?: pulumi.Resource[];
}

/** One Lambda function, with a role of its own, a log group of stated retention, and alarms on its failures. */
export class RecorderFunction extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: RecorderFunctionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:RecorderFunction", name, {}, opts);
    const child = { parent: this };
    const { keyArn, vpcConfig, deadLetters, tags } = args;

    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      { retentionInDays: args.logRetentionDays, kmsKeyId: keyArn, tags },
      child,
    );
    const role = new aws.iam.Role(name, { assumeRolePolicy: assumedBy("lambda.amazonaws.com"), tags }, child);
    const writeLogs = {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: pulumi.interpolate`${logGroup.arn}:*`,
    };
    const trace = {
      Effect: "Allow",
      Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
      // The actions know no resources.
      Resource: "*",
    };
    // Its name is its own, so that a deployment that was cut off makes it once and not twice.
    const policy = new aws.iam.RolePolicy(
      name,
      {
        name,
        role: role.name,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            ...args.statements,
            writeLogs,
            trace,
            ...(deadLetters?.senderStatements ?? []),
            // Its environment.
            ...keyStatements(keyArn, ["kms:Decrypt"]),
            ...networkStatements(vpcConfig),
          ],
        }),
      },
      child,
    );
    const lambda = new aws.lambda.Function(
      name,
      {
        code: functionCode(args.handlerFactory),
        handler: HANDLER,
        runtime: "nodejs24.x",
        role: role.arn,
        timeout: args.timeoutSeconds,
        memorySize: args.memoryMb,
        environment: { variables: { ...args.environment, NODE_OPTIONS: COLLECT_OFTEN } },
        kmsKeyArn: keyArn,
        vpcConfig,
        loggingConfig: { logFormat: "Text", logGroup: logGroup.name },
        tracingConfig: { mode: "Active" },
        deadLetterConfig: deadLetters && { targetArn: deadLetters.arn },
        reservedConcurrentExecutions: args.reservedConcurrency?.[args.handlerFactory.name],
        tags,
      },
      { ...child, dependsOn: [policy, ...(args.dependsOn ?? [])] },
    );

    // One call that fails is made again; that many fail is for people to know.
    const failing = { namespace: "AWS/Lambda", periods: 3, breachingPeriods: 2 };
    const dimensions = { FunctionName: lambda.name };
    for (const [metricName, what] of [
      ["Errors", "fails"],
      ["Throttles", "is throttled"],
    ] as const) {
      const description = `The function ${name} ${what} again and again`;
      const kind = metricName.toLowerCase();
      alertOn(name, { ...args, ...failing, kind, description, metricName, dimensions }, child);
    }

    this.arn = lambda.arn;
    this.functionName = lambda.name;
    this.logGroupName = logGroup.name;
    this.registerOutputs({ arn: this.arn, functionName: this.functionName });
  }
}
