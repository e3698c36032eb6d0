import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { makePhone } from "../local/cognito/phone";
import { filmInto } from "../support/film";
import { footage } from "../support/footage";
import { type EngineProject, engineCli, OPERATION_MS, openProject } from "./support";

const SUBNETS = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"];
const SECURITY_GROUP = "sg-0a1b2c3d4e5f60718";
const PASSWORD = "Correct-horse-7-battery";

/** What the AWS blog post's CloudFormation template asks for: clip length, Cognito, VPC, key. */
describe("the parameters of the blog's template, on Pulumi's engine", function () {
  this.timeout(OPERATION_MS);
  let project: EngineProject;
  let outputs: Record<string, unknown>;
  before(async function () {
    const cli = await engineCli(this);
    this.timeout(OPERATION_MS);
    project = await openProject(cli, { speed: 30 });
    project.configure((config) => {
      config["lastframe:clipSeconds"] = 30;
      config["lastframe:deviceSignIn"] = true;
      config["lastframe:encryption"] = "new-key";
      config["lastframe:network"] = "existing";
      config["lastframe:subnetIds"] = SUBNETS;
      config["lastframe:securityGroupIds"] = [SECURITY_GROUP];
    });
    const deployed = await project.stack.up();
    outputs = Object.fromEntries(Object.entries(deployed.outputs).map(([name, { value }]) => [name, value]));
  });
  after(() => project?.close());

  it("runs every function in the subnets and under the security group that were named", async () => {
    const { Functions = [] } = await new Lambda(project.cloud.clientConfig).listFunctions({});

    const networks = Functions.map(({ VpcConfig }) => ({
      subnets: VpcConfig?.SubnetIds,
      groups: VpcConfig?.SecurityGroupIds,
    }));

    expect(networks).to.have.length.above(4);
    for (const network of networks) {
      expect(network).to.deep.equal({ subnets: SUBNETS, groups: [SECURITY_GROUP] });
    }
  });

  it("encrypts streams and bucket with one key", async () => {
    const { StreamInfo } = await new KinesisVideo(project.cloud.clientConfig).describeStream({
      StreamName: "gate",
    });
    const { ServerSideEncryptionConfiguration } = await new S3(
      project.cloud.clientConfig,
    ).getBucketEncryption({
      Bucket: outputs.bucket as string,
    });

    const [rule] = ServerSideEncryptionConfiguration?.Rules ?? [];

    expect(StreamInfo?.KmsKeyId).to.match(/:key\//);
    expect(rule?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID).to.equal(StreamInfo?.KmsKeyId);
  });

  it("lets a phone sign in and send to its own stream only, which is kept in clips of the length that was set", async () => {
    const credentials = await signIn("gate");
    const phone = { ...project.cloud, clientConfig: { ...project.cloud.clientConfig, credentials } };

    const persisted = await filmInto(phone, "gate", footage("clock.mkv"));
    const refusal = await new KinesisVideo(phone.clientConfig)
      .getDataEndpoint({ StreamName: "podium", APIName: "PUT_MEDIA" })
      .catch((error: Error) => error.name);
    const durations = await clipDurations(persisted.length);

    expect(refusal).to.equal("AccessDeniedException");
    expect(Math.max(...durations))
      .to.be.above(20)
      .and.at.most(34);
  });

  /** An administrator makes a user for a camera; the phone signs in as it, as docs/devices.md says. */
  async function signIn(stream: string) {
    const { userPoolId, appClientId, identityPoolId } = outputs.deviceSignIn as Record<string, string>;
    const user = { UserPoolId: userPoolId, Username: stream };
    const users = new CognitoIdentityProvider(project.cloud.clientConfig);
    await users.adminCreateUser({ ...user, UserAttributes: [{ Name: "custom:stream", Value: stream }] });
    await users.adminSetUserPassword({ ...user, Password: PASSWORD, Permanent: true });
    const app = makePhone(project.cloud.url, userPoolId ?? "", appClientId ?? "");
    const step = await app.signIn(app.userOf(stream), PASSWORD);
    if (step.kind !== "signedIn") throw new Error(`not signed in: ${step.kind}`);

    const identities = new CognitoIdentity(project.cloud.clientConfig);
    const provider = `cognito-idp.${project.cloud.region}.amazonaws.com/${userPoolId}`;
    const Logins = { [provider]: step.session.getIdToken().getJwtToken() };
    const { IdentityId } = await identities.getId({ IdentityPoolId: identityPoolId, Logins });
    const { Credentials = {} } = await identities.getCredentialsForIdentity({ IdentityId, Logins });
    const { AccessKeyId = "", SecretKey = "", SessionToken } = Credentials;
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretKey, sessionToken: SessionToken };
  }

  /** Seconds of each clip of `gate`, once they hold this many fragments. */
  async function clipDurations(fragments: number): Promise<number[]> {
    const s3 = new S3(project.cloud.clientConfig);
    const Bucket = outputs.bucket as string;
    for (;;) {
      const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix: "clips/stream=gate/" });
      const heads = await Promise.all(Contents.map(({ Key }) => s3.headObject({ Bucket, Key })));
      const of = (name: string) => heads.map(({ Metadata }) => Number(Metadata?.[name] ?? 0));
      if (of("fragment-count").reduce((sum, count) => sum + count, 0) >= fragments) {
        return of("duration-ms").map((ms) => ms / 1000);
      }
      await new Promise((wake) => setTimeout(wake, 500));
    }
  }
});
