import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { makeArn } from "./policies";

export interface AlertsArgs {
  /** The Pulumi project: begins the names of the alarms that may publish, those of recording events among them. */
  project: string;
  /** E-mail addresses; each is asked to confirm. */
  emails: string[];
  /** The customer key that encrypts the topic. It must let CloudWatch and EventBridge in; `Encryption`'s does. */
  keyArn?: pulumi.Input<string>;
  tags: Record<string, string>;
}

/**
 * The topic that says what went wrong: it is told by alarms and by `EventAlerts`. Without a customer key it has none:
 * CloudWatch cannot publish to a topic under the key that AWS manages for SNS
 * (https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns).
 */
export class Alerts extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;

  constructor(name: string, args: AlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Alerts", name, {}, opts);
    const { project, emails, keyArn, tags } = args;
    const child = { parent: this };

    const arn = makeArn(child);
    const topic = new aws.sns.Topic(name, { kmsMasterKeyId: keyArn, tags }, child);
    const mayPublish = createTopicPolicy();
    for (const endpoint of emails) {
      const subscription = { topic: topic.arn, protocol: "email", endpoint };
      new aws.sns.TopicSubscription(`${name}-${endpoint}`, subscription, child);
    }

    this.topicArn = pulumi.all([topic.arn, mayPublish.id]).apply(([topicArn]) => topicArn);
    this.registerOutputs({ topicArn: this.topicArn });

    function createTopicPolicy() {
      const publish = { Action: "sns:Publish", Resource: topic.arn };
      return new aws.sns.TopicPolicy(
        name,
        {
          arn: topic.arn,
          policy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [
              {
                ...publish,
                Effect: "Allow",
                Principal: { Service: "cloudwatch.amazonaws.com" },
                Condition: { ArnLike: { "aws:SourceArn": arn("cloudwatch", `alarm:${project}/*`) } },
              },
              // EventBridge says no source when it publishes, so a condition would shut it out
              // (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html).
              { ...publish, Effect: "Allow", Principal: { Service: "events.amazonaws.com" } },
              {
                ...publish,
                Sid: "TlsOnly",
                Effect: "Deny",
                Principal: "*",
                Condition: { Bool: { "aws:SecureTransport": "false" } },
              },
            ],
          }),
        },
        child,
      );
    }
  }
}

/** An alarm that tells people. */
export interface AlertArgs {
  /** `project/stack`. */
  stack: string;
  alertsTopicArn: pulumi.Input<string>;
  tags: Record<string, string>;
  /** What follows the stack in the alarm's name; what it is an alarm of comes last. */
  kind: string;
  description: string;
  namespace: string;
  metricName: string;
  dimensions: Record<string, pulumi.Input<string>>;
  statistic?: "Sum" | "Maximum" | "Average";
  /** It rings at this value. */
  threshold?: number;
  periodSeconds?: number;
  /** Periods that are looked at; of these, `breachingPeriods` must breach. */
  periods?: number;
  breachingPeriods?: number;
  /** What no data means: nothing to complain of, or nothing that changes the alarm's state, or that it rings. */
  silence?: "isFine" | "changesNothing" | "rings";
  /** Rings below the threshold and not from it on. */
  ringsBelow?: boolean;
}

const TREATMENTS = { isFine: "notBreaching", changesNothing: "ignore", rings: "breaching" };

/**
 * Makes an alarm that tells people when it rings, and does not when it is over: a new alarm goes to OK, and each would send
 * a message as it is deployed. Its name does not begin as those of the alarms that are recorded, so it starts no Recorder.
 */
export function alertOn(
  name: string,
  args: AlertArgs,
  opts: pulumi.CustomResourceOptions,
): aws.cloudwatch.MetricAlarm {
  const { stack, kind, periods = 1, threshold = 1, periodSeconds = 300 } = args;
  return new aws.cloudwatch.MetricAlarm(
    // No name of a stream has a slash, so no stream is called as the alarm of another.
    `${name}/${kind}`,
    {
      name: `${stack}-${kind}/${name}`,
      alarmDescription: args.description,
      namespace: args.namespace,
      metricName: args.metricName,
      dimensions: args.dimensions,
      statistic: args.statistic ?? "Sum",
      period: periodSeconds,
      evaluationPeriods: periods,
      datapointsToAlarm: args.breachingPeriods ?? periods,
      comparisonOperator: args.ringsBelow ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
      threshold,
      treatMissingData: TREATMENTS[args.silence ?? "isFine"],
      alarmActions: [args.alertsTopicArn],
      tags: args.tags,
    },
    opts,
  );
}
