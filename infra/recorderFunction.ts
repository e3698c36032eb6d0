import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { keyStatements } from "./encryption";
import { functionCode, HANDLER } from "./functionCode";
import { networkStatements, type VpcConfig } from "./network";
import { assumedBy } from "./policies";

/** What all functions of a stack have in common. */
export interface FunctionSettings {
  /** The customer key that encrypts their environment and logs; without it, keys of AWS. */
  keyArn?: pulumi.Input<string>;
  /** Where they run; without it, in no VPC. */
  vpcConfig?: VpcConfig;
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
  /** What is to be there as long as the function is. */
  dependsOn?: pulumi.Resource[];
}

/** One Lambda function of the workflow, with a role of its own and a log group of stated retention. */
export class RecorderFunction extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: RecorderFunctionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:RecorderFunction", name, {}, opts);
    const child = { parent: this };
    const { keyArn, vpcConfig, tags } = args;

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
    const policy = new aws.iam.RolePolicy(
      name,
      {
        role: role.name,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            ...args.statements,
            writeLogs,
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
        environment: { variables: args.environment ?? {} },
        kmsKeyArn: keyArn,
        vpcConfig,
        loggingConfig: { logFormat: "Text", logGroup: logGroup.name },
        tags,
      },
      { ...child, dependsOn: [policy, ...(args.dependsOn ?? [])] },
    );

    this.arn = lambda.arn;
    this.functionName = lambda.name;
    this.registerOutputs({ arn: this.arn, functionName: this.functionName });
  }
}
