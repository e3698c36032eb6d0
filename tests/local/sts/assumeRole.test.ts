import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { DescribeStreamCommand } from "@aws-sdk/client-kinesis-video";
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type Credentials,
  STSClient,
} from "@aws-sdk/client-sts";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { ACCOUNT, policy, type ServedIam, serveIam, trust } from "../iam/servedIam";

const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const arnOf = (roleName: string) => `arn:aws:iam::${ACCOUNT}:role/${roleName}`;

describe("AssumeRole", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
  });
  afterEach(() => cloud.close());

  const makeRole = (RoleName: string, AssumeRolePolicyDocument: string, MaxSessionDuration?: number) =>
    cloud.owner.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, MaxSessionDuration }));

  const assume = (RoleName: string, more: Partial<AssumeRoleCommandInput> = {}, keys?: Credentials) => {
    const credentials = keys && {
      accessKeyId: keys.AccessKeyId ?? "",
      secretAccessKey: keys.SecretAccessKey ?? "",
      sessionToken: keys.SessionToken,
    };
    const client = new STSClient(cloud.clientConfig(credentials));
    return client.send(
      new AssumeRoleCommand({ RoleArn: arnOf(RoleName), RoleSessionName: "visit", ...more }),
    );
  };

  it("hands out credentials that act as the role", async () => {
    await makeRole("viewer", trust({ AWS: ROOT }));
    const PolicyDocument = policy("kinesisvideo:*");
    await cloud.owner.send(
      new PutRolePolicyCommand({ RoleName: "viewer", PolicyName: "see", PolicyDocument }),
    );

    const { Credentials, AssumedRoleUser } = await assume("viewer", { DurationSeconds: 900 });
    const camera = cloud.camera({
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken,
    });
    await camera.send(new DescribeStreamCommand({ StreamName: "gate" }));

    const sessionArn = `arn:aws:sts::${ACCOUNT}:assumed-role/viewer/visit`;
    expect(AssumedRoleUser?.Arn).to.equal(sessionArn);
    expect(cloud.callers.map(({ arn }) => arn)).to.deep.equal([sessionArn]);
    const validForMs = (Credentials?.Expiration?.getTime() ?? 0) - Date.now();
    expect(validForMs).to.be.within(890_000, 900_000);
  });

  it("is denied when the trust policy admits only a service, even for the owner", async () => {
    await makeRole("archiver", trust({ Service: "lambda.amazonaws.com" }));

    const refusal = await refusalOf(assume("archiver"));

    expect(refusal.name).to.equal("AccessDenied");
    expect(refusal.$metadata?.httpStatusCode).to.equal(403);
    expect(refusal.message).to.contain(`sts:AssumeRole on resource: ${arnOf("archiver")}`);
  });

  it("is denied for a role that does not exist, as for one that may not be taken on", async () => {
    const refusal = await refusalOf(assume("nobody"));

    expect(refusal.name).to.equal("AccessDenied");
  });

  it("heeds the external id that a trust policy asks for", async () => {
    await makeRole("partner", trust({ AWS: ROOT }, { StringEquals: { "sts:ExternalId": "derby" } }));

    const without = await refusalOf(assume("partner"));
    const withIt = await assume("partner", { ExternalId: "derby" });

    expect(without.name).to.equal("AccessDenied");
    expect(withIt.Credentials?.AccessKeyId).to.match(/^ASIA[A-Z2-7]{16}$/);
  });

  it("lets a session take on a role that trusts its own role by name, for an hour at most", async () => {
    await makeRole("first", trust({ AWS: ROOT }));
    await makeRole("second", trust({ AWS: arnOf("first") }), 7200);
    const { Credentials: first } = await assume("first");

    const second = await assume("second", {}, first);
    const tooLong = await refusalOf(assume("second", { DurationSeconds: 3601 }, first));

    expect(second.AssumedRoleUser?.Arn).to.equal(`arn:aws:sts::${ACCOUNT}:assumed-role/second/visit`);
    expect(tooLong.name).to.equal("ValidationError");
    expect(tooLong.message).to.match(/role chaining/);
  });

  it("refuses durations beyond the role's maximum and the API's range", async () => {
    await makeRole("viewer", trust({ AWS: ROOT }));

    const beyondRole = await refusalOf(assume("viewer", { DurationSeconds: 3601 }));
    const tooShort = await refusalOf(assume("viewer", { DurationSeconds: 899 }));

    expect(beyondRole.message).to.match(/exceeds the MaxSessionDuration set for this role/);
    expect(tooShort.message).to.match(/Value '899' at 'durationSeconds'/);
  });

  it("refuses a session policy rather than hand out more than was asked for", async () => {
    await makeRole("viewer", trust({ AWS: ROOT }));

    const refusal = await refusalOf(assume("viewer", { Policy: policy("s3:GetObject") }));

    expect(refusal.name).to.equal("ValidationError");
    expect(refusal.message).to.match(/Policy is not supported by the local cloud/);
  });

  it("refuses a session name that IAM does not allow", async () => {
    await makeRole("viewer", trust({ AWS: ROOT }));

    const refusal = await refusalOf(assume("viewer", { RoleSessionName: "a visit" }));

    expect(refusal.message).to.match(/roleSessionName.*regular expression/);
  });
});
