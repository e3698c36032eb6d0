import { foundValue, type Problem } from "./problems";
import { type Configuration, DEFAULTS, type StreamEntry } from "./schema";
import { paidForAfterDays } from "./transitions";

/** PutMedia takes at most five fragments a second of a stream (Kinesis Video Streams quotas). */
const FRAGMENTS_PER_SECOND = 5;

interface Rule<K> {
  key: K;
  /** Whether the value of this key is wrong beside the others. */
  isWrong: boolean;
  advice: string;
}

/**
 * Settings that are right by themselves and wrong together.
 * @param config the values of the keys that are right by themselves, with defaults filled in
 * @param region where the stack is deployed, if its configuration says so
 */
export function contradictions(config: Partial<Configuration>, region: string | undefined): Problem[] {
  return problemsOf(config, [
    ...regionRules(config, region),
    ...alarmRules(config, config),
    ...archiveRules(config),
    ...networkRules(config),
    ...deviceRules(config),
  ]);
}

/**
 * The same of one entry of the list of streams.
 * @param entry the values of its keys that are right by themselves
 * @param config the stack's settings, which hold where the entry states nothing
 */
export function streamContradictions(
  entry: Partial<StreamEntry>,
  config: Partial<Configuration>,
  path: PropertyKey[],
): Problem[] {
  const rules = [...alarmRules(entry, config), ...periodRules(entry, config)];
  return problemsOf(entry, rules).map((problem) => ({
    ...problem,
    path: [...path, ...problem.path],
  }));
}

function problemsOf<T extends object>(config: T, rules: Rule<keyof T>[]): Problem[] {
  return rules
    .filter(({ isWrong }) => isWrong)
    .map(({ key, advice }) => ({ path: [key], found: foundValue(config[key]), advice }));
}

/** An entry's zero says nothing of its fragments, as the stack's does. */
function alarmRules(own: Partial<StreamEntry>, stack: Partial<Configuration>): Rule<"alarmThreshold">[] {
  const { alarmThreshold, fragmentSeconds } = own;
  const isStated = own === stack ? alarmThreshold !== DEFAULTS.alarmThreshold : alarmThreshold !== undefined;
  const most = FRAGMENTS_PER_SECOND * (own.alarmPeriodSeconds ?? stack.alarmPeriodSeconds ?? 3600);
  return [
    {
      key: "alarmThreshold",
      isWrong: isStated && !!fragmentSeconds,
      advice: `fragmentSeconds is ${fragmentSeconds}, from which a threshold follows: leave one of the two out`,
    },
    {
      key: "alarmThreshold",
      isWrong: alarmThreshold !== undefined && alarmThreshold > most,
      advice: `no more than ${most} fragments arrive in the alarm's period: write at most ${most}`,
    },
  ];
}

/** An entry that states a period alone is held against the threshold of the stack. */
function periodRules(
  { alarmThreshold, fragmentSeconds, alarmPeriodSeconds = 3600 }: Partial<StreamEntry>,
  stack: Partial<Configuration>,
): Rule<"alarmPeriodSeconds">[] {
  const isOfStack = alarmThreshold === undefined && fragmentSeconds === undefined && !stack.fragmentSeconds;
  const threshold = stack.alarmThreshold ?? 0;
  const most = FRAGMENTS_PER_SECOND * alarmPeriodSeconds;
  return [
    {
      key: "alarmPeriodSeconds",
      isWrong: isOfStack && threshold > most,
      advice: `no more than ${most} fragments arrive in it, and the stack's alarmThreshold is ${threshold}: give the stream an alarmThreshold of its own`,
    },
  ];
}

/** What is of another Region cannot be used, or only by an event bus. */
function regionRules(
  { encryption = "", clipHook = "" }: Partial<Configuration>,
  region: string | undefined,
): Rule<"encryption" | "clipHook">[] {
  const isElsewhere = (arn: string) => {
    const [, , , ofArn] = arn.split(":");
    return region !== undefined && !!ofArn && ofArn !== region;
  };
  return [
    {
      key: "encryption",
      isWrong: isElsewhere(encryption),
      advice: `the stack is in ${region} (aws:region): write the ARN of a key there`,
    },
    {
      key: "clipHook",
      isWrong: isElsewhere(clipHook) && !clipHook.includes(":events:"),
      advice: `the stack is in ${region} (aws:region), from where only event buses of other Regions are reached: write the ARN of one, or of a target there`,
    },
  ];
}

