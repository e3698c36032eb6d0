import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { alertOn } from "./alerts";
import { keyStatements, queueEncryption } from "./encryption";
import type { FunctionSettings } from "./recorderFunction";

export interface DeadLetterQueueArgs
  extends Pick<FunctionSettings, "stack" | "alertsTopicArn" | "keyArn" | "tags"> {
  /** The service that puts what it could not deliver, such as `events.amazonaws.com`; a function puts by its own role. */
  service: string;
  /** The rules or topics that it may put for. */
  sourceArns: pulumi.Input<string>[];
}

/** Keeps for 14 days, the longest there is, what could not be delivered or handled, and rings an alarm meanwhile. */
export class DeadLetterQueue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly queueName: pulumi.Output<string>;
  /** Statements with which a function may put what it failed to handle. */
  readonly senderStatements: object[];

  constructor(name: string, args: DeadLetterQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:DeadLetterQueue", name, {}, opts);
    const { service, sourceArns, keyArn, tags } = args;
    const child = { parent: this };

    const queue = new aws.sqs.Queue(
      name,
      { messageRetentionSeconds: 14 * 24 * 3600, ...queueEncryption(keyArn), tags },
      child,
    );
    const policy = new aws.sqs.QueuePolicy(
      name,
      {
        queueUrl: queue.url,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: service },
              Action: "sqs:SendMessage",
              Resource: queue.arn,
              Condition: { ArnEquals: { "aws:SourceArn": sourceArns } },
            },
            {
              Sid: "TlsOnly",
              Effect: "Deny",
              Principal: "*",
              Action: "sqs:*",
              Resource: queue.arn,
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ],
        }),
      },
      child,
    );

    alertOn(
      name,
      {
        ...args,
        kind: "waiting",
        description: `Something could not be delivered or handled and waits in ${name}`,
        namespace: "AWS/SQS",
        metricName: "ApproximateNumberOfMessagesVisible",
        dimensions: { QueueName: queue.name },
        statistic: "Maximum",
      },
      child,
    );

    // Whoever is given the queue may put into it.
    this.arn = pulumi.all([queue.arn, policy.id]).apply(([arn]) => arn);
    this.queueName = queue.name;
    this.senderStatements = [
      { Effect: "Allow", Action: "sqs:SendMessage", Resource: queue.arn },
      ...keyStatements(keyArn, ["kms:GenerateDataKey"]),
    ];
    this.registerOutputs({ arn: this.arn, queueName: this.queueName });
  }
}
