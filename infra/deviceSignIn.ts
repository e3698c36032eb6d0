import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { makeArn } from "./policies";
import type { DeviceSettings } from "./settings";

export interface DeviceSignInArgs extends DeviceSettings {
  /** `project/stack`: the `stack` tag of the streams that devices may send to, beside those of recording events. */
  stack: string;
  /** The topic that streams notify; PutMedia publishes to it with the device's own right. */
  notificationTopicArn?: pulumi.Input<string>;
  /** The customer key that encrypts streams and topic. */
  keyArn?: pulumi.Input<string>;
  tags: Record<string, string>;
}

/**
 * How phones sign in: a Cognito user pool and an identity pool without guests. A user's attribute `custom:stream`, which
 * the app cannot write, becomes the session's tag `stream`
 * (https://docs.aws.amazon.com/cognito/latest/developerguide/attributes-for-access-control.html), and a device may send to
 * the stream of that tag and do nothing else.
 */
export class DeviceSignIn extends pulumi.ComponentResource {
  readonly userPoolId: pulumi.Output<string>;
  readonly appClientId: pulumi.Output<string>;
  readonly identityPoolId: pulumi.Output<string>;
  /** `awsconfiguration.json` as the demo app of AWS for Android reads it. */
  readonly appConfiguration: pulumi.Output<string>;

  constructor(name: string, args: DeviceSignInArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:DeviceSignIn", name, {}, opts);
    const { stack, mfa, signUp, notificationTopicArn, keyArn, tags } = args;
    const child = { parent: this };

    const { region } = aws.getRegionOutput({}, child);
    const arn = makeArn(child);
    const users = createUserPool();
    const app = createAppClient();
    const identities = createIdentityPool();
    const role = createDeviceRole();
    new aws.cognito.IdentityPoolRoleAttachment(
      name,
      { identityPoolId: identities.id, roles: { authenticated: role.arn } },
      child,
    );

    this.userPoolId = users.id;
    this.appClientId = app.id;
    this.identityPoolId = identities.id;
    this.appConfiguration = appConfiguration();
    this.registerOutputs({
      userPoolId: this.userPoolId,
      appClientId: this.appClientId,
      identityPoolId: this.identityPoolId,
    });

    function createUserPool() {
      return new aws.cognito.UserPool(
        name,
        {
          adminCreateUserConfig: { allowAdminCreateUserOnly: !signUp },
          passwordPolicy: {
            minimumLength: 14,
            requireLowercase: true,
            requireUppercase: true,
            requireNumbers: true,
            requireSymbols: true,
            temporaryPasswordValidityDays: 7,
          },
          mfaConfiguration: { off: "OFF", optional: "OPTIONAL", required: "ON" }[mfa],
          softwareTokenMfaConfiguration: mfa === "off" ? undefined : { enabled: true },
          autoVerifiedAttributes: ["email"],
          accountRecoverySetting: { recoveryMechanisms: [{ name: "verified_email", priority: 1 }] },
          usernameConfiguration: { caseSensitive: false },
          schemas: [
            {
              name: "stream",
              attributeDataType: "String",
              mutable: true,
              stringAttributeConstraints: { minLength: "1", maxLength: "256" },
            },
          ],
          tags,
        },
        child,
      );
    }

    function createAppClient() {
      return new aws.cognito.UserPoolClient(
        name,
        {
          userPoolId: users.id,
          // A secret in an app is known to whoever has the app.
          generateSecret: false,
          explicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
          readAttributes: ["email", "email_verified", "custom:stream"],
          writeAttributes: ["email"],
          preventUserExistenceErrors: "ENABLED",
          enableTokenRevocation: true,
          accessTokenValidity: 1,
          idTokenValidity: 1,
          refreshTokenValidity: 30,
          tokenValidityUnits: { accessToken: "hours", idToken: "hours", refreshToken: "days" },
        },
        child,
      );
    }

    function createIdentityPool() {
      const pool = new aws.cognito.IdentityPool(
        name,
        {
          identityPoolName: name,
          allowUnauthenticatedIdentities: false,
          allowClassicFlow: false,
          cognitoIdentityProviders: [
            { clientId: app.id, providerName: users.endpoint, serverSideTokenCheck: true },
          ],
          tags,
        },
        child,
      );
      new aws.cognito.IdentityPoolProviderPrincipalTag(
        name,
        {
          identityPoolId: pool.id,
          identityProviderName: users.endpoint,
          useDefaults: false,
          principalTags: { stream: "custom:stream" },
        },
        child,
      );
      return pool;
    }

    function createDeviceRole() {
      const devices = new aws.iam.Role(
        `${name}-device`,
        {
          assumeRolePolicy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [
              {
                Effect: "Allow",
                Principal: { Federated: "cognito-identity.amazonaws.com" },
                Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
                Condition: {
                  StringEquals: { "cognito-identity.amazonaws.com:aud": identities.id },
                  "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
                },
              },
            ],
          }),
          tags,
        },
        child,
      );
      new aws.iam.RolePolicy(
        `${name}-device`,
        {
          role: devices.name,
          policy: pulumi.jsonStringify({ Version: "2012-10-17", Statement: deviceStatements() }),
        },
        child,
      );
      return devices;
    }

    /** What a producer library calls for a stream that is there, and nothing that reads, makes or changes one. */
    function deviceStatements(): object[] {
      const statements: object[] = [
        {
          Effect: "Allow",
          Action: ["kinesisvideo:DescribeStream", "kinesisvideo:GetDataEndpoint", "kinesisvideo:PutMedia"],
          Resource: arn("kinesisvideo", "stream/*/*"),
          Condition: {
            StringEquals: { "aws:ResourceTag/stream": `\${aws:PrincipalTag/stream}` },
            // Recording events have stacks and streams of their own; their phones sign in here too.
            StringLike: { "aws:ResourceTag/stack": [stack, `${pulumi.getProject()}/event-*`] },
            // Drain closes a stream before it goes.
            Null: { "aws:ResourceTag/closed": "true" },
          },
        },
      ];
      if (notificationTopicArn)
        statements.push({ Effect: "Allow", Action: "sns:Publish", Resource: notificationTopicArn });
      const through = (service: string) => ({
        StringEquals: { "kms:ViaService": pulumi.interpolate`${service}.${region}.amazonaws.com` },
      });
      const key = { Effect: "Allow", Resource: keyArn };
      if (keyArn)
        statements.push({ ...key, Action: "kms:GenerateDataKey", Condition: through("kinesisvideo") });
      if (keyArn && notificationTopicArn) {
        const publish = ["kms:Decrypt", "kms:GenerateDataKey"];
        statements.push({ ...key, Action: publish, Condition: through("sns") });
      }
      return statements;
    }

    /** Without the client's secret, of which there is none. The Region of the streams is a constant in the app's source. */
    function appConfiguration(): pulumi.Output<string> {
      return pulumi
        .all([region, users.id, app.id, identities.id])
        .apply(([Region, PoolId, AppClientId, identityPoolId]) =>
          JSON.stringify(
            {
              Version: "1.0",
              CredentialsProvider: { CognitoIdentity: { Default: { PoolId: identityPoolId, Region } } },
              IdentityManager: { Default: {} },
              CognitoUserPool: { Default: { AppClientId, PoolId, Region } },
            },
            null,
            2,
          ),
        );
    }
  }
}
