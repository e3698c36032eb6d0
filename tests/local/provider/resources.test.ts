import { expect } from "chai";
import { type Clients, makeClients } from "../../../local/provider/clients";
import * as lifecycle from "../../../local/provider/lifecycle";
import type { Properties } from "../../../local/provider/resourceType";
import { startWholeCloud, type WholeCloud } from "../../support/wholeCloud";

const ACCOUNT = "123456789012";
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:letters`;
const policy = (Action: string, Resource: string) => {
  const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal, Action, Resource }],
  });
};

/** A type with inputs to make it of, inputs to bring it to, and the types that it stands on. */
interface Example {
  first: (on: Properties[]) => Properties;
  next: (on: Properties[]) => Properties;
  on?: [token: string, inputs: Properties][];
  /** Its resource is never without one: removing it brings the service's own back. */
  hasDefault?: boolean;
}

const TOPIC: [string, Properties] = ["aws:sns/topic:Topic", { name: "alerts" }];
const KEY: [string, Properties] = ["aws:kms/key:Key", { description: "under test" }];

const USERS: [string, Properties] = ["aws:cognito/userPool:UserPool", { name: "phones" }];
const IDENTITIES: [string, Properties] = [
  "aws:cognito/identityPool:IdentityPool",
  { identityPoolName: "phones" },
];
const BUCKET: [string, Properties] = ["aws:s3/bucket:Bucket", { bucket: "clips", objectLockEnabled: true }];
const LOG_KEY: [string, Properties] = [
  "aws:kms/key:Key",
  {
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          ...{ Effect: "Allow", Action: "kms:*", Resource: "*" },
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root`, Service: "logs.us-east-1.amazonaws.com" },
        },
      ],
    }),
  },
];

