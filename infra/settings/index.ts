import type { Configuration } from "./schema";
import type { Transition } from "./transitions";

export { loadSettings } from "./load";

/** One camera's pipeline. */
export interface StreamSettings {
  /** The Kinesis video stream's name, which the camera sends to. */
  name: string;
  /** Length of a clip in S3. */
  clipSeconds: number;
  /** How long Kinesis Video Streams keeps the footage itself. */
  retentionHours: number;
  /** Recording starts when more fragments than this arrive within `alarmPeriodSeconds`. */
  alarmThreshold: number;
  alarmPeriodSeconds: number;
  /** Whether recording also starts with the first fragment that the producer tags. */
  notify: boolean;
  /** Whether Drain lets the stream go with footage that cannot be archived; the ledger names it then. */
  abandons: boolean;
}

/** Where footage is kept, and for how long. */
export interface ArchiveSettings {
  /** The existing bucket to archive into; without it one is made. */
  bucket?: string;
  /** Where in the bucket the archive begins: empty, or ending in a slash. */
  prefix: string;
  /** Whether the bucket that is made outlives the stack. */
  keepBucket: boolean;
  /** In the order in which a clip goes through them. */
  clipTransitions: Transition[];
  clipExpiryDays?: number;
  lock?: { mode: "governance" | "compliance"; days: number };
}

/** What encrypts: keys of AWS, a customer key of the stack's own, or an existing one. */
export type EncryptionSettings =
  | { key: "aws-managed" }
  | { key: "new-key" }
  | { key: "existing"; arn: string };

/** Where the functions run. */
export type NetworkSettings =
  | { kind: "none" }
  | { kind: "existing"; subnetIds: string[]; securityGroupIds: string[] }
  | { kind: "new"; cidr: string; natGateway: boolean };

/** How cameras sign in with Cognito. */
export interface DeviceSettings {
  mfa: "off" | "optional" | "required";
  /** Whether people may open accounts by themselves. */
  signUp: boolean;
}

/** A stack's settings, checked and complete. */
export interface Settings
  extends Pick<
    Configuration,
    "reconcileMinutes" | "logRetentionDays" | "alertEmails" | "reservedConcurrency"
  > {
  streams: StreamSettings[];
  archive: ArchiveSettings;
  encryption: EncryptionSettings;
  network: NetworkSettings;
  /** Undefined when cameras do not sign in with Cognito. */
  devices?: DeviceSettings;
  /** The ARN of one's own processing of each clip. */
  clipHook?: string;
  /** Tags of everything, beside the stack's name: `owner` and `event`, where they are given. */
  tags: Record<string, string>;
}
