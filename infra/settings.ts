import { z } from "zod";

/** One camera's pipeline. */
export interface StreamSettings {
  /** The Kinesis video stream's name, which the camera sends to. */
  name: string;
  /** Length of a clip in S3. */
  clipSeconds: number;
  /** How long Kinesis Video Streams keeps the footage itself. */
  retentionHours: number;
  /** Recording starts when more fragments than this arrive within 60 seconds. */
  alarmThreshold: number;
}

/** A stack's settings, checked and complete. */
export interface Settings {
  streams: StreamSettings[];
  /** Where in the bucket the archive begins: empty, or ending in a slash. */
  prefix: string;
  /** How often every stream is looked at, whether or not an alarm rang. */
  reconcileMinutes: number;
  logRetentionDays: number;
}

/** The retentions that CloudWatch Logs takes (PutRetentionPolicy API page). */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const wholeNumber = (from: number, to: number) => {
  const write = `write a whole number from ${from} to ${to}`;
  return z.int(write).min(from, write).max(to, write);
};

const perStream = {
  clipSeconds: wholeNumber(10, 900),
  // A slow fragment may be listed 45 minutes after it began: what is kept for an hour only could expire unseen.
  retentionHours: wholeNumber(2, 87_600),
  alarmThreshold: wholeNumber(0, 300),
};

const streamName = z
  .string("write the stream's name")
  .regex(/^[a-zA-Z0-9_.-]{1,200}$/, "write 1 to 200 letters, digits, dots, dashes or underscores");

const PREFIX_FORM = "write nothing, or folders that end in a slash, such as derby/";

const schema = z.strictObject({
  streams: z
    .array(
      z.strictObject(
        { name: streamName, ...z.object(perStream).partial().shape },
        "write an object such as {name: gate}",
      ),
      "write a list such as [{name: gate}]",
    )
    .min(1, "write at least one stream, such as [{name: gate}]")
    .superRefine((streams, context) => {
      for (const [index, { name }] of streams.entries()) {
        if (streams.findIndex((stream) => stream.name === name) < index) {
          context.addIssue({
            code: "custom",
            path: [index, "name"],
            message: "give each stream a name of its own",
          });
        }
      }
    }),
  clipSeconds: perStream.clipSeconds.default(180),
  retentionHours: perStream.retentionHours.default(24),
  alarmThreshold: perStream.alarmThreshold.default(10),
  prefix: z
    .string(PREFIX_FORM)
    .regex(/^([a-zA-Z0-9!_.'()-]+\/)*$/, PREFIX_FORM)
    .max(200, "write at most 200 characters")
    .default(""),
  reconcileMinutes: wholeNumber(1, 1440).default(15),
  logRetentionDays: z
    .literal(LOG_RETENTION_DAYS, `write one of ${LOG_RETENTION_DAYS.join(", ")}`)
    .default(30),
});

/**
 * Reads a stack's settings from its configuration.
 * @param config the stack's configuration as Pulumi holds it: full keys (`lastframe:streams`), lists as JSON text
 * @param project whose keys to read; keys of other packages are left alone
 * @throws an Error of one line that names the key and says what to write instead
 */
export function loadSettings(config: Record<string, string>, project: string): Settings {
  const own = Object.entries(config).filter(([key]) => key.startsWith(`${project}:`));
  const raw = Object.fromEntries(
    own.map(([key, text]) => [key.slice(project.length + 1), decode(key, text)]),
  );
  const { success, data, error } = schema.safeParse(raw);
  if (!success) throw new Error(explain(project, raw, error.issues[0]));

  const { streams, prefix, reconcileMinutes, logRetentionDays, ...defaults } = data;
  return {
    streams: streams.map((stream) => ({ ...defaults, ...stream })),
    prefix,
    reconcileMinutes,
    logRetentionDays,
  };
}

/** Configuration values are text; lists, numbers and booleans are JSON. */
function decode(key: string, text: string): unknown {
  if (!/^(\s*[[{]|-?\d+(\.\d+)?$|(true|false)$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`[${key}] is not valid JSON: ${text}`);
  }
}

function explain(project: string, raw: Record<string, unknown>, issue?: z.core.$ZodIssue): string {
  if (!issue) return `[${project}] has a wrong setting`;
  const at = (path: PropertyKey[]) =>
    `[${project}:${path
      .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
      .join("")
      .slice(1)}]`;
  if (issue.code === "unrecognized_keys") {
    const known = issue.path.length === 0 ? Object.keys(schema.shape) : ["name", ...Object.keys(perStream)];
    return `${at([...issue.path, issue.keys[0] ?? ""])} is not a setting; the settings here are ${known.join(", ")}`;
  }
  const value = issue.path.reduce<unknown>(
    (node, step) => (node as Record<PropertyKey, unknown>)?.[step],
    raw,
  );
  const found = value === undefined ? "is missing" : `is ${JSON.stringify(value)}`;
  return `${at(issue.path)} ${found}; ${issue.message}`;
}
