import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { ACCOUNT, policy, type ServedIam, serveIam } from "./servedIam";

describe("IAM users", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
    await cloud.owner.send(new CreateUserCommand({ UserName: "phone", Path: "/cameras/" }));
  });
  afterEach(() => cloud.close());

  const createKey = async () => {
    const { AccessKey } = await cloud.owner.send(new CreateAccessKeyCommand({ UserName: "phone" }));
    return {
      accessKeyId: AccessKey?.AccessKeyId ?? "",
      secretAccessKey: AccessKey?.SecretAccessKey ?? "",
    };
  };

  it("are answered as they were created, and listed by path", async () => {
    await cloud.owner.send(new CreateUserCommand({ UserName: "editor" }));

    const { User } = await cloud.owner.send(new GetUserCommand({ UserName: "phone" }));
    const { Users } = await cloud.owner.send(new ListUsersCommand({ PathPrefix: "/cameras/" }));

    expect(User?.Arn).to.equal(`arn:aws:iam::${ACCOUNT}:user/cameras/phone`);
    expect(User?.UserId).to.match(/^AIDA[A-Z2-7]{17}$/);
    expect(Users?.map(({ UserName }) => UserName)).to.deep.equal(["phone"]);
  });

  it("have two access keys at most, whose secrets are told once", async () => {
    const first = await createKey();
    const second = await createKey();

    const third = await refusalOf(createKey());
    const listed = await cloud.owner.send(new ListAccessKeysCommand({ UserName: "phone" }));

    expect(first.accessKeyId).to.match(/^AKIA[A-Z2-7]{16}$/);
    expect(first.secretAccessKey).to.have.lengthOf(40);
    expect(third.name).to.equal("LimitExceededException");
    expect(listed.AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId)).to.have.members([
      first.accessKeyId,
      second.accessKeyId,
    ]);
    expect(listed.AccessKeyMetadata?.[0]).not.to.have.property("SecretAccessKey");
  });

  it("may look at themselves without saying their name, if a policy with their name allows it", async () => {
    const PolicyDocument = policy("iam:GetUser", `arn:aws:iam::${ACCOUNT}:user/cameras/\${aws:username}`);
    const self = new IAMClient(cloud.clientConfig(await createKey()));

    const before = await refusalOf(self.send(new GetUserCommand({})));
    await cloud.owner.send(
      new PutUserPolicyCommand({ UserName: "phone", PolicyName: "self", PolicyDocument }),
    );
    const { User } = await self.send(new GetUserCommand({}));

    expect(before.name).to.equal("AccessDenied");
    expect(User?.UserName).to.equal("phone");
  });

  it("are deleted only without keys and policies", async () => {
    const { accessKeyId: AccessKeyId } = await createKey();
    const which = { UserName: "phone", PolicyName: "p" };
    await cloud.owner.send(new PutUserPolicyCommand({ ...which, PolicyDocument: policy("s3:*") }));
    const remove = () => cloud.owner.send(new DeleteUserCommand({ UserName: "phone" }));

    const withKey = await refusalOf(remove());
    await cloud.owner.send(new DeleteAccessKeyCommand({ UserName: "phone", AccessKeyId }));
    const withPolicy = await refusalOf(remove());
    await cloud.owner.send(new DeleteUserPolicyCommand(which));
    await remove();
    const gone = await refusalOf(cloud.owner.send(new GetUserCommand({ UserName: "phone" })));

    expect(withKey.message).to.equal("Cannot delete entity, must delete access keys first.");
    expect(withPolicy.message).to.equal("Cannot delete entity, must delete policies first.");
    expect(gone.name).to.equal("NoSuchEntityException");
  });
});
