import { make } from "covertable";
import * as fc from "fast-check";

/** A stack's configuration as values by key, without the project's name. */
export type Values = Record<string, unknown>;

/**
 * What a stack can be set to, by what it is about: for each, settings that make other resources or make them otherwise.
 * Any choice of one per line is a valid configuration.
 */
export const choices: Record<string, Values[]> = {
  streams: [
    { streams: [{ name: "gate" }, { name: "podium", clipSeconds: 60, notify: true, fragmentSeconds: 2 }] },
    { streams: [{ name: "gate", alarmThreshold: 3, alarmPeriodSeconds: 120 }], notify: true },
    {
      streams: [{ name: "gate", clipSeconds: 900, retentionHours: 25 }],
      clipSeconds: 60,
      retentionHours: 720,
    },
    { streams: [{ name: "gate" }], alarmThreshold: 0, alarmPeriodSeconds: 300 },
    { streams: [{ name: "gate" }], fragmentSeconds: 1 },
  ],
  archive: [
    {},
    { bucket: "of-my-own" },
    { keepBucket: false, clipExpiryDays: 30 },
    {
      clipTransitions: [
        { afterDays: 30, storageClass: "STANDARD_IA" },
        { afterDays: 60, storageClass: "DEEP_ARCHIVE" },
      ],
      lockMode: "governance",
      lockDays: 30,
    },
    { lockMode: "compliance", lockDays: 365, clipExpiryDays: 365 },
  ],
  prefix: [{}, { prefix: "derby/" }],
  encryption: [
    {},
    { encryption: "new-key" },
    { encryption: "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666" },
  ],
  network: [
    {},
    {
      network: "existing",
      subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
      securityGroupIds: ["sg-0a1b2c3d"],
    },
    { network: "new" },
    { network: "new", vpcCidr: "10.1.0.0/20", natGateway: true },
  ],
  devices: [
    {},
    { deviceSignIn: true },
    { deviceSignIn: true, deviceMfa: "required" },
    { deviceSignIn: true, deviceMfa: "off", deviceSignUp: true },
  ],
  alerts: [{}, { alertEmails: ["me@example.com", "you@example.com"] }],
  hook: [
    {},
    { clipHook: "arn:aws:lambda:us-east-1:123456789012:function:mine" },
    { clipHook: "arn:aws:sqs:us-east-1:123456789012:mine" },
    { clipHook: "arn:aws:sns:us-east-1:123456789012:mine" },
    { clipHook: "arn:aws:states:us-east-1:123456789012:stateMachine:mine" },
    { clipHook: "arn:aws:events:us-east-1:123456789012:event-bus/mine" },
  ],
  concurrency: [
    {},
    { reservedConcurrency: { archiveClip: 20 } },
    {
      reservedConcurrency: {
        checkAlarmTag: 5,
        checkAlarmState: 5,
        archiveClip: 7,
        reconcile: 1,
        reconcileStream: 9,
      },
    },
  ],
  schedule: [
    {},
    { reconcileMinutes: 1, logRetentionDays: 365 },
    { reconcileMinutes: 60, logRetentionDays: 1 },
  ],
  tags: [{}, { owner: "me", event: "derby" }],
};

/** Configurations among which every two choices meet. */
export const pairwise: Values[] = (make(choices) as Record<string, Values>[]).map(merge);

/** Any configuration of the choices. */
export const anyConfiguration: fc.Arbitrary<Values> = fc
  .record(
    Object.fromEntries(Object.entries(choices).map(([about, values]) => [about, fc.constantFrom(...values)])),
  )
  .map(merge);

function merge(chosen: Record<string, Values>): Values {
  return Object.assign({}, ...Object.values(chosen)) as Values;
}

/** The configuration as Pulumi holds it. */
export function asConfig(values: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `lastframe:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}
