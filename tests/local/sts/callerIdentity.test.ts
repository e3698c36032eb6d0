import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { ACCOUNT, type Credentials, type ServedIam, serveIam, trust } from "../iam/servedIam";

describe("GetCallerIdentity", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
  });
  afterEach(() => cloud.close());

  const ask = async (credentials?: Credentials) => {
    const client = new STSClient(cloud.clientConfig(credentials));
    const { Account, Arn, UserId } = await client.send(new GetCallerIdentityCommand({}));
    return { Account, Arn, UserId };
  };

  it("names the account's root for a key of elsewhere", async () => {
    expect(await ask()).to.deep.equal({
      Account: ACCOUNT,
      Arn: `arn:aws:iam::${ACCOUNT}:root`,
      UserId: ACCOUNT,
    });
  });

  it("names a user, who needs no permission for it", async () => {
    const { User } = await cloud.owner.send(new CreateUserCommand({ UserName: "phone", Path: "/cameras/" }));
    const { AccessKey } = await cloud.owner.send(new CreateAccessKeyCommand({ UserName: "phone" }));
    const keys = {
      accessKeyId: AccessKey?.AccessKeyId ?? "",
      secretAccessKey: AccessKey?.SecretAccessKey ?? "",
    };

    const identity = await ask(keys);

    expect(identity.Arn).to.equal(`arn:aws:iam::${ACCOUNT}:user/cameras/phone`);
    expect(identity.UserId).to.equal(User?.UserId);
  });

  it("names a role's session", async () => {
    const AssumeRolePolicyDocument = trust({ Service: "lambda.amazonaws.com" });
    const { Role } = await cloud.owner.send(
      new CreateRoleCommand({ RoleName: "archiver", AssumeRolePolicyDocument }),
    );
    const credentials = cloud.iam.issueCredentials({ roleArn: Role?.Arn ?? "", sessionName: "run" });

    const identity = await ask(credentials);

    expect(identity.Arn).to.equal(`arn:aws:sts::${ACCOUNT}:assumed-role/archiver/run`);
    expect(identity.UserId).to.equal(`${Role?.RoleId}:run`);
  });
});
