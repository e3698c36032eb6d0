import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ArchivalPipeline } from "./infra/archivalPipeline";
import { Archive } from "./infra/archive";
import { consoleLinks } from "./infra/console";
import { Recorder } from "./infra/recorder";
import { loadSettings, type Settings } from "./infra/settings";

const settings = readSettings();
const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
const tags = { stack };

const archive = new Archive("archive", { prefix: settings.prefix, tags });
const recorder = new Recorder("recorder", {
  archive,
  stack,
  logRetentionDays: settings.logRetentionDays,
  tags,
});
// An alarm that rings before the rule listens is heard by nobody.
const pipelines = settings.streams.map(
  (stream) => new ArchivalPipeline(stream.name, { ...stream, stack, tags }, { dependsOn: recorder }),
);

const console = aws.getRegionOutput().region.apply(consoleLinks);

/** Where the footage is. */
export const bucket = archive.bucket;
export const bucketConsole = pulumi
  .all([console, archive.bucket])
  .apply(([links, name]) => links.bucket(name, archive.prefix));

/** The Step Functions workflow that records. */
export const workflow = recorder.workflowArn;
export const workflowConsole = pulumi.all([console, workflow]).apply(([links, arn]) => links.workflow(arn));

/** Each camera's stream, its alarm, and where to see them. */
export const streams = pipelines.map(({ streamName, alarmName }) => ({
  name: streamName,
  alarm: alarmName,
  streamConsole: pulumi.all([console, streamName]).apply(([links, name]) => links.stream(name)),
  alarmConsole: pulumi.all([console, alarmName]).apply(([links, name]) => links.alarm(name)),
}));

/** A wrong setting is the user's to mend, so it is told in one line and without a stack trace. */
function readSettings(): Settings {
  try {
    return loadSettings(pulumi.runtime.allConfig(), pulumi.getProject());
  } catch (error) {
    throw new pulumi.RunError((error as Error).message);
  }
}
