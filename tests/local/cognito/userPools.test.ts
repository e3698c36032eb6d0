import { createHmac } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  CognitoIdentityProvider,
  type CreateUserPoolClientRequest,
  type CreateUserPoolRequest,
} from "@aws-sdk/client-cognito-identity-provider";
import { CognitoUserAttribute } from "amazon-cognito-identity-js";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { startWholeCloud, type WholeCloud } from "../../support/wholeCloud";
import { makePhone, type Phone } from "./phone";

const PASSWORD = "Correct-horse-7-battery";

describe("Cognito user pools", () => {
  let cloud: WholeCloud;
  let admin: CognitoIdentityProvider;
  let poolId: string;
  let clientId: string;
  let phone: Phone;
  beforeEach(async () => {
    cloud = await startWholeCloud();
    admin = new CognitoIdentityProvider(cloud.clientConfig);
  });
  afterEach(async () => {
    admin.destroy();
    await cloud.close();
  });

  async function makePool(
    pool: Partial<CreateUserPoolRequest> = {},
    client: Partial<CreateUserPoolClientRequest> = {},
  ): Promise<void> {
    const { UserPool } = await admin.createUserPool({
      PoolName: "phones",
      Schema: [{ Name: "stream", AttributeDataType: "String", Mutable: true }],
      ...pool,
    });
    poolId = UserPool?.Id ?? "";
    const { UserPoolClient } = await admin.createUserPoolClient({
      ...{ UserPoolId: poolId, ClientName: "app", WriteAttributes: ["email"] },
      ...client,
    });
    clientId = UserPoolClient?.ClientId ?? "";
    phone = makePhone(cloud.url, poolId, clientId);
  }

  async function makeUser(Username = "ada", stream = "gate"): Promise<void> {
    const UserAttributes = [
      { Name: "email", Value: `${Username}@example.com` },
      { Name: "custom:stream", Value: stream },
    ];
    await admin.adminCreateUser({ UserPoolId: poolId, Username, UserAttributes, MessageAction: "SUPPRESS" });
    await admin.adminSetUserPassword({ UserPoolId: poolId, Username, Password: PASSWORD, Permanent: true });
  }

  const signedIn = async (username = "ada") => {
    const user = phone.userOf(username);
    const step = await phone.signIn(user, PASSWORD);
    if (step.kind !== "signedIn") throw new Error(`not signed in: ${step.kind}`);
    return { user, session: step.session };
  };
  const mails = () => {
    const folder = path.join(cloud.dataDir, "cognito/mail");
    return fs
      .readdirSync(folder)
      .sort()
      .map((file) => fs.readFileSync(path.join(folder, file), "utf8"));
  };

  it("sign a user in who proves the password, with tokens that AWS's verifier takes", async () => {
    await makePool();
    await makeUser();

    const { session } = await signedIn();

    const jwks = await (await fetch(`${cloud.url}/${poolId}/.well-known/jwks.json`)).json();
    const verified = await Promise.all(
      (["id", "access"] as const).map((tokenUse) => {
        const verifier = CognitoJwtVerifier.create({ userPoolId: poolId, clientId, tokenUse });
        verifier.cacheJwks(jwks as Parameters<typeof verifier.cacheJwks>[0]);
        const token = tokenUse === "id" ? session.getIdToken() : session.getAccessToken();
        return verifier.verify(token.getJwtToken());
      }),
    );
    expect(verified[0]).to.deep.include({
      ...{ "cognito:username": "ada", "custom:stream": "gate", email: "ada@example.com" },
      iss: `https://cognito-idp.us-east-1.amazonaws.com/${poolId}`,
    });
    expect(verified[1]).to.include({ username: "ada", client_id: clientId, sub: verified[0]?.sub });
  });

  it("refuse a wrong password, and do not tell it from a user who is not there", async () => {
    await makePool({}, { PreventUserExistenceErrors: "ENABLED" });
    await makeUser();

    const wrong = await refusalOf(phone.signIn(phone.userOf("ada"), `${PASSWORD}x`));
    const nobody = await refusalOf(phone.signIn(phone.userOf("bob"), PASSWORD));

    expect([wrong, nobody].map(({ name, message }) => [name, message])).to.deep.equal([
      ["NotAuthorizedException", "Incorrect username or password."],
      ["NotAuthorizedException", "Incorrect username or password."],
    ]);
  });

  it("ask an invited user for a password of their own, within the policy's days", async () => {
    await makePool({ Policies: { PasswordPolicy: { MinimumLength: 14, TemporaryPasswordValidityDays: 7 } } });
    const UserAttributes = [{ Name: "email", Value: "ada@example.com" }];
    await admin.adminCreateUser({ UserPoolId: poolId, Username: "ada", UserAttributes });
    const temporary = /temporary password is (\S+)\.$/m.exec(mails()[0] ?? "")?.[1] ?? "";
    const user = phone.userOf("ada");
    const step = await phone.signIn(user, temporary);

    const tooShort = await refusalOf(phone.setNewPassword(user, "Short-7"));
    await phone.signIn(user, temporary);
    const changed = await phone.setNewPassword(user, PASSWORD);

    expect(step.kind).to.equal("newPasswordRequired");
    expect(tooShort).to.include({
      name: "InvalidPasswordException",
      message: "Password did not conform with policy: Password not long enough",
    });
    expect(changed.kind).to.equal("signedIn");
    expect((await signedIn()).session.isValid()).to.equal(true);
  });

  it("let an app in only by the flows that it was given", async () => {
    const ExplicitAuthFlows = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] as const;
    await makePool({}, { ExplicitAuthFlows: [...ExplicitAuthFlows] });
    await makeUser();
    const byPassword = () => phone.signIn(phone.userOf("ada"), PASSWORD, "USER_PASSWORD_AUTH");
    const refusal = await refusalOf(byPassword());

    const flows = [...ExplicitAuthFlows, "ALLOW_USER_PASSWORD_AUTH"] as const;
    await admin.updateUserPoolClient({
      UserPoolId: poolId,
      ClientId: clientId,
      ExplicitAuthFlows: [...flows],
    });

    expect(refusal.message).to.equal("USER_PASSWORD_AUTH flow not enabled for this client");
    expect((await byPassword()).kind).to.equal("signedIn");
  });

  it("give new tokens for a refresh token until the user is signed out everywhere", async () => {
    await makePool();
    await makeUser();
    const { user, session } = await signedIn();
    const refreshed = await phone.refresh(user, session);

    await admin.adminUserGlobalSignOut({ UserPoolId: poolId, Username: "ada" });

    const AccessToken = refreshed.getAccessToken().getJwtToken();
    const unrefreshed = await refusalOf(phone.refresh(phone.userOf("ada"), session));
    const unread = await refusalOf(admin.getUser({ AccessToken }));
    expect(refreshed.getIdToken().payload["custom:stream"]).to.equal("gate");
    expect(unrefreshed.message).to.equal("Invalid Refresh Token");
    expect(unread.message).to.equal("Access Token has been revoked");
  });

  it("keep users from writing what their app may not, and from making themselves", async () => {
    await makePool({ AdminCreateUserConfig: { AllowAdminCreateUserOnly: true } });
    await makeUser();
    const AccessToken = (await signedIn()).session.getAccessToken().getJwtToken();
    const write = (Name: string, Value: string) =>
      admin.updateUserAttributes({ AccessToken, UserAttributes: [{ Name, Value }] });

    const stolen = await refusalOf(write("custom:stream", "podium"));
    await write("email", "ada@example.org");
    const uninvited = await refusalOf(phone.signUp("eve", PASSWORD, []));

    const { UserAttributes } = await admin.getUser({ AccessToken });
    const attributes = Object.fromEntries((UserAttributes ?? []).map(({ Name, Value }) => [Name, Value]));
    expect(stolen).to.include({
      name: "NotAuthorizedException",
      message: "A client attempted to write unauthorized attribute",
    });
    expect(uninvited.message).to.equal("SignUp is not permitted for this user pool");
    expect(attributes).to.include({
      email: "ada@example.org",
      email_verified: "false",
      "custom:stream": "gate",
    });
  });

  it("take sign-ups where they are open, and confirm them by the code in the mail", async () => {
    await makePool();
    const email = new CognitoUserAttribute({ Name: "email", Value: "eve@example.com" });
    const stream = new CognitoUserAttribute({ Name: "custom:stream", Value: "gate" });
    const grabbed = await refusalOf(phone.signUp("eve", PASSWORD, [email, stream]));
    await phone.signUp("eve", PASSWORD, [email]);
    const early = await refusalOf(phone.signIn(phone.userOf("eve"), PASSWORD));

    const wrong = await refusalOf(phone.confirm(phone.userOf("eve"), "no"));
    await phone.confirm(phone.userOf("eve"), /code is (\d{6})/.exec(mails()[0] ?? "")?.[1] ?? "");

    expect(grabbed.message).to.equal("A client attempted to write unauthorized attribute");
    expect(early.name).to.equal("UserNotConfirmedException");
    expect(wrong.name).to.equal("CodeMismatchException");
    expect((await signedIn("eve")).session.isValid()).to.equal(true);
  });

  it("ask for the code of an authenticator app where the pool requires one", async () => {
    await makePool();
    await makeUser();
    const AccessToken = (await signedIn()).session.getAccessToken().getJwtToken();
    const { SecretCode = "" } = await admin.associateSoftwareToken({ AccessToken });
    await admin.verifySoftwareToken({ AccessToken, UserCode: totp(SecretCode) });
    await admin.setUserPoolMfaConfig({
      ...{ UserPoolId: poolId, MfaConfiguration: "ON", SoftwareTokenMfaConfiguration: { Enabled: true } },
    });
    const user = phone.userOf("ada");
    const asked = await phone.signIn(user, PASSWORD);

    const done = await phone.sendTotp(user, totp(SecretCode));
    await makeUser("bob");
    const unset = await phone.signIn(phone.userOf("bob"), PASSWORD);

    expect([asked.kind, done.kind, unset.kind]).to.deep.equal(["totpRequired", "signedIn", "mfaSetup"]);
  });

  it("are described, changed and gone as their administrators say, who need permissions", async () => {
    await makePool({ UserPoolTags: { stack: "dev" } });
    const stranger = new CognitoIdentityProvider(await cloud.asRole());
    const refusal = await refusalOf(stranger.adminCreateUser({ UserPoolId: poolId, Username: "eve" }));
    const { UserPool } = await admin.describeUserPool({ UserPoolId: poolId });

    await admin.updateUserPool({
      UserPoolId: poolId,
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
    });

    const after = await admin.describeUserPool({ UserPoolId: poolId });
    await admin.deleteUserPool({ UserPoolId: poolId });
    const gone = await refusalOf(admin.describeUserPool({ UserPoolId: poolId }));
    expect(refusal.name).to.equal("AccessDeniedException");
    expect(UserPool).to.deep.include({
      ...{ Id: poolId, Name: "phones", UserPoolTags: { stack: "dev" }, MfaConfiguration: "OFF" },
      Arn: `arn:aws:cognito-idp:us-east-1:123456789012:userpool/${poolId}`,
    });
    expect(UserPool?.SchemaAttributes?.map(({ Name }) => Name)).to.deep.equal(["custom:stream"]);
    expect(after.UserPool?.AdminCreateUserConfig?.AllowAdminCreateUserOnly).to.equal(true);
    expect(gone.name).to.equal("ResourceNotFoundException");
  });

  it("answer nobody who does not sign what only administrators may ask", async () => {
    await makePool();

    const response = await fetch(cloud.url, {
      method: "POST",
      headers: { "x-amz-target": "AWSCognitoIdentityProviderService.DescribeUserPool" },
      body: JSON.stringify({ UserPoolId: poolId }),
    });

    expect(response.status).to.equal(403);
    expect(response.headers.get("x-amzn-errortype")).to.equal("MissingAuthenticationTokenException");
  });
});

/** The code of now for a secret in Base32 (RFC 6238), made apart from the code under test. */
function totp(secret: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = 0n;
  for (const letter of secret) bits = (bits << 5n) | BigInt(alphabet.indexOf(letter));
  const spare = BigInt((secret.length * 5) % 8);
  const hex = (bits >> spare).toString(16).padStart(Math.floor((secret.length * 5) / 8) * 2, "0");
  const counter = Buffer.from(
    Math.floor(Date.now() / 30_000)
      .toString(16)
      .padStart(16, "0"),
    "hex",
  );
  const mac = createHmac("sha1", Buffer.from(hex, "hex")).update(counter).digest();
  const at = Number(mac[19]) % 16;
  return String((mac.readInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, "0");
}
