import { z } from "zod";

/**
 * Storage classes in the order in which a clip may move through them, and the days for which S3 bills at least
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html). One Zone-IA
 * is left out: it keeps footage in one building.
 */
const MINIMUM_DAYS = {
  STANDARD_IA: 30,
  INTELLIGENT_TIERING: 0,
  GLACIER_IR: 90,
  GLACIER: 90,
  DEEP_ARCHIVE: 180,
};

type StorageClass = keyof typeof MINIMUM_DAYS;

const CLASSES = Object.keys(MINIMUM_DAYS) as StorageClass[];

/** S3 moves an object to Standard-IA only when it is this old. */
const EARLIEST_INFREQUENT_ACCESS_DAYS = 30;

export interface Transition {
  /** Days since the clip was stored. */
  afterDays: number;
  storageClass: StorageClass;
}

const DAYS_FORM = "write a whole number of days from 0 to 36500";

/** A list of transitions that S3 takes and that are billed for no day twice. */
export const clipTransitions = z
  .array(
    z.strictObject(
      {
        afterDays: z.int(DAYS_FORM).min(0, DAYS_FORM).max(36_500, DAYS_FORM),
        storageClass: z.enum(CLASSES, `write one of ${CLASSES.join(", ")}`),
      },
      { error: "write an object such as {afterDays: 30, storageClass: STANDARD_IA}, with these two keys" },
    ),
    { error: "write a list such as [{afterDays: 30, storageClass: STANDARD_IA}]" },
  )
  .superRefine((transitions, context) => {
    transitions.forEach((transition, index) => {
      const problem = trapOf(transition, transitions[index - 1]);
      if (problem) context.addIssue({ code: "custom", path: [index, problem.key], message: problem.message });
    });
  });

/** Days after which a clip that went through these transitions has been paid for, and may move on or go. */
export function paidForAfterDays(transitions: Transition[]): number {
  const last = transitions.at(-1);
  return last ? last.afterDays + MINIMUM_DAYS[last.storageClass] : 0;
}

/** What S3 would refuse, or bill for nothing, of a transition and the one before it. */
function trapOf(
  { afterDays, storageClass }: Transition,
  before: Transition | undefined,
): { key: keyof Transition; message: string } | undefined {
  if (storageClass === "STANDARD_IA" && afterDays < EARLIEST_INFREQUENT_ACCESS_DAYS) {
    return {
      key: "afterDays",
      message: `S3 moves nothing to ${storageClass} before ${EARLIEST_INFREQUENT_ACCESS_DAYS} days: write ${EARLIEST_INFREQUENT_ACCESS_DAYS} or more`,
    };
  }
  if (!before) return undefined;
  if (CLASSES.indexOf(storageClass) <= CLASSES.indexOf(before.storageClass)) {
    return {
      key: "storageClass",
      message: `nothing moves from ${before.storageClass} to ${storageClass}: write the classes in the order ${CLASSES.join(", ")}`,
    };
  }
  const earliest = Math.max(paidForAfterDays([before]), before.afterDays + 1);
  if (afterDays < earliest) {
    return {
      key: "afterDays",
      message: `${before.storageClass} is billed for ${MINIMUM_DAYS[before.storageClass]} days at least: write ${earliest} or more`,
    };
  }
  return undefined;
}
