import type * as aws from "@pulumi/aws";
import type { ArchiveSettings } from "./settings";

type Rule = aws.types.input.s3.BucketLifecycleConfigurationRule;

/** How long what was deleted or replaced can be brought back from its old version. */
const OLD_VERSION_DAYS = 7;

/**
 * The lifecycle of an archive. Its own clips move and expire as the settings say; those of recording events, in archives
 * below `events/`, are kept. A ledger is never touched, in no version of it: it is the proof. Claims, sweeps and the object
 * by which the events' tool asks the time are replaced in place all the time, so their old versions go.
 */
export function clipLifecycle({ prefix, clipTransitions, clipExpiryDays }: ArchiveSettings): Rule[] {
  const clips = `${prefix}clips/`;
  return [
    ...Object.entries({ claims: "claims/", sweeps: "sweeps/", clock: "events/clock" }).map(
      ([what, keys]) => ({
        id: `remove-old-${what}`,
        status: "Enabled",
        filter: { prefix: `${prefix}${keys}` },
        noncurrentVersionExpiration: { noncurrentDays: OLD_VERSION_DAYS },
      }),
    ),
    ...when(clipTransitions.length > 0, {
      id: "move-clips",
      status: "Enabled",
      filter: { prefix: clips },
      transitions: clipTransitions.map(({ afterDays: days, storageClass }) => ({ days, storageClass })),
    }),
    ...when(clipExpiryDays !== undefined, {
      id: "expire-clips",
      status: "Enabled",
      filter: { prefix: clips },
      expiration: { days: clipExpiryDays },
      noncurrentVersionExpiration: { noncurrentDays: OLD_VERSION_DAYS },
    }),
  ];
}

const when = (isWanted: boolean, rule: Rule): Rule[] => (isWanted ? [rule] : []);
