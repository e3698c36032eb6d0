import { z } from "zod";
import { clipTransitions } from "./transitions";

/** A whole number in a range, both ends included. */
export const wholeNumber = (from: number, to: number) => {
  const write = `write a whole number from ${from} to ${to}`;
  return z.int(write).min(from, write).max(to, write);
};

const oneOf = <const T extends string>(...values: T[]) => z.enum(values, `write ${either(values)}`);
const yesOrNo = () => z.boolean("write true or false");
const matching = (form: RegExp, write: string) => z.string(write).regex(form, write);

/** A tag's value, as every service takes it (https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html). */
const tagValue = () =>
  matching(
    /^[\p{L}\p{N} _.:/=+@-]{0,256}$/u,
    "write at most 256 letters, digits, spaces or characters of _.:/=+-@",
  );

/** The retentions that CloudWatch Logs takes (PutRetentionPolicy API page). */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/**
 * What one stack is made and measured for. Reconcile asks CloudWatch for the tags of each alarm, one after the other, in
 * the 300 s of its function; and an account starts with 5,000 alarms in a Region (CloudWatch quotas).
 */
const MOST_STREAMS = 1000;

/** Defaults that are told apart from what a user wrote: Pulumi fills in those of `Pulumi.yaml` itself. */
export const DEFAULTS = { alarmThreshold: 10, vpcCidr: "10.0.0.0/16" };

/** What a stream of the list may state for itself, where it differs from the stack. */
const perStream = {
  clipSeconds: wholeNumber(10, 900).describe("Length of a clip in S3, 10 to 900 seconds."),
  // The archiver may be down for a day, and the longest clip thrice over, before anything is lost.
  retentionHours: wholeNumber(25, 87_600).describe(
    "How long Kinesis Video Streams keeps the footage itself, 25 to 87600 hours: what an outage of the archive may last.",
  ),
  alarmThreshold: wholeNumber(0, 18_000).describe(
    "Recording starts when more fragments than this arrive within alarmPeriodSeconds. Where fragmentSeconds is stated, the threshold follows from that instead.",
  ),
  alarmPeriodSeconds: wholeNumber(60, 3600)
    .multipleOf(60, "write a multiple of 60, from 60 to 3600")
    .describe("The period in which the alarm counts fragments: a multiple of 60, up to 3600."),
  fragmentSeconds: wholeNumber(0, 20).describe(
    "How long the camera's fragments are, 1 to 20 seconds, from which the alarm's threshold follows: half as many as a period brings. 0 where alarmThreshold says it.",
  ),
  notify: yesOrNo().describe(
    "Whether recording starts within seconds of the first fragment that the producer tags, beside the alarm.",
  ),
};

/** One entry of the list of streams: its name, and what it states for itself. */
export const streamEntry = {
  name: matching(
    // An alarm's name holds the stack's name, the stream's and more, in 255 characters (PutMetricAlarm API page).
    /^[a-zA-Z0-9_.-]{1,100}$/,
    "write the stream's name, 1 to 100 letters, digits, dots, dashes or underscores",
  ),
  ...z.object(perStream).partial().shape,
  abandon: yesOrNo().optional(),
};

const streams = {
  streams: z
    .array(z.record(z.string(), z.unknown(), "write an object such as {name: gate}"), {
      error: "write a list such as [{name: gate}]",
    })
    .default([])
    .refine((list) => list.length > 0, "write at least one stream, such as [{name: gate}]")
    .refine(
      (list) => list.length <= MOST_STREAMS,
      `a stack takes ${MOST_STREAMS} streams at most, as Reconcile asks for each one's alarm within its five minutes: make a second stack for the others`,
    )
    .describe(
      `One entry per camera: name, and ${Object.keys(perStream).join(", ")} where a camera differs. abandon: true lets a stream go with footage that cannot be archived.`,
    ),
  clipSeconds: perStream.clipSeconds.default(180),
  retentionHours: perStream.retentionHours.default(48),
  alarmThreshold: perStream.alarmThreshold.default(DEFAULTS.alarmThreshold),
  alarmPeriodSeconds: perStream.alarmPeriodSeconds.default(60),
  fragmentSeconds: perStream.fragmentSeconds.default(0),
  notify: perStream.notify.default(false),
  reconcileMinutes: wholeNumber(1, 1440)
    .default(15)
    .describe("How often every stream is looked at, whether or not an alarm rang, 1 to 1440 minutes."),
};

const PREFIX_FORM = "write nothing, or folders that end in a slash, such as derby/";

