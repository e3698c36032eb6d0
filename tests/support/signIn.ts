import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import type { Cloud } from "../../local/cloud";
import { makePhone } from "../local/cognito/phone";

const [TEMPORARY, PASSWORD] = ["Temporary-4-filming!", "Filming-4-the-derby!"];

/** What a stack's output `phone` tells an app. */
export interface AppConfiguration {
  CredentialsProvider: { CognitoIdentity: { Default: { PoolId: string } } };
  CognitoUserPool: { Default: { PoolId: string; AppClientId: string } };
}

/** What somebody types into the app who signs in for the first time. */
interface FirstSignIn {
  user: string;
  /** The password that was given out. */
  password: string;
  chosenPassword: string;
}

/** A phone signs in by Amazon's own client library, chooses its password and takes credentials. */
export async function firstSignIn(
  cloud: Cloud,
  configuration: AppConfiguration,
  { user: username, password, chosenPassword }: FirstSignIn,
) {
  const { PoolId: UserPoolId, AppClientId } = configuration.CognitoUserPool.Default;
  const { PoolId: IdentityPoolId } = configuration.CredentialsProvider.CognitoIdentity.Default;
  const app = makePhone(cloud.url, UserPoolId, AppClientId);
  const user = app.userOf(username);
  await app.signIn(user, password);
  const step = await app.setNewPassword(user, chosenPassword);
  if (step.kind !== "signedIn") throw new Error(`the phone was asked for more: ${step.kind}`);

  const identities = new CognitoIdentity(cloud.clientConfig);
  const Logins = {
    [`cognito-idp.${cloud.region}.amazonaws.com/${UserPoolId}`]: step.session.getIdToken().getJwtToken(),
  };
  const { IdentityId } = await identities.getId({ IdentityPoolId, Logins });
  const { Credentials } = await identities.getCredentialsForIdentity({ IdentityId, Logins });
  return {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
}

/**
 * The cloud as a phone sees it. An administrator makes a user for one stream; the phone signs in as that.
 * @param phone the stack's output of that name
 */
export async function signIn(cloud: Cloud, phone: string, stream: string): Promise<Cloud> {
  const configuration = JSON.parse(phone) as AppConfiguration;
  const UserPoolId = configuration.CognitoUserPool.Default.PoolId;
  await new CognitoIdentityProvider(cloud.clientConfig).adminCreateUser({
    UserPoolId,
    Username: stream,
    TemporaryPassword: TEMPORARY,
    MessageAction: "SUPPRESS",
    UserAttributes: [
      { Name: "email", Value: `${stream}@example.com` },
      { Name: "custom:stream", Value: stream },
    ],
  });
  const user = { user: stream, password: TEMPORARY, chosenPassword: PASSWORD };
  const credentials = await firstSignIn(cloud, configuration, user);
  return { ...cloud, clientConfig: { ...cloud.clientConfig, credentials } };
}
