import type * as aws from "@pulumi/aws";
import type { ArchiveSettings } from "./settings";

type Rule = aws.types.input.s3.BucketLifecycleConfigurationRule;

/** How long what was deleted or replaced can be brought back from its old version. */
const OLD_VERSION_DAYS = 7;

/**
 * The lifecycle of an archive. Clips move and expire as the settings say. The ledger is never touched, in no version of
 * it: it is the proof. Claims and sweeps are replaced in place all the time, so their old versions go.
 */
export function clipLifecycle({ prefix, clipTransitions, clipExpiryDays }: ArchiveSettings): Rule[] {
  const clips = `${prefix}clips/`;
  return [
    ...["claims", "sweeps"].map((folder) => ({
      id: `remove-old-${folder}`,
      status: "Enabled",
      filter: { prefix: `${prefix}${folder}/` },
      noncurrentVersionExpiration: { noncurrentDays: OLD_VERSION_DAYS },
    })),
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
