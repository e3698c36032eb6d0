import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface DeadLetterQueueArgs {
  /** The service that puts what it could not deliver, such as `events.amazonaws.com`; a function puts by its own role. */
  service: string;
  /** The rules or topics that it may put for. */
  sourceArns: pulumi.Input<string>[];
  /** The customer key that encrypts the queue; without it, one of SQS. */
  keyArn?: pulumi.Input<string>;
  tags: Record<string, string>;
}

/** Keeps for 14 days, the longest there is, what could not be delivered or handled. */
export class DeadLetterQueue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly queueName: pulumi.Output<string>;

  constructor(name: string, args: DeadLetterQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:DeadLetterQueue", name, {}, opts);
    const { service, sourceArns, tags } = args;
    const child = { parent: this };

    const queue = new aws.sqs.Queue(
      name,
      { messageRetentionSeconds: 14 * 24 * 3600, sqsManagedSseEnabled: true, tags },
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

    // Whoever is given the queue may put into it.
    this.arn = pulumi.all([queue.arn, policy.id]).apply(([arn]) => arn);
    this.queueName = queue.name;
    this.registerOutputs({ arn: this.arn, queueName: this.queueName });
  }
}
