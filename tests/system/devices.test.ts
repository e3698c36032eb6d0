import * as fs from "node:fs";
import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { KinesisVideo, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { runCamera } from "../../producer/camera";
import { openFootage } from "../../producer/footage";
import { makePhone } from "../local/cognito/phone";
import { footage } from "../support/footage";
import { deployRecording, type RecordingStack } from "../support/recording";

const [TEMPORARY, PASSWORD] = ["Temporary-4-gate!", "Filming-4-the-derby!"];

/** What the stack's output `phone` tells an app. */
interface AppConfiguration {
  CredentialsProvider: { CognitoIdentity: { Default: { PoolId: string } } };
  CognitoUserPool: { Default: { PoolId: string; AppClientId: string } };
}

describe("a phone that signs in as the page says", function () {
  this.timeout(180_000);
  let stack: RecordingStack;
  let credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  before(async () => {
    const streams = [
      { name: "gate", alarmThreshold: 2, clipSeconds: 10 },
      { name: "podium", alarmThreshold: 2, clipSeconds: 10 },
    ];
    stack = await deployRecording({ streams, deviceSignIn: "true", deviceMfa: "off" }, { speed: 20 });
    credentials = await signIn(stack);
  });
  after(() => stack?.close());

  const client = () => new KinesisVideoClient({ ...stack.cloud.clientConfig, credentials, maxAttempts: 1 });

  it("sends to the stream of its user's attribute, and that is archived", async () => {
    const source = await openFootage(() => fs.createReadStream(footage("clock.mkv")));

    const { clock } = stack.cloud;
    const { persistedFragments } = await runCamera({
      footage: source,
      stream: "gate",
      client: client(),
      clock,
    }).done;
    await stack.settled();

    const clips = await stack.clips("gate");
    const held = clips.reduce((sum, { metadata }) => sum + Number(metadata["fragment-count"]), 0);
    expect(persistedFragments).to.be.above(10);
    expect(held).to.equal(persistedFragments);
  });

  it("neither sends to another stream, nor watches its own", async () => {
    const video = new KinesisVideo({ ...stack.cloud.clientConfig, credentials, maxAttempts: 1 });
    const errorOf = (call: Promise<unknown>) =>
      call.then(
        () => "none",
        ({ name }: Error) => name,
      );

    const errors = await Promise.all([
      errorOf(video.getDataEndpoint({ StreamName: "podium", APIName: "PUT_MEDIA" })),
      errorOf(video.describeStream({ StreamName: "podium" })),
      errorOf(video.createStream({ StreamName: "mine" })),
      errorOf(video.deleteStream({ StreamARN: await arnOf("gate") })),
    ]);

    expect([...new Set(errors)]).to.deep.equal(["AccessDeniedException"]);
  });

  it("is shut out of its stream when that is closed", async () => {
    const owner = new KinesisVideo(stack.cloud.clientConfig);
    await owner.tagStream({ StreamName: "gate", Tags: { closed: "true" } });
    const source = await openFootage(() => fs.createReadStream(footage("clock.mkv")));

    const { clock } = stack.cloud;
    const failure = await runCamera({ footage: source, stream: "gate", client: client(), clock }).done.then(
      () => "none",
      ({ name }: Error) => name,
    );

    expect(failure).to.equal("AccessDeniedException");
  });

  async function arnOf(StreamName: string): Promise<string | undefined> {
    const owner = new KinesisVideo(stack.cloud.clientConfig);
    return (await owner.describeStream({ StreamName })).StreamInfo?.StreamARN;
  }
});

/** An administrator makes a user for `gate`; the phone signs in, chooses its password and takes credentials. */
async function signIn({ cloud, outputs }: RecordingStack) {
  const app = JSON.parse((outputs as unknown as { phone: string }).phone) as AppConfiguration;
  const { PoolId: UserPoolId, AppClientId } = app.CognitoUserPool.Default;
  await new CognitoIdentityProvider(cloud.clientConfig).adminCreateUser({
    UserPoolId,
    Username: "gate",
    TemporaryPassword: TEMPORARY,
    MessageAction: "SUPPRESS",
    UserAttributes: [
      { Name: "email", Value: "gate@example.com" },
      { Name: "custom:stream", Value: "gate" },
    ],
  });
  const phone = makePhone(cloud.url, UserPoolId, AppClientId);
  const user = phone.userOf("gate");
  await phone.signIn(user, TEMPORARY);
  const step = await phone.setNewPassword(user, PASSWORD);
  if (step.kind !== "signedIn") throw new Error(`the phone was asked for more: ${step.kind}`);

  const identities = new CognitoIdentity(cloud.clientConfig);
  const Logins = {
    [`cognito-idp.${cloud.region}.amazonaws.com/${UserPoolId}`]: step.session.getIdToken().getJwtToken(),
  };
  const IdentityPoolId = app.CredentialsProvider.CognitoIdentity.Default.PoolId;
  const { IdentityId } = await identities.getId({ IdentityPoolId, Logins });
  const { Credentials } = await identities.getCredentialsForIdentity({ IdentityId, Logins });
  return {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
}
