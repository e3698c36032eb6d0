import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { Alerts } from "./infra/alerts";
import { ArchivalPipeline } from "./infra/archivalPipeline";
import { Archive } from "./infra/archive";
import { ClipHook } from "./infra/clipHook";
import { consoleLinks } from "./infra/console";
import { Dashboard } from "./infra/dashboard";
import { DeviceSignIn } from "./infra/deviceSignIn";
import { Drain } from "./infra/drain";
import { Encryption } from "./infra/encryption";
import { EventAlerts } from "./infra/eventAlerts";
import { Network } from "./infra/network";
import { Notifications } from "./infra/notifications";
import { Reconciler } from "./infra/reconciler";
import { Recorder } from "./infra/recorder";
import { loadSettings, type Settings } from "./infra/settings";
import { stackPage } from "./infra/stackPage";
import { mapNoTracesOfEmptyErrors, withoutStackTraces } from "./infra/stackTraces";

mapNoTracesOfEmptyErrors();
const settings = readSettings();
const project = pulumi.getProject();
const stack = `${project}/${pulumi.getStack()}`;
const tags = { stack, ...settings.tags };

const { keyArn } = new Encryption("encryption", {
  settings: settings.encryption,
  project,
  outlivesStack: settings.archive.keepBucket,
  tags,
});
const { vpcConfig } = new Network("network", { settings: settings.network, tags });
const { logRetentionDays } = settings;
const { topicArn: alertsTopicArn } = new Alerts("alerts", {
  project,
  emails: settings.alertEmails,
  keyArn,
  tags,
});
const common = {
  stack,
  alertsTopicArn,
  keyArn,
  vpcConfig,
  reservedConcurrency: settings.reservedConcurrency,
  logRetentionDays,
  tags,
};

const archive = new Archive("archive", { ...settings.archive, keyArn, logRetentionDays, tags });
const recorder = new Recorder("recorder", { archive, ...common });
const reconciler = new Reconciler("reconciler", {
  archive,
  workflowArn: recorder.workflowArn,
  everyMinutes: settings.reconcileMinutes,
  streamCount: settings.streams.length,
  ...common,
});
const drain = new Drain("drain", {
  archive,
  recorders: [archive, recorder, reconciler],
  ...common,
});
const { reconcileMinutes } = settings;
const notifications = settings.streams.some(({ notify }) => notify)
  ? new Notifications("notifications", { archive, workflowArn: recorder.workflowArn, ...common })
  : undefined;
// An alarm that rings before the rule listens is heard by nobody.
const pipelines = withoutStackTraces(
  () =>
    settings.streams.map(
      ({ notify, ...stream }) =>
        new ArchivalPipeline(
          stream.name,
          {
            ...stream,
            ...common,
            reconcileMinutes,
            drain,
            notifications: notify ? notifications : undefined,
          },
          { dependsOn: recorder },
        ),
    ),
  ({ guardUrn }) => guardUrn,
);
const eventAlerts = new EventAlerts("event-alerts", common);
const clipHook = settings.clipHook
  ? new ClipHook("clip-hook", { targetArn: settings.clipHook, ...common })
  : undefined;
const devices =
  settings.devices &&
  new DeviceSignIn("devices", {
    ...settings.devices,
    ...common,
    notificationTopicArn: notifications?.topicArn,
  });

/** The page to look at during an event. */
export const { dashboardName: dashboard } = new Dashboard("dashboard", {
  stack,
  workflowArn: recorder.workflowArn,
  functions: [recorder, reconciler, drain, notifications].flatMap((part) => part?.functions ?? []),
  queues: [recorder, reconciler, eventAlerts, notifications, clipHook].flatMap(
    (part) => part?.deadLetters ?? [],
  ),
});

const { region } = aws.getRegionOutput();
const links = region.apply(consoleLinks);

/** Where everything is and what to type next, in Markdown. */
export const readme = pulumi
  .all([
    links,
    pulumi.output({
      stack,
      region,
      bucket: archive.bucket,
      prefix: archive.prefix,
      workflowArn: recorder.workflowArn,
      dashboard,
      streams: pipelines.map(({ streamName, streamArn, alarmName, clipSeconds, retentionHours }) => ({
        name: streamName,
        arn: streamArn,
        alarm: alarmName,
        clipSeconds,
        retentionHours,
      })),
    }),
  ])
  .apply(([link, facts]) => stackPage(facts, link));

/** Where the footage is. */
export const bucket = archive.bucket;
export const bucketConsole = pulumi
  .all([links, archive.bucket])
  .apply(([link, name]) => link.bucket(name, archive.prefix));

/** Where the page is to look at during an event. */
export const dashboardConsole = pulumi.all([links, dashboard]).apply(([link, name]) => link.dashboard(name));

/** The Step Functions workflow that records. */
export const workflow = recorder.workflowArn;
export const workflowConsole = pulumi.all([links, workflow]).apply(([link, arn]) => link.workflow(arn));

/** Each camera's stream, what sends to it needs to know, its alarm, and where to see them. */
export const streams = pipelines.map(({ streamName, streamArn, alarmName }) => ({
  name: streamName,
  arn: streamArn,
  region,
  alarm: alarmName,
  streamConsole: pulumi.all([links, streamName]).apply(([link, name]) => link.stream(name)),
  alarmConsole: pulumi.all([links, alarmName]).apply(([link, name]) => link.alarm(name)),
}));

/** What the demo app of AWS for Android reads: `pulumi stack output phone > awsconfiguration.json`. */
export const phone = devices?.appConfiguration;
/** Where phones sign in; `docs/devices.md` says how to add one. */
export const deviceSignIn = devices && {
  userPoolId: devices.userPoolId,
  appClientId: devices.appClientId,
  identityPoolId: devices.identityPoolId,
  region,
};

/** What the stacks of recording events take over from this one; `automation/event/baseEnvironment.ts` reads it. */
export const baseEnvironment = {
  version: 1,
  region,
  bucket: archive.bucket,
  prefix: archive.prefix,
  keyArn,
  vpcConfig,
  logRetentionDays,
  alertsTopicArn,
  clipHook: settings.clipHook,
  tags: settings.tags,
  signIn: phone,
};

/** A wrong setting is the user's to mend, so it is told in one line and without a stack trace. */
function readSettings(): Settings {
  try {
    return loadSettings(pulumi.runtime.allConfig(), pulumi.getProject());
  } catch (error) {
    throw new pulumi.RunError((error as Error).message);
  }
}
