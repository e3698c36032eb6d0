import type { EncryptionSettings, NetworkSettings, Settings, StreamSettings } from "./index";
import { type Configuration, DEFAULTS, type StreamEntry } from "./schema";

/** A valid configuration in the shape in which the components take it. */
export function arrange(config: Configuration, streams: StreamEntry[]): Settings {
  const { reconcileMinutes, logRetentionDays, alertEmails, clipHook, reservedConcurrency } = config;
  const { bucket, prefix, keepBucket, clipTransitions, clipExpiryDays, lockMode, lockDays } = config;
  return {
    streams: streams.map((entry) => arrangeStream(entry, config)),
    archive: {
      bucket: bucket || undefined,
      prefix,
      keepBucket,
      clipTransitions,
      clipExpiryDays: clipExpiryDays || undefined,
      lock: lockMode !== "none" ? { mode: lockMode, days: lockDays } : undefined,
    },
    encryption: arrangeEncryption(config),
    network: arrangeNetwork(config),
    devices: config.deviceSignIn ? { mfa: config.deviceMfa, signUp: config.deviceSignUp } : undefined,
    reconcileMinutes,
    logRetentionDays,
    alertEmails,
    clipHook: clipHook || undefined,
    reservedConcurrency,
    tags: Object.fromEntries(
      Object.entries({ owner: config.owner, event: config.event }).filter(([, value]) => value !== ""),
    ),
  };
}

function arrangeStream(entry: StreamEntry, stack: Configuration): StreamSettings {
  const { clipSeconds, retentionHours, alarmPeriodSeconds, notify } = { ...stack, ...entry };
  // What a stream says of its fragments is nearer than what the stack says of them, in either form.
  const { alarmThreshold = DEFAULTS.alarmThreshold, fragmentSeconds = 0 } =
    entry.alarmThreshold === undefined && entry.fragmentSeconds === undefined ? stack : entry;
  return {
    name: entry.name,
    clipSeconds,
    retentionHours,
    // Half as many as a period brings: it rings though some are late, and not for the last few of a recording.
    alarmThreshold: fragmentSeconds ? Math.floor(alarmPeriodSeconds / fragmentSeconds / 2) : alarmThreshold,
    alarmPeriodSeconds,
    notify,
    abandons: entry.abandon ?? false,
  };
}

function arrangeEncryption({ encryption }: Configuration): EncryptionSettings {
  if (encryption === "aws-managed" || encryption === "new-key") return { key: encryption };
  return { key: "existing", arn: encryption };
}

function arrangeNetwork(config: Configuration): NetworkSettings {
  const { network, subnetIds, securityGroupIds, vpcCidr, natGateway } = config;
  if (network === "existing") return { kind: network, subnetIds, securityGroupIds };
  if (network === "new") return { kind: network, cidr: vpcCidr, natGateway };
  return { kind: "none" };
}