const EXAMPLES: Record<string, Example> = {
  "aws:sns/topic:Topic": {
    first: () => ({
      name: "alerts",
      displayName: "Alerts",
      kmsMasterKeyId: "alias/a",
      tags: { a: "1", b: "2" },
    }),
    next: () => ({
      name: "alerts",
      kmsMasterKeyId: "alias/b",
      tracingConfig: "Active",
      signatureVersion: 2,
      tags: { b: "3" },
    }),
  },
  "aws:sns/topicPolicy:TopicPolicy": {
    hasDefault: true,
    on: [TOPIC],
    first: ([topic]) => ({ arn: topic?.arn, policy: policy("sns:Publish", String(topic?.arn)) }),
    next: ([topic]) => ({ arn: topic?.arn, policy: policy("sns:Subscribe", String(topic?.arn)) }),
  },
  "aws:sns/topicSubscription:TopicSubscription": {
    on: [TOPIC],
    first: ([topic]) => ({ topic: topic?.arn, protocol: "sqs", endpoint: QUEUE, rawMessageDelivery: true }),
    next: ([topic]) => ({
      ...{ topic: topic?.arn, protocol: "sqs", endpoint: QUEUE, rawMessageDelivery: false },
      redrivePolicy: JSON.stringify({ deadLetterTargetArn: QUEUE }),
    }),
  },
  "aws:kms/key:Key": {
    first: () => ({
      description: "archive",
      enableKeyRotation: true,
      deletionWindowInDays: 7,
      tags: { a: "1" },
    }),
    next: () => ({
      ...{ description: "all", enableKeyRotation: true, rotationPeriodInDays: 90, deletionWindowInDays: 7 },
      ...{ policy: policy("kms:*", "*"), isEnabled: true, tags: { b: "2" } },
    }),
  },
  "aws:kms/alias:Alias": {
    on: [KEY, KEY],
    first: ([key]) => ({ name: "alias/archive", targetKeyId: key?.keyId }),
    next: ([, key]) => ({ name: "alias/archive", targetKeyId: key?.keyId }),
  },
  "aws:sqs/queue:Queue": {
    on: [KEY],
    first: () => ({ name: "letters", sqsManagedSseEnabled: true, delaySeconds: 5 }),
    next: ([key]) => ({ name: "letters", kmsMasterKeyId: key?.arn, kmsDataKeyReusePeriodSeconds: 600 }),
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    on: [LOG_KEY],
    first: ([key]) => ({ name: "/aws/lambda/archive", retentionInDays: 30, kmsKeyId: key?.arn }),
    next: () => ({ name: "/aws/lambda/archive" }),
  },
  "aws:s3/bucketLogging:BucketLogging": {
    on: [BUCKET],
    first: ([bucket]) => ({ bucket: bucket?.bucket, targetBucket: "clips", targetPrefix: "a/" }),
    next: ([bucket]) => ({ bucket: bucket?.bucket, targetBucket: "clips", targetPrefix: "b/" }),
  },
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": {
    on: [BUCKET],
    first: ([bucket]) => ({
      ...{ bucket: bucket?.bucket, rule: { defaultRetention: { mode: "GOVERNANCE", days: 30 } } },
    }),
    next: ([bucket]) => ({
      ...{ bucket: bucket?.bucket, rule: { defaultRetention: { mode: "COMPLIANCE", years: 1 } } },
    }),
  },
  "aws:s3/bucketNotification:BucketNotification": {
    hasDefault: true,
    on: [BUCKET],
    first: ([bucket]) => ({ bucket: bucket?.bucket, eventbridge: true }),
    next: ([bucket]) => ({ bucket: bucket?.bucket, eventbridge: false }),
  },
  "aws:cognito/userPool:UserPool": {
    first: () => ({
      ...{ name: "phones", mfaConfiguration: "OFF", tags: { a: "1" } },
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
      passwordPolicy: { minimumLength: 14, requireSymbols: true },
      schemas: [{ name: "stream", attributeDataType: "String", mutable: true }],
    }),
    next: () => ({
      ...{ name: "phones", mfaConfiguration: "OPTIONAL", softwareTokenMfaConfiguration: { enabled: true } },
      ...{ passwordPolicy: { minimumLength: 20 }, tags: { b: "2" } },
      schemas: [{ name: "stream", attributeDataType: "String", mutable: true }],
    }),
  },
  "aws:cognito/userPoolClient:UserPoolClient": {
    on: [USERS],
    first: ([pool]) => ({ userPoolId: pool?.id, name: "app", explicitAuthFlows: ["ALLOW_USER_SRP_AUTH"] }),
    next: ([pool]) => ({ userPoolId: pool?.id, name: "app", writeAttributes: ["email"], idTokenValidity: 2 }),
  },
  "aws:cognito/user:User": {
    on: [USERS],
    first: ([pool]) => ({ userPoolId: pool?.id, username: "ada", enabled: true }),
    next: ([pool]) => ({ userPoolId: pool?.id, username: "ada", enabled: false }),
  },
  "aws:cognito/identityPool:IdentityPool": {
    first: () => ({
      ...{ identityPoolName: "phones", allowUnauthenticatedIdentities: false, tags: { a: "1" } },
      cognitoIdentityProviders: [{ clientId: "app", providerName: "p", serverSideTokenCheck: true }],
    }),
    next: () => ({ identityPoolName: "phones", allowUnauthenticatedIdentities: true, tags: { b: "2" } }),
  },
  "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment": {
    on: [IDENTITIES],
    first: ([pool]) => ({
      identityPoolId: pool?.id,
      roles: { authenticated: `arn:aws:iam::${ACCOUNT}:role/a` },
    }),
    next: ([pool]) => ({
      identityPoolId: pool?.id,
      roles: { authenticated: `arn:aws:iam::${ACCOUNT}:role/b` },
    }),
  },
  "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag": {
    on: [IDENTITIES],
    first: ([pool]) => ({
      ...{ identityPoolId: pool?.id, identityProviderName: "p", principalTags: { stream: "custom:stream" } },
    }),
    next: ([pool]) => ({
      ...{ identityPoolId: pool?.id, identityProviderName: "p", principalTags: { stream: "sub" } },
    }),
  },
  "aws:kms/keyPolicy:KeyPolicy": {
    hasDefault: true,
    on: [KEY],
    first: ([key]) => ({ keyId: key?.keyId, policy: policy("kms:*", "*") }),
    next: ([key]) => ({
      keyId: key?.keyId,
      policy: policy("kms:*", `arn:aws:kms:us-east-1:${ACCOUNT}:key/*`),
    }),
  },
};

describe("the provider's resource type", () => {
  let cloud: WholeCloud;
  let clients: Clients;
  beforeEach(async () => {
    cloud = await startWholeCloud();
    clients = makeClients(cloud.clientConfig);
  });
  afterEach(() => cloud.close());

  for (const [token, { first, next, on = [], hasDefault = false }] of Object.entries(EXAMPLES)) {
    it(`${token} is made as its inputs say, changed to others, and gone when it is removed`, async () => {
      const ground: Properties[] = [];
      for (const [type, inputs] of on) {
        const { id, properties } = await lifecycle.create(type, inputs, clients);
        ground.push({ ...properties, id });
      }
      const [given, other] = [first(ground), next(ground)];

      const made = await lifecycle.create(token, given, clients);
      const asMade = await lifecycle.read(token, made, given, clients);
      const changed = await lifecycle.update(token, made, given, other, clients);
      const asChanged = await lifecycle.read(token, { ...made, properties: changed }, other, clients);
      await lifecycle.remove(token, { ...made, properties: changed }, clients);

      expect(asMade?.inputs).to.deep.equal(given);
      expect(asChanged?.inputs).to.deep.equal(other);
      const left = await lifecycle.read(token, { ...made, properties: changed }, other, clients);
      expect(left === undefined).to.equal(!hasDefault);
      await lifecycle.remove(token, { ...made, properties: changed }, clients);
    });
  }
});
