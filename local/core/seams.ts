import type { Call } from "./service";

/** How services of the local cloud reach each other. Each is a plain function that `cloud.ts` hands in. */

/** A data point of a metric, as a service publishes it to CloudWatch. */
export type PutMetric = (datum: {
  namespace: string;
  metricName: string;
  dimensions: Record<string, string>;
  value: number;
  unit: string;
  timestampMs: number;
}) => void;

/** An event that a service puts on the account's default bus. */
export type PublishEvent = (event: {
  source: string;
  detailType: string;
  detail: object;
  resources: string[];
  timeMs: number;
}) => void;

/** Delivers what a rule, an alarm, a topic or a dead letter sends to its target; rejects when the target did not take it. */
export type InvokeTarget = (target: {
  arn: string;
  /** The role to act as; without one the service acts as `servicePrincipal` and the target's own policy decides. */
  roleArn?: string;
  servicePrincipal: string;
  /** The rule, alarm or other resource on whose behalf the call is made (`aws:SourceArn`). */
  sourceArn: string;
  payload: string;
  /** The line of a message to a topic that mail shows as its subject. */
  subject?: string;
  /** Attributes of a message to a queue or topic, such as EventBridge sets on dead letters. */
  messageAttributes?: Record<
    string,
    string | { DataType?: string; StringValue?: string; BinaryValue?: string }
  >;
}) => Promise<void>;

/** Publishes to a topic by the permission of the caller of `call`; rejects when the topic did not take the message. */
export type PublishToTopic = (message: {
  topicArn: string;
  subject: string;
  message: string;
  call: Call;
}) => Promise<void>;

/**
 * Asks KMS whether the caller of `call` may use a key through a service, which is what encrypting or decrypting what
 * that service keeps comes to.
 * @returns the key's ARN
 * @throws KMS's own error: AccessDeniedException, NotFoundException, DisabledException, KMSInvalidStateException
 */
export type UseKey = (use: {
  /** A key's id or ARN, or an alias's name or ARN. */
  keyId: string;
  operations: ("GenerateDataKey" | "Decrypt" | "Encrypt" | "CreateGrant")[];
  call: Call;
  /** The service on the way, as `kms:ViaService` begins: `sns`. Nothing where a service calls for itself. */
  via?: string;
  encryptionContext?: Record<string, string>;
}) => Promise<string>;

/**
 * Makes a call that one service makes inside the cloud: as a role's session, or as the service itself.
 * `servicePrincipal` beside a role says who takes it on, and `sourceArn` for what, so that the role's trust policy is asked.
 */
export type CallAs = (
  who:
    | { roleArn: string; sessionName: string; servicePrincipal?: string; sourceArn?: string }
    | { servicePrincipal: string; sourceArn: string },
) => Call;

/** Appends a line to a log stream, made if absent when its group exists. */
export type WriteLog = (entry: {
  logGroupName: string;
  logStreamName: string;
  message: string;
  timestampMs: number;
}) => void;

/** Temporary credentials of a role's session, as STS hands them out. */
export interface SessionCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}

/**
 * Issues credentials of a role's session, valid for `durationSeconds` of the machine's time (12 hours unless said); the
 * endpoint checks signatures made with them.
 */
export type IssueCredentials = (role: {
  roleArn: string;
  sessionName: string;
  durationSeconds?: number;
  /** Condition keys that the session brings, such as its tags (`aws:PrincipalTag/stream`). */
  context?: Record<string, string | string[]>;
}) => SessionCredentials;