function archiveRules(config: Partial<Configuration>): Rule<keyof Configuration>[] {
  const { bucket = "", keepBucket, clipTransitions = [], clipExpiryDays = 0, lockMode, lockDays } = config;
  const isLocked = lockMode === "governance" || lockMode === "compliance";
  const hasExpiry = clipExpiryDays > 0;
  const isForeign = bucket !== "";
  const ofItsOwner =
    "bucket names an existing bucket, whose settings are its owner's: set it there, and leave the key out";
  const paidFor = paidForAfterDays(clipTransitions);
  const [last] = clipTransitions.slice(-1);
  return [
    { key: "clipTransitions", isWrong: isForeign && clipTransitions.length > 0, advice: ofItsOwner },
    { key: "clipExpiryDays", isWrong: isForeign && hasExpiry, advice: ofItsOwner },
    { key: "lockMode", isWrong: isForeign && isLocked, advice: ofItsOwner },
    {
      key: "keepBucket",
      isWrong: isForeign && keepBucket === false,
      advice: "bucket names an existing bucket, which is never deleted: leave the key out",
    },
    {
      key: "keepBucket",
      isWrong: isLocked && keepBucket === false,
      advice: `lockMode is ${lockMode}, and a bucket of locked objects cannot be deleted: leave the key out`,
    },
    {
      key: "lockDays",
      isWrong: isLocked && lockDays === 0,
      advice: `lockMode is ${lockMode}: write for how many days`,
    },
    {
      key: "lockDays",
      isWrong: lockMode === "none" && !!lockDays,
      advice: "lockMode is none: leave the key out, or set lockMode to governance or compliance",
    },
    {
      key: "clipExpiryDays",
      isWrong: hasExpiry && clipExpiryDays < paidFor,
      advice: `clips move to ${last?.storageClass} after ${last?.afterDays} days and are billed as such up to day ${paidFor}: write ${paidFor} or more`,
    },
    {
      key: "clipExpiryDays",
      isWrong: hasExpiry && isLocked && lockDays !== undefined && clipExpiryDays < lockDays,
      advice: `Object Lock holds clips for ${lockDays} days: write ${lockDays} or more`,
    },
  ];
}

function networkRules(config: Partial<Configuration>): Rule<keyof Configuration>[] {
  const { network, subnetIds, securityGroupIds, natGateway } = config;
  const isStated = (key: "vpcCidr") => Object.hasOwn(config, key) && config[key] !== DEFAULTS[key];
  const isOther = (value: string) => network !== undefined && network !== value;
  const only = (value: string) => `network is ${network}: leave the key out, or set network to ${value}`;
  return [
    {
      key: "subnetIds",
      isWrong: network === "existing" && subnetIds?.length === 0,
      advice: "network is existing: write the ids of its subnets",
    },
    {
      key: "securityGroupIds",
      isWrong: network === "existing" && securityGroupIds?.length === 0,
      advice: "network is existing: write the ids of security groups",
    },
    { key: "subnetIds", isWrong: isOther("existing") && !!subnetIds?.length, advice: only("existing") },
    {
      key: "securityGroupIds",
      isWrong: isOther("existing") && !!securityGroupIds?.length,
      advice: only("existing"),
    },
    { key: "vpcCidr", isWrong: isOther("new") && isStated("vpcCidr"), advice: only("new") },
    { key: "natGateway", isWrong: isOther("new") && natGateway === true, advice: only("new") },
  ];
}

function deviceRules(config: Partial<Configuration>): Rule<keyof Configuration>[] {
  const { deviceSignIn, deviceSignUp, deviceMfa } = config;
  const advice = "deviceSignIn is false: leave the key out, or set deviceSignIn to true";
  return [
    { key: "deviceSignUp", isWrong: deviceSignIn === false && deviceSignUp === true, advice },
    { key: "deviceMfa", isWrong: deviceSignIn === false && deviceMfa === "required", advice },
  ];
}
