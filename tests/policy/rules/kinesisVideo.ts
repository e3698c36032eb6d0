import type { Registered } from "../../support/program";
import { allOf, demand, isOf, type Program, type Rule, remove } from "../rule";
import { customerKeyRule } from "../sharedRules";
import { addStatement, statementsOf } from "../statements";

/** No public rule set looks at Kinesis Video, beside the key: these are the rules that are missing there. */

const isStream = isOf("aws:kinesis/videoStream:VideoStream");
const isRolePolicy = isOf("aws:iam/rolePolicy:RolePolicy");

/** The settings of a stream. */
const settingsOf = (stream: Registered, { settings }: Program) =>
  settings.streams.find(({ name }) => name === stream.inputs.name);

/** A stream's alarm on one of its metrics. */
const alarmOn = (stream: Registered, program: Program, metric: string) =>
  allOf(program, "aws:cloudwatch/metricAlarm:MetricAlarm").find(
    ({ inputs }) =>
      inputs.namespace === "AWS/KinesisVideo" &&
      inputs.metricName === metric &&
      inputs.dimensions.StreamName === stream.outputs.name,
  );

/** The statements of a policy that are about streams. */
const streamStatements = (policy: Registered) =>
  statementsOf(policy).filter(({ actions }) => actions.some((action) => action.startsWith("kinesisvideo:")));

/** Whether a policy is for cameras: it lets its holder send. */
const isForDevices = (resource: Registered) =>
  isRolePolicy(resource) &&
  statementsOf(resource).some(({ actions }) => actions.includes("kinesisvideo:PutMedia"));

/** A rule that a stream has an alarm on this metric. */
const alarmRule = (id: string, metric: string): Rule => ({
  ids: [id],
  says: `has an alarm on ${metric}`,
  applies: isStream,
  check: (stream, program) => demand(alarmOn(stream, program, metric), `has no alarm on ${metric}`),
  violate: (stream, program) => remove(program, alarmOn(stream, program, metric)),
});

export const kinesisVideoRules: Rule[] = [
  customerKeyRule(["CKV_AWS_177"], isStream, "kmsKeyId"),
  {
    ids: ["KinesisVideo.Retention"],
    says: "keeps footage for three clips and a day at least, so that an outage of the archive is survived",
    applies: isStream,
    check(stream, program) {
      const clipSeconds = settingsOf(stream, program)?.clipSeconds ?? Number.POSITIVE_INFINITY;
      const hours = stream.inputs.dataRetentionInHours ?? 0;
      return demand(hours * 3600 >= 3 * clipSeconds + 24 * 3600, `keeps footage for ${hours} hours only`);
    },
    violate({ inputs }) {
      inputs.dataRetentionInHours = 24;
    },
  },
  alarmRule("KinesisVideo.PersistLatencyAlarm", "PutMedia.FragmentPersistLatency"),
  alarmRule("KinesisVideo.ErrorAckAlarm", "PutMedia.ErrorAckCount"),
  {
    ids: ["KinesisVideo.DrainBeforeDelete"],
    says: "is drained before it is deleted",
    applies: isStream,
    check: (stream, program) => demand(drainOf(stream, program), "can be deleted while footage is owed"),
    violate: (stream, program) => remove(program, drainOf(stream, program)),
  },
  {
    ids: ["KinesisVideo.NoCreateStream"],
    says: "lets nobody make streams: they are made here",
    applies: isRolePolicy,
    check: (policy) =>
      demand(
        statementsOf(policy).every(({ actions }) => !actions.includes("kinesisvideo:CreateStream")),
        "allows kinesisvideo:CreateStream",
      ),
    violate: (policy) =>
      addStatement(policy, {
        Effect: "Allow",
        Action: "kinesisvideo:CreateStream",
        Resource: "arn:aws:kinesisvideo:us-east-1:123456789012:stream/new/0",
      }),
  },
  {
    ids: ["KinesisVideo.OwnStreams"],
    says: "reads and changes no stream but those with its own tag; what a stream is called, it may ask of all",
    applies: (resource) => isRolePolicy(resource) && streamStatements(resource).length > 0,
    check: (policy) =>
      demand(
        streamStatements(policy).every(
          ({ actions, conditions }) =>
            actions.every((action) => action === "kinesisvideo:DescribeStream") ||
            Object.keys(conditions.StringEquals ?? {}).some((key) => key.startsWith("aws:ResourceTag/")),
        ),
        "acts on streams of others",
      ),
    violate: (policy) =>
      addStatement(policy, {
        Effect: "Allow",
        Action: "kinesisvideo:GetClip",
        Resource: "arn:aws:kinesisvideo:us-east-1:123456789012:stream/*/*",
      }),
  },
  {
    ids: ["KinesisVideo.OneStreamPerDevice"],
    says: "lets a camera send to the stream of its own tag and no other, and read none",
    applies: isForDevices,
    check(policy) {
      const statements = streamStatements(policy);
      const reads = statements
        .flatMap(({ actions }) => actions)
        .filter((action) => /:(Get(?!DataEndpoint)|List)/.test(action));
      const isBound = statements.every(
        ({ conditions }) =>
          conditions.StringEquals?.["aws:ResourceTag/stream"] === `\${aws:PrincipalTag/stream}`,
      );
      return (
        demand(isBound, "lets a camera send to other streams") ??
        demand(reads.length === 0, `lets a camera call ${reads.join(", ")}`)
      );
    },
    violate: (policy) =>
      addStatement(policy, { Effect: "Allow", Action: "kinesisvideo:PutMedia", Resource: "*" }),
  },
];

/** What drains a stream before it goes: it depends on the stream's ARN, and so is deleted first. */
const drainOf = (stream: Registered, program: Program) =>
  allOf(program, "aws:lambda/invocation:Invocation").find(
    ({ inputs }) => inputs.lifecycleScope === "CRUD" && inputs.triggers?.streamArn === stream.outputs.arn,
  );