const archive = {
  bucket: matching(
    /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$/,
    "write the name of a bucket, or leave the key out",
  )
    .default("")
    .describe(
      "An existing bucket to archive into, none of whose own settings is changed; `docs/archive.md` says what it must have. If empty, a bucket is made.",
    ),
  prefix: matching(/^([a-zA-Z0-9!_.'()-]+\/)*$/, PREFIX_FORM)
    .max(200, "write at most 200 characters")
    .default("")
    .describe("Where in the bucket the archive begins: empty, or ending in a slash."),
  keepBucket: yesOrNo()
    .default(true)
    .describe(
      "Whether the bucket that was made, with all footage, outlives `pulumi destroy`. False takes effect with the next `pulumi up`.",
    ),
  clipTransitions: clipTransitions
    .default([])
    .describe(
      "When clips, but those of recording events, move to cheaper storage: a list such as [{afterDays: 30, storageClass: STANDARD_IA}], of STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE in this order. Objects under 128 KB stay.",
    ),
  clipExpiryDays: wholeNumber(0, 36_500)
    .default(0)
    .describe(
      "Days after which a clip is deleted, unless it is of a recording event, up to 36500. 0 keeps clips for ever.",
    ),
  lockMode: oneOf("none", "governance", "compliance")
    .default("none")
    .describe(
      "Object Lock of the bucket that is made: whether nobody (compliance), or nobody without the permission to (governance), can delete what is stored for lockDays.",
    ),
  lockDays: wholeNumber(0, 36_500)
    .default(0)
    .describe("How long Object Lock holds each object, 1 to 36500 days; 0 without a lock."),
};

const encryption = {
  encryption: matching(
    /^(aws-managed|new-key|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+)$/,
    "write aws-managed, new-key, or the ARN of a KMS key (not of an alias)",
  )
    .default("aws-managed")
    .describe(
      "What encrypts bucket, streams, topics, queues, logs and the functions' environment: aws-managed keys, one customer key of the stack's own (new-key, rotated every year), or the customer key of this ARN.",
    ),
};

const idList = (kind: string, atMost: number) => {
  const write = `write a list of at most ${atMost} ids such as [${kind}-0a1b2c3d]`;
  return z
    .array(matching(new RegExp(`^${kind}-[0-9a-f]{8,17}$`), `write an id such as ${kind}-0a1b2c3d`), {
      error: write,
    })
    .max(atMost, write)
    .default([]);
};

const network = {
  network: oneOf("none", "existing", "new")
    .default("none")
    .describe(
      "Where the functions run: in no VPC, in existing subnets, or in a new VPC of two zones with endpoints for the services that they call.",
    ),
  subnetIds: idList("subnet", 16).describe("The existing subnets, at best in two zones."),
  securityGroupIds: idList("sg", 5).describe("The security groups of the functions in the existing subnets."),
  vpcCidr: z
    .cidrv4("write a range such as 10.0.0.0/16")
    .regex(/\/(1[6-9]|2[0-4])$/, "write a range from /16 to /24, such as 10.0.0.0/16")
    .default(DEFAULTS.vpcCidr)
    .describe("The addresses of the new VPC, /16 to /24."),
  natGateway: yesOrNo()
    .default(false)
    .describe("Whether the new VPC has a NAT gateway, for a Region that lacks one of the endpoints."),
};

const devices = {
  deviceSignIn: yesOrNo()
    .default(false)
    .describe("Whether cameras sign in with Amazon Cognito, each to write to its own stream only."),
  deviceMfa: oneOf("off", "optional", "required")
    .default("optional")
    .describe("Whether signing in takes a second factor, an authenticator app."),
  deviceSignUp: yesOrNo()
    .default(false)
    .describe(
      "Whether people may open accounts by themselves. An account writes to no stream until it is given one.",
    ),
};

/** The functions whose concurrency can be reserved, as their files in `handlers/` are called. */
export const FUNCTION_NAMES = [
  "checkAlarmTag",
  "checkAlarmState",
  "archiveClip",
  "reconcile",
  "reconcileStream",
  "startOnNotification",
] as const;

const CONCURRENCY_FORM = `write numbers by function, such as {archiveClip: 20}; the functions are ${FUNCTION_NAMES.join(", ")}`;

const operations = {
  alertEmails: z
    .array(z.email("write an e-mail address"), { error: "write a list such as [me@example.com]" })
    .default([])
    .refine((list) => new Set(list).size === list.length, "write each address once")
    .describe("Who is told of failures, by e-mail. Each address is asked to confirm first."),
  clipHook: matching(
    /^(arn:aws[a-z-]*:(lambda|sqs|sns|states|events):[a-z0-9-]+:\d{12}:\S+)?$/,
    "write the ARN of a Lambda function, SQS queue, SNS topic, state machine or event bus",
  )
    .default("")
    .describe(
      "The ARN of your own processing, which is called with each clip that is archived: a Lambda function, SQS queue, SNS topic, state machine or event bus. None if empty.",
    ),
  reservedConcurrency: z
    .partialRecord(z.enum(FUNCTION_NAMES), wholeNumber(1, 10_000), CONCURRENCY_FORM)
    .default({})
    .describe(
      `How many of a function may run at once, and are kept free for it, by function: such as {archiveClip: 20}. The functions are ${FUNCTION_NAMES.join(", ")}.`,
    ),
  logRetentionDays: z
    .literal(LOG_RETENTION_DAYS, `write one of ${LOG_RETENTION_DAYS.join(", ")}`)
    .default(30)
    .describe("How long logs are kept: one of the numbers of days that CloudWatch Logs takes."),
  owner: tagValue().default("").describe("The owner tag on everything; none if empty."),
  event: tagValue().default("").describe("The event tag on everything; none if empty."),
};

/** All settings, under the headings of `docs/settings.md`. */
export const settingGroups = {
  Streams: streams,
  Archive: archive,
  Encryption: encryption,
  Network: network,
  Devices: devices,
  Operations: operations,
};

/** All settings by key. */
export const settingSchema = {
  ...streams,
  ...archive,
  ...encryption,
  ...network,
  ...devices,
  ...operations,
};

/** What a valid configuration holds, with the defaults filled in. */
export type Configuration = z.infer<z.ZodObject<typeof settingSchema>>;

/** What a valid entry of the list of streams holds. */
export type StreamEntry = z.infer<z.ZodObject<typeof streamEntry>>;

/** A setting's type as the `config` section of `Pulumi.yaml` calls it. */
export function configType(schema: z.ZodType): "string" | "integer" | "boolean" | "array" | "object" {
  const { type } = z.toJSONSchema(schema, { io: "input" });
  if (type === "number") return "integer";
  return type as "string" | "integer" | "boolean" | "array" | "object";
}

function either(values: string[]): string {
  return `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}
