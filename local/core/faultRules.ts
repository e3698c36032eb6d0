import { z } from "zod";

/** When in a call a fault strikes: instead of the act, in the middle of the body that is sent or answered, after the act. */
export type Moment = "before" | "during" | "after";

/** What becomes of a call that a rule strikes; every rule has exactly one of these. */
export interface Effects {
  /** The service answers this error and does not act. */
  fail?: { code: string; status: number; message?: string };
  /** The service answers that it is called too often, by the error that it has for that. */
  throttle?: true;
  /** The service acts this much later, in the cloud's time; of a range, the seed decides. */
  delayMs?: number | [min: number, max: number];
  /** The connection breaks. After the act, the caller cannot know that it was done. */
  cut?: Moment;
  /** The Lambda function that makes the call is killed, as by a lost host. Calls of others are left alone. */
  crash?: Moment;
  /** ListFragments does not show fragments that began less than this before; of a range, each has its own lag. */
  lagMs?: number | [min: number, max: number];
}

/** One rule: which calls it is about, which of these it strikes, and what becomes of them. */
export interface FaultRule extends Effects {
  /** Signing name of a service (`s3`, `kinesisvideo`, `monitoring`, …), or `*`. */
  service: string;
  /** Name of an API action (`PutObject`), or `*`. */
  action: string;
  /** Members of the call's input by their API name, each with the text it must have; `*` stands for any characters. */
  where?: Record<string, string | number>;
  /** The ARN of who calls, with `*` as above. A function's ends in its name. */
  caller?: string;
  /** Which of the calls that the above leave, counted from 1. */
  calls?: number[];
  /** The share of these calls that is struck, 0 to 1; the seed decides which. */
  probability?: number;
  /** Strikes at most this often. */
  times?: number;
  /** Where in the body a fault with the moment `during` strikes, 0 unless said; at the end of a shorter one. */
  atByte?: number;
}

/** What is to go wrong in a local cloud. The same seed strikes the same calls again, as long as each rule sees the same ones. */
export interface FaultScript {
  seed?: number;
  rules: FaultRule[];
}

/** The effects that a rule chooses one from. */
export const EFFECTS = ["fail", "throttle", "delayMs", "cut", "crash", "lagMs"] as const;

/** The actions whose bodies stream in or out, so that something can happen in their middle. */
const STREAMED = ["GetClip", "GetMediaForFragmentList", "GetObject", "PutMedia", "PutObject", "UploadPart"];

const text = z.string().min(1);
const count = z.int().min(1);
const milliseconds = z.number().min(0);
const span = z.union([milliseconds, z.tuple([milliseconds, milliseconds])]);
const moment = z.literal(["before", "during", "after"]);

const rule = z
  .strictObject({
    service: text,
    action: text,
    where: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    caller: text.optional(),
    calls: z.array(count).min(1).optional(),
    probability: z.number().min(0).max(1).optional(),
    times: count.optional(),
    atByte: z.int().min(0).optional(),
    fail: z
      .strictObject({ code: text, status: z.int().min(400).max(599), message: z.string().optional() })
      .optional(),
    throttle: z.literal(true).optional(),
    delayMs: span.optional(),
    cut: moment.optional(),
    crash: moment.optional(),
    lagMs: span.optional(),
  })
  .superRefine((rule, context) => {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: "custom", path: [key], message });
    const chosen = EFFECTS.filter((effect) => rule[effect] !== undefined);
    if (chosen.length !== 1)
      context.addIssue({
        code: "custom",
        message: `has ${chosen.join(" and ") || "no effect"}; write exactly one of ${EFFECTS.join(", ")}`,
      });
    const isDuring = [rule.cut, rule.crash].includes("during");
    if (isDuring && !STREAMED.includes(rule.action))
      refuse("action", `has no body to be in the middle of; during needs one of ${STREAMED.join(", ")}`);
    if (rule.atByte !== undefined && !isDuring) refuse("atByte", "goes with cut: during or crash: during");
    if (rule.action === "PutMedia" && rule.cut === "after")
      refuse("cut", "cannot be after of PutMedia, which answers as it goes; write before or during");
    if (rule.lagMs !== undefined && rule.action !== "ListFragments")
      refuse("action", "does not lag; only ListFragments does");
  });

const script = z.strictObject({ seed: z.int().optional(), rules: z.array(rule) });

/**
 * Checks a script of faults. Whether its services and actions exist is for the cloud to say.
 * @throws an Error of one line that names the key
 */
export function parseFaultScript(value: unknown): FaultScript {
  const { success, data, error } = script.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const path = ["faults", ...(issue?.path ?? [])].map((step) =>
    typeof step === "number" ? `[${step}]` : `.${String(step)}`,
  );
  throw new Error(`${path.join("").slice(1)}: ${issue?.message}`);
}
