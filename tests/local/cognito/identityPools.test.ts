import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { startWholeCloud, type WholeCloud } from "../../support/wholeCloud";
import { makePhone } from "./phone";

const PASSWORD = "Correct-horse-7-battery";
const FEDERATED = "cognito-identity.amazonaws.com";

describe("Cognito identity pools", () => {
  let cloud: WholeCloud;
  let users: CognitoIdentityProvider;
  let identities: CognitoIdentity;
  let iam: IAM;
  let provider: string;
  let poolId: string;
  let IdentityPoolId: string;
  let clientId: string;

  beforeEach(async () => {
    cloud = await startWholeCloud();
    users = new CognitoIdentityProvider(cloud.clientConfig);
    identities = new CognitoIdentity(cloud.clientConfig);
    iam = new IAM(cloud.clientConfig);
    const { UserPool } = await users.createUserPool({
      PoolName: "phones",
      Schema: [{ Name: "stream", AttributeDataType: "String", Mutable: true }],
    });
    poolId = UserPool?.Id ?? "";
    const { UserPoolClient } = await users.createUserPoolClient({ UserPoolId: poolId, ClientName: "app" });
    clientId = UserPoolClient?.ClientId ?? "";
    provider = `cognito-idp.us-east-1.amazonaws.com/${poolId}`;
    const made = await identities.createIdentityPool({
      IdentityPoolName: "phones",
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: [{ ProviderName: provider, ClientId: clientId, ServerSideTokenCheck: true }],
    });
    IdentityPoolId = made.IdentityPoolId ?? "";
    await identities.setPrincipalTagAttributeMap({
      ...{ IdentityPoolId, IdentityProviderName: provider, UseDefaults: false },
      PrincipalTags: { stream: "custom:stream" },
    });
  });
  afterEach(async () => {
    for (const client of [users, identities, iam]) client.destroy();
    await cloud.close();
  });

  /** Makes the role of devices: each may describe the stream whose tag is its own. */
  async function attachRole(
    Action = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
    aud = IdentityPoolId,
  ) {
    const Condition = {
      StringEquals: { [`${FEDERATED}:aud`]: aud },
      "ForAnyValue:StringLike": { [`${FEDERATED}:amr`]: "authenticated" },
    };
    const trust = { Effect: "Allow", Principal: { Federated: FEDERATED }, Action, Condition };
    const { Role } = await iam.createRole({
      RoleName: "device",
      AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
    });
    const own = { StringEquals: { "aws:ResourceTag/stream": `\${aws:PrincipalTag/stream}` } };
    const statement = {
      Effect: "Allow",
      Action: "kinesisvideo:DescribeStream",
      Resource: "*",
      Condition: own,
    };
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await iam.putRolePolicy({ RoleName: "device", PolicyName: "own-stream", PolicyDocument });
    await identities.setIdentityPoolRoles({ IdentityPoolId, Roles: { authenticated: Role?.Arn ?? "" } });
  }

  async function idTokenOf(Username: string, stream: string): Promise<string> {
    const UserAttributes = [{ Name: "custom:stream", Value: stream }];
    await users.adminCreateUser({ UserPoolId: poolId, Username, UserAttributes });
    await users.adminSetUserPassword({ UserPoolId: poolId, Username, Password: PASSWORD, Permanent: true });
    const phone = makePhone(cloud.url, poolId, clientId);
    const step = await phone.signIn(phone.userOf(Username), PASSWORD);
    if (step.kind !== "signedIn") throw new Error(`not signed in: ${step.kind}`);
    return step.session.getIdToken().getJwtToken();
  }

  const idOf = async (token: string) =>
    (await identities.getId({ IdentityPoolId, Logins: { [provider]: token } })).IdentityId;
  async function credentialsOf(token: string) {
    const IdentityId = await idOf(token);
    const { Credentials } = await identities.getCredentialsForIdentity({
      IdentityId,
      Logins: { [provider]: token },
    });
    return {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
  }

  it("give a user credentials whose tag is the user's attribute: the stream of that tag, and no other", async () => {
    await attachRole();
    const owner = new KinesisVideo(cloud.clientConfig);
    for (const StreamName of ["gate", "podium"]) {
      await owner.createStream({ StreamName, Tags: { stream: StreamName } });
    }

    const credentials = await credentialsOf(await idTokenOf("ada", "gate"));

    const camera = new KinesisVideo({ ...cloud.clientConfig, credentials });
    const { StreamInfo } = await camera.describeStream({ StreamName: "gate" });
    const refusal = await refusalOf(camera.describeStream({ StreamName: "podium" }));
    const { Arn } = await new STS({ ...cloud.clientConfig, credentials }).getCallerIdentity({});
    expect(StreamInfo?.StreamName).to.equal("gate");
    expect(refusal.name).to.equal("AccessDeniedException");
    expect(Arn).to.equal("arn:aws:sts::123456789012:assumed-role/device/CognitoIdentityCredentials");
  });

  it("know a user again, and tell users apart", async () => {
    const [ada, bob] = [await idTokenOf("ada", "gate"), await idTokenOf("bob", "podium")];

    const ids = [await idOf(ada), await idOf(ada), await idOf(bob)];

    expect(ids[0]).to.match(/^us-east-1:[0-9a-f-]{36}$/);
    expect(ids[1]).to.equal(ids[0]);
    expect(ids[2]).to.not.equal(ids[0]);
  });

  it("give one user's identity to no other", async () => {
    await attachRole();
    const [ada, bob] = [await idTokenOf("ada", "gate"), await idTokenOf("bob", "podium")];
    const IdentityId = await idOf(ada);
    await idOf(bob);

    const refusal = await refusalOf(
      identities.getCredentialsForIdentity({ IdentityId, Logins: { [provider]: bob } }),
    );

    expect(refusal.message).to.match(/^Logins don't match/);
  });

  it("take no guests where none are allowed", async () => {
    const refusal = await refusalOf(identities.getId({ IdentityPoolId }));

    expect(refusal).to.include({
      name: "NotAuthorizedException",
      message: "Unauthenticated access is not supported for this identity pool.",
    });
  });

  it("take no token that is altered, revoked, or of another pool", async () => {
    const token = await idTokenOf("ada", "gate");
    const [header, , signature] = token.split(".");
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, "custom:stream": "podium" })).toString(
      "base64url",
    );
    const altered = await refusalOf(idOf(`${header}.${forged}.${signature}`));
    const elsewhere = await refusalOf(
      identities.getId({
        IdentityPoolId,
        Logins: { "cognito-idp.us-east-1.amazonaws.com/us-east-1_other": token },
      }),
    );

    await users.adminDisableUser({ UserPoolId: poolId, Username: "ada" });

    expect(altered.message).to.equal("Invalid login token. Invalid Id Token.");
    expect(elsewhere.message).to.equal("Token is not from a supported provider of this identity pool.");
    expect((await refusalOf(idOf(token))).message).to.equal(
      "Invalid login token. Id Token has been revoked.",
    );
  });

  for (const [what, attach] of [
    ["lets no session be tagged", () => attachRole(["sts:AssumeRoleWithWebIdentity"])],
    ["admits another identity pool", () => attachRole(undefined, "us-east-1:another")],
    ["is not there", async () => undefined],
  ] as const) {
    it(`give no credentials where the role ${what}`, async () => {
      await attach();
      const token = await idTokenOf("ada", "gate");

      const refusal = await refusalOf(credentialsOf(token));

      expect(refusal.name).to.equal("InvalidIdentityPoolConfigurationException");
    });
  }
});
