import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { DescribeStreamCommand } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { ACCOUNT, type Credentials, policy, type ServedIam, serveIam, trust } from "./servedIam";

const roleArn = `arn:aws:iam::${ACCOUNT}:role/archiver`;
const describeGate = new DescribeStreamCommand({ StreamName: "gate" });

async function makeArchiver(owner: IAMClient): Promise<void> {
  const AssumeRolePolicyDocument = trust({ Service: "lambda.amazonaws.com" });
  await owner.send(new CreateRoleCommand({ RoleName: "archiver", AssumeRolePolicyDocument }));
  const PolicyDocument = policy("kinesisvideo:*");
  await owner.send(new PutRolePolicyCommand({ RoleName: "archiver", PolicyName: "all", PolicyDocument }));
}

/** A camera with keys of its own that may describe streams. */
async function makeCamera(owner: IAMClient): Promise<Credentials> {
  await owner.send(new CreateUserCommand({ UserName: "phone" }));
  const PolicyDocument = policy("kinesisvideo:Describe*");
  await owner.send(new PutUserPolicyCommand({ UserName: "phone", PolicyName: "read", PolicyDocument }));
  const { AccessKey } = await owner.send(new CreateAccessKeyCommand({ UserName: "phone" }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
}

describe("a key pair that IAM issued", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
  });
  afterEach(() => cloud.close());

  it("makes its user the caller", async () => {
    const keys = await makeCamera(cloud.owner);

    await cloud.camera(keys).send(describeGate);

    expect(cloud.callers).to.deep.equal([
      { kind: "user", arn: `arn:aws:iam::${ACCOUNT}:user/phone`, accountId: ACCOUNT },
    ]);
  });

  it("makes its role's session the caller", async () => {
    await makeArchiver(cloud.owner);
    const credentials = cloud.iam.issueCredentials({ roleArn, sessionName: "run" });

    await cloud.camera(credentials).send(describeGate);

    expect(cloud.callers).to.deep.equal([
      {
        kind: "role",
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/archiver/run`,
        roleArn,
        accountId: ACCOUNT,
      },
    ]);
  });

  it("is refused with another secret, by each service under its own error's name", async () => {
    const keys = { ...(await makeCamera(cloud.owner)), secretAccessKey: "wrong" };

    const ofKinesisVideo = await refusalOf(cloud.camera(keys).send(describeGate));
    const ofIam = await refusalOf(new IAMClient(cloud.clientConfig(keys)).send(new ListRolesCommand({})));

    expect(ofKinesisVideo.name).to.equal("InvalidSignatureException");
    expect(ofKinesisVideo.$metadata?.httpStatusCode).to.equal(403);
    expect(ofIam.name).to.equal("SignatureDoesNotMatch");
    expect(ofIam.$metadata?.httpStatusCode).to.equal(403);
  });

  it("is unknown while it is inactive and once it is deleted, and never becomes the owner's", async () => {
    const keys = await makeCamera(cloud.owner);
    const which = { UserName: "phone", AccessKeyId: keys.accessKeyId };

    await cloud.owner.send(new UpdateAccessKeyCommand({ ...which, Status: "Inactive" }));
    const whileInactive = await refusalOf(cloud.camera(keys).send(describeGate));
    await cloud.owner.send(new UpdateAccessKeyCommand({ ...which, Status: "Active" }));
    await cloud.camera(keys).send(describeGate);
    await cloud.owner.send(new DeleteAccessKeyCommand(which));
    const onceDeleted = await refusalOf(cloud.camera(keys).send(describeGate));

    expect(whileInactive.name).to.equal("UnrecognizedClientException");
    expect(onceDeleted.name).to.equal("UnrecognizedClientException");
    expect(onceDeleted.$metadata?.httpStatusCode).to.equal(403);
  });

  it("is nothing without its session token or with another's", async () => {
    await makeArchiver(cloud.owner);
    const { sessionToken: _token, ...keys } = cloud.iam.issueCredentials({ roleArn, sessionName: "run" });

    const without = await refusalOf(cloud.camera(keys).send(describeGate));
    const withAnother = await refusalOf(cloud.camera({ ...keys, sessionToken: "other" }).send(describeGate));

    expect(without.name).to.equal("UnrecognizedClientException");
    expect(withAnother.name).to.equal("UnrecognizedClientException");
  });

  it("is refused as expired once its session is over", async () => {
    await makeArchiver(cloud.owner);
    const credentials = cloud.iam.issueCredentials({ roleArn, sessionName: "run", durationSeconds: 0 });

    const refusal = await refusalOf(cloud.camera(credentials).send(describeGate));

    expect(credentials.expiration.getTime()).to.be.at.most(Date.now());
    expect(refusal.name).to.equal("ExpiredTokenException");
    expect(refusal.$metadata?.httpStatusCode).to.equal(403);
  });

  it("dies with its role, even when a role of that name is made again", async () => {
    await makeArchiver(cloud.owner);
    const credentials = cloud.iam.issueCredentials({ roleArn, sessionName: "run" });

    await cloud.owner.send(new DeleteRolePolicyCommand({ RoleName: "archiver", PolicyName: "all" }));
    await cloud.owner.send(new DeleteRoleCommand({ RoleName: "archiver" }));
    await makeArchiver(cloud.owner);
    const refusal = await refusalOf(cloud.camera(credentials).send(describeGate));

    expect(refusal.name).to.equal("UnrecognizedClientException");
  });

  it("survives a restart on the same data folder", async () => {
    const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
    const before = await serveIam({ dataDir });
    await makeArchiver(before.owner);
    const session = before.iam.issueCredentials({ roleArn, sessionName: "run" });
    const keys = await makeCamera(before.owner);
    await before.close();

    const after = await serveIam({ dataDir });
    await after.camera(session).send(describeGate);
    await after.camera(keys).send(describeGate);
    await after.close();
    fs.rmSync(dataDir, { recursive: true });

    expect(after.callers.map(({ kind }) => kind)).to.deep.equal(["role", "user"]);
  });
});

describe("a key pair that IAM did not issue", () => {
  let cloud: ServedIam;
  afterEach(() => cloud.close());

  it("is the account owner's, whatever its secret", async () => {
    cloud = await serveIam();
    const keys = { accessKeyId: "AKIAFROMELSEWHERE", secretAccessKey: "whatever" };

    await cloud.camera(keys).send(describeGate);

    expect(cloud.callers[0]).to.deep.equal({
      kind: "owner",
      arn: `arn:aws:iam::${ACCOUNT}:root`,
      accountId: ACCOUNT,
    });
  });

  it("is refused where the cloud was told not to take any key for the owner's", async () => {
    cloud = await serveIam({ acceptAnyOwnerKey: false });
    const keys = { accessKeyId: "AKIAFROMELSEWHERE", secretAccessKey: "whatever" };

    const refusal = await refusalOf(cloud.camera(keys).send(describeGate));

    expect(refusal.name).to.equal("UnrecognizedClientException");
  });
});
