import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ArchivalPipeline } from "../../infra/archivalPipeline";
import type { ArchiveAddress } from "../../infra/archiveAddress";
import { ClipHook } from "../../infra/clipHook";
import { Dashboard } from "../../infra/dashboard";
import { Drain } from "../../infra/drain";
import { EventAlerts } from "../../infra/eventAlerts";
import { Reconciler } from "../../infra/reconciler";
import { Recorder } from "../../infra/recorder";
import { loadSettings } from "../../infra/settings";
import { mapNoTracesOfEmptyErrors } from "../../infra/stackTraces";
import { BASE_OUTPUT, type BaseEnvironment } from "./baseEnvironment";
import { userNameOf } from "./deviceUsers";
import { PROJECT } from "./engine";
import { archivePrefix, type EventRecord } from "./record";

/** How often every stream of an event is looked at, whether or not an alarm rang. */
const RECONCILE_MINUTES = 5;

/** What the stack of an event exports. */
export interface EventOutputs {
  /** The function that archives what a stream still owes, when it is called as before the stream's deletion. */
  drain: string;
  streams: { name: string; alarm: string; arn: string }[];
}

/**
 * The program of an event's stack: its own streams, alarms, Recorder and Reconciler, which write below the event's
 * prefix into the bucket of the base environment. The base leaves them alone: its rule and its Reconcile go by the names
 * of its own alarms, its roles by the tags of its own streams.
 */
export const eventProgram =
  (record: EventRecord, base: BaseEnvironment) => async (): Promise<EventOutputs> => {
    mapNoTracesOfEmptyErrors();
    const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
    const tags = { ...base.tags, stack, base: record.base, event: record.id };
    const prefix = archivePrefix(base.prefix, record.id);
    const settings = loadSettings(
      {
        [`${PROJECT}:streams`]: JSON.stringify(record.streams.map(({ name }) => ({ name }))),
        [`${PROJECT}:clipSeconds`]: String(record.clipSeconds),
        [`${PROJECT}:reconcileMinutes`]: String(RECONCILE_MINUTES),
      },
      PROJECT,
    );
    const { reconcileMinutes } = settings;
    const { alertsTopicArn, keyArn, vpcConfig, logRetentionDays } = base;
    const common = { stack, alertsTopicArn, keyArn, vpcConfig, logRetentionDays, tags };

    const archive = archiveOfBase();
    const recorder = new Recorder("recorder", { archive, ...common });
    const reconciler = new Reconciler("reconciler", {
      archive,
      workflowArn: recorder.workflowArn,
      everyMinutes: reconcileMinutes,
      streamCount: settings.streams.length,
      ...common,
    });
    const drain = new Drain("drain", {
      archive,
      recorders: [recorder, reconciler],
      ...common,
    });
    const pipelines = settings.streams.map(
      (stream) =>
        new ArchivalPipeline(
          stream.name,
          { ...stream, ...common, reconcileMinutes, drain, abandons: record.stop?.abandon ?? false },
          { dependsOn: recorder },
        ),
    );
    const eventAlerts = new EventAlerts("event-alerts", common);
    const clipHook = base.clipHook
      ? new ClipHook("clip-hook", { targetArn: base.clipHook, ...common })
      : undefined;
    new Dashboard("dashboard", {
      stack,
      workflowArn: recorder.workflowArn,
      functions: [recorder, reconciler, drain].flatMap(({ functions }) => functions),
      queues: [recorder, reconciler, eventAlerts, clipHook].flatMap((part) => part?.deadLetters ?? []),
    });
    addUsers();
    return pulumi.output({
      drain: drain.functionName,
      streams: pipelines.map(({ streamName, alarmName, streamArn }) => ({
        name: streamName,
        alarm: alarmName,
        arn: streamArn,
      })),
    }) as unknown as EventOutputs;

    /** Those of the cameras' phones. Their passwords are none of the stack's: its state would have them. */
    function addUsers(): void {
      const { userPoolId } = record;
      if (!userPoolId) return;
      for (const { camera, name } of record.streams)
        new aws.cognito.User(name, {
          userPoolId,
          username: userNameOf(record, camera),
          attributes: { stream: name },
          messageAction: "SUPPRESS",
        });
    }

    /** The base's bucket, by a reference: Pulumi knows that the event builds on it. */
    function archiveOfBase(): ArchiveAddress {
      const reference = new pulumi.StackReference(`${pulumi.getOrganization()}/${PROJECT}/${record.base}`);
      const bucket = reference
        .requireOutput(BASE_OUTPUT)
        .apply((output) => (output as BaseEnvironment).bucket);
      const { partition } = aws.getPartitionOutput();
      return {
        bucket,
        bucketArn: pulumi.interpolate`arn:${partition}:s3:::${bucket}`,
        prefix,
        keyArn: base.keyArn,
      };
    }
  };
