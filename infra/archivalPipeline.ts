import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type AlertArgs, alertOn } from "./alerts";
import type { Drain } from "./drain";
import type { Notifications } from "./notifications";
import type { StreamSettings } from "./settings";

export interface ArchivalPipelineArgs extends Omit<StreamSettings, "notify"> {
  /** `project/stack`: begins the alarm's name and tells the Recorder's roles that the stream is theirs. */
  stack: string;
  /** How often the stream is looked at: the age of what is not archived is said as often. */
  reconcileMinutes: number;
  /** The customer key that encrypts the stream; without it, one of Kinesis Video Streams. */
  keyArn?: pulumi.Input<string>;
  /** Who is told by alarms, but for the one that starts recording. */
  alertsTopicArn: pulumi.Input<string>;
  drain: Drain;
  /** What starts recording by notification, for a stream that is to notify. */
  notifications?: Notifications;
  tags: Record<string, string>;
}

/**
 * What one camera needs: its Kinesis video stream, the alarm that rings while fragments arrive, those that ring when
 * footage is at risk or the service is in trouble, and what keeps the stream from going before its footage is archived.
 */
export class ArchivalPipeline extends pulumi.ComponentResource {
  readonly streamName: pulumi.Output<string>;
  readonly streamArn: pulumi.Output<string>;
  readonly alarmName: pulumi.Output<string>;
  readonly clipSeconds: number;
  readonly retentionHours: number;
  /** The URN of what keeps the stream from going too soon, which is registered last. */
  readonly guardUrn: pulumi.Output<string>;

  constructor(name: string, args: ArchivalPipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:ArchivalPipeline", name, {}, opts);
    const child = { parent: this };
    const tags = { ...args.tags, stream: args.name };

    const { clipSeconds, retentionHours, drain, abandons } = args;
    const stream = new aws.kinesis.VideoStream(
      name,
      {
        name: args.name,
        dataRetentionInHours: retentionHours,
        mediaType: "video/h264",
        kmsKeyId: args.keyArn,
        tags,
      },
      // Drain changes the retention: the provider would make the stream anew.
      { ...child, deleteBeforeReplace: true, ignoreChanges: ["dataRetentionInHours"] },
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

    // It goes on ringing; that four fifths are over is said by the event that Reconcile sends then, to the same topic.
    const atRisk = watch("at-risk", {
      description: `Footage of ${args.name} is not archived and half of its retention is over`,
      namespace: "lastframe",
      metricName: "UnarchivedAgeOfRetention",
      dimensions: { Stack: args.stack, Stream: stream.name },
      statistic: "Maximum",
      threshold: 50,
      periodSeconds: args.reconcileMinutes * 60,
      // Reconcile's own alarm rings when nobody looks any more; a new stream has not been looked at yet.
      silence: "changesNothing",
    });
    const ofService = { namespace: "AWS/KinesisVideo", dimensions: { StreamName: stream.name } };
    watch("persist-latency", {
      ...ofService,
      description: `Kinesis Video takes ten seconds and more to persist fragments of ${args.name}`,
      metricName: "PutMedia.FragmentPersistLatency",
      statistic: "Maximum",
      threshold: 10_000,
      periods: 3,
      breachingPeriods: 2,
    });
    watch("error-acks", {
      ...ofService,
      description: `Kinesis Video refuses fragments of ${args.name}: its camera is told why`,
      metricName: "PutMedia.ErrorAckCount",
      threshold: 3,
    });
    if (args.notifications) args.notifications.notify(name, stream.arn, child);
    // As long as the stream is there, so are its alarms.
    const guarded = { streamName: args.name, clipSeconds, retentionHours, abandons, streamArn: stream.arn };
    const guard = drain.guard(name, guarded, { ...child, dependsOn: [alarm, atRisk] });

    this.guardUrn = guard.urn;
    this.clipSeconds = clipSeconds;
    this.retentionHours = retentionHours;
    this.streamName = stream.name;
    this.streamArn = stream.arn;
    this.alarmName = alarm.name;
    this.registerOutputs({ streamName: this.streamName, alarmName: this.alarmName });

    function watch(kind: string, of: Omit<AlertArgs, "kind" | "stack" | "alertsTopicArn" | "tags">) {
      const { stack, alertsTopicArn } = args;
      return alertOn(name, { ...of, kind, stack, alertsTopicArn, tags }, child);
    }
  }
}
