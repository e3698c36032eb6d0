import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { StreamSettings } from "./settings";

export interface ArchivalPipelineArgs extends StreamSettings {
  /** `project/stack`: begins the alarm's name and tells the Recorder's roles that the stream is theirs. */
  stack: string;
  tags: Record<string, string>;
}

/** What one camera needs: its Kinesis video stream, and the alarm that rings while fragments arrive. */
export class ArchivalPipeline extends pulumi.ComponentResource {
  readonly streamName: pulumi.Output<string>;
  readonly alarmName: pulumi.Output<string>;

  constructor(name: string, args: ArchivalPipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:ArchivalPipeline", name, args, opts);
    const child = { parent: this };
    const tags = { ...args.tags, stream: args.name };

    const stream = new aws.kinesis.VideoStream(
      name,
      { name: args.name, dataRetentionInHours: args.retentionHours, mediaType: "video/h264", tags },
      child,
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
        period: 60,
        evaluationPeriods: 1,
        comparisonOperator: "GreaterThanThreshold",
        threshold: args.alarmThreshold,
        treatMissingData: "notBreaching",
        // The workflow records alarms with this tag and reads the stream's settings beside it.
        tags: { ...tags, RepeatedAlarm: "True", ClipSeconds: String(args.clipSeconds) },
      },
      child,
    );

    this.streamName = stream.name;
    this.alarmName = alarm.name;
    this.registerOutputs({ streamName: this.streamName, alarmName: this.alarmName });
  }
}
