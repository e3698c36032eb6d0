import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Drain } from "./drain";
import type { StreamSettings } from "./settings";

export interface ArchivalPipelineArgs extends StreamSettings {
  /** `project/stack`: begins the alarm's name and tells the Recorder's roles that the stream is theirs. */
  stack: string;
  /** How often the stream is looked at: the age of what is not archived is said as often. */
  reconcileMinutes: number;
  /** The customer key that encrypts the stream; without it, one of Kinesis Video Streams. */
  keyArn?: pulumi.Input<string>;
  drain: Drain;
  /** Whether Drain lets the stream go with footage that cannot be archived; the ledger names it then. */
  abandons?: boolean;
  tags: Record<string, string>;
}

/**
 * What one camera needs: its Kinesis video stream, the alarm that rings while fragments arrive, those that ring when
 * footage is at risk, and what keeps the stream from going before its footage is archived.
 */
export class ArchivalPipeline extends pulumi.ComponentResource {
  readonly streamName: pulumi.Output<string>;
  readonly streamArn: pulumi.Output<string>;
  readonly alarmName: pulumi.Output<string>;

  constructor(name: string, args: ArchivalPipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:ArchivalPipeline", name, {}, opts);
    const child = { parent: this };
    const tags = { ...args.tags, stream: args.name };

    const { clipSeconds, retentionHours, drain, abandons = false } = args;
    const guarded = { streamName: args.name, clipSeconds, retentionHours, abandons };
    const mayShorten = drain.beforeShorterRetention(name, guarded, child);
    const stream = new aws.kinesis.VideoStream(
      name,
      {
        name: args.name,
        dataRetentionInHours: retentionHours,
        mediaType: "video/h264",
        kmsKeyId: args.keyArn,
        tags,
      },
      { ...child, dependsOn: mayShorten, deleteBeforeReplace: true },
    );
    const alarm = new aws.cloudwatch.MetricAlarm(
      name,
      {
        name: `${args.stack}/${args.name}`,
        alarmDescription: `Video arrives on ${args.name}`,
        namespace: "AWS/KinesisVideo",
        metricName: "PutMedia.IncomingFragments",
        dimensions: { StreamName: stream.name },
        statistic: "Sum",
        period: args.alarmPeriodSeconds,
        evaluationPeriods: 1,
        comparisonOperator: "GreaterThanThreshold",
        threshold: args.alarmThreshold,
        treatMissingData: "notBreaching",
        // The workflow records alarms with this tag and reads the stream's settings beside it.
        tags: { ...tags, RepeatedAlarm: "True", ClipSeconds: String(args.clipSeconds) },
      },
      child,
    );

    // Their names do not begin as those of the alarms that are recorded, so they start no Recorder.
    const atRisk = [50, 80].map((usedPercent) => {
      return new aws.cloudwatch.MetricAlarm(
        `${name}-at-risk-${usedPercent}`,
        {
          name: `${args.stack}-at-risk-${usedPercent}/${args.name}`,
          alarmDescription: `Footage of ${args.name} is not archived and ${usedPercent} % of its retention is over, or nobody looks any more`,
          namespace: "lastframe",
          metricName: "UnarchivedAgeOfRetention",
          dimensions: { Stack: args.stack, Stream: stream.name },
          statistic: "Maximum",
          period: args.reconcileMinutes * 60,
          // Two looks: one that runs a little late must ring no alarm, a dead one must.
          evaluationPeriods: 2,
          comparisonOperator: "GreaterThanOrEqualToThreshold",
          threshold: usedPercent,
          treatMissingData: "breaching",
          tags,
        },
        child,
      );
    });
    // As long as the stream is there, so are its alarms.
    drain.beforeDeletion(
      name,
      { ...guarded, streamArn: stream.arn },
      { ...child, dependsOn: [alarm, ...atRisk] },
    );

    this.streamName = stream.name;
    this.streamArn = stream.arn;
    this.alarmName = alarm.name;
    this.registerOutputs({ streamName: this.streamName, alarmName: this.alarmName });
  }
}
