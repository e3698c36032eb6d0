import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { ACCOUNT, policy, type ServedIam, serveIam, trust } from "./servedIam";

const AssumeRolePolicyDocument = trust({ Service: "lambda.amazonaws.com" });

describe("IAM roles", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
  });
  afterEach(() => cloud.close());

  const create = (RoleName: string) =>
    cloud.owner.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));

  it("are answered as they were created, with an id and the trust policy percent-encoded", async () => {
    const startMs = Date.now() - 1000;
    await cloud.owner.send(
      new CreateRoleCommand({
        RoleName: "archiver",
        Path: "/recordings/",
        AssumeRolePolicyDocument,
        Description: "Copies <fragments> & lists",
        MaxSessionDuration: 7200,
        Tags: [{ Key: "stack", Value: "derby" }],
      }),
    );

    const { Role } = await cloud.owner.send(new GetRoleCommand({ RoleName: "archiver" }));

    expect(Role?.Arn).to.equal(`arn:aws:iam::${ACCOUNT}:role/recordings/archiver`);
    expect(Role?.RoleId).to.match(/^AROA[A-Z2-7]{17}$/);
    expect(Role?.Path).to.equal("/recordings/");
    expect(Role?.Description).to.equal("Copies <fragments> & lists");
    expect(Role?.MaxSessionDuration).to.equal(7200);
    expect(Role?.Tags).to.deep.equal([{ Key: "stack", Value: "derby" }]);
    expect(Role?.CreateDate?.getTime()).to.be.within(startMs, Date.now() + 1000);
    expect(Role?.AssumeRolePolicyDocument).to.match(/^%7B%22Version%22/);
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "")).to.equal(AssumeRolePolicyDocument);
  });

  it("can be changed: description, longest session, trust policy", async () => {
    await create("archiver");
    const PolicyDocument = trust({ Service: "states.amazonaws.com" });

    await cloud.owner.send(
      new UpdateRoleCommand({ RoleName: "archiver", Description: "new", MaxSessionDuration: 43_200 }),
    );
    await cloud.owner.send(new UpdateAssumeRolePolicyCommand({ RoleName: "archiver", PolicyDocument }));
    const { Role } = await cloud.owner.send(new GetRoleCommand({ RoleName: "archiver" }));

    expect(Role?.Description).to.equal("new");
    expect(Role?.MaxSessionDuration).to.equal(43_200);
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "")).to.equal(PolicyDocument);
  });

  it("are listed by name, a page at a time", async () => {
    for (const name of ["c", "a", "b"]) await create(name);

    const first = await cloud.owner.send(new ListRolesCommand({ MaxItems: 2 }));
    const second = await cloud.owner.send(new ListRolesCommand({ MaxItems: 2, Marker: first.Marker }));

    expect(first.Roles?.map(({ RoleName }) => RoleName)).to.deep.equal(["a", "b"]);
    expect(first.IsTruncated).to.equal(true);
    expect(second.Roles?.map(({ RoleName }) => RoleName)).to.deep.equal(["c"]);
    expect(second.IsTruncated).to.equal(false);
  });

  it("keep inline policies by name until they are deleted", async () => {
    await create("archiver");
    const which = { RoleName: "archiver", PolicyName: "read" };
    const PolicyDocument = policy("s3:GetObject");

    await cloud.owner.send(new PutRolePolicyCommand({ ...which, PolicyDocument }));
    const read = await cloud.owner.send(new GetRolePolicyCommand(which));
    const before = await cloud.owner.send(new ListRolePoliciesCommand({ RoleName: "archiver" }));
    await cloud.owner.send(new DeleteRolePolicyCommand(which));
    const after = await cloud.owner.send(new ListRolePoliciesCommand({ RoleName: "archiver" }));
    const gone = await refusalOf(cloud.owner.send(new GetRolePolicyCommand(which)));

    expect(decodeURIComponent(read.PolicyDocument ?? "")).to.equal(PolicyDocument);
    expect(before.PolicyNames).to.deep.equal(["read"]);
    expect(after.PolicyNames).to.deep.equal([]);
    expect(gone.name).to.equal("NoSuchEntityException");
    expect(gone.message).to.equal("The role policy with name read cannot be found.");
  });

  it("keep tags until they are removed", async () => {
    await create("archiver");
    const Tags = [
      { Key: "stack", Value: "derby" },
      { Key: "site", Value: "north" },
    ];

    await cloud.owner.send(new TagRoleCommand({ RoleName: "archiver", Tags }));
    await cloud.owner.send(new UntagRoleCommand({ RoleName: "archiver", TagKeys: ["stack"] }));
    const listed = await cloud.owner.send(new ListRoleTagsCommand({ RoleName: "archiver" }));

    expect(listed.Tags).to.deep.equal([{ Key: "site", Value: "north" }]);
  });

  it("are deleted only when nothing hangs on them", async () => {
    await create("archiver");
    const which = { RoleName: "archiver", PolicyName: "read" };
    await cloud.owner.send(new PutRolePolicyCommand({ ...which, PolicyDocument: policy("s3:GetObject") }));

    const conflict = await refusalOf(cloud.owner.send(new DeleteRoleCommand({ RoleName: "archiver" })));
    await cloud.owner.send(new DeleteRolePolicyCommand(which));
    const profiles = await cloud.owner.send(new ListInstanceProfilesForRoleCommand({ RoleName: "archiver" }));
    await cloud.owner.send(new DeleteRoleCommand({ RoleName: "archiver" }));
    const gone = await refusalOf(cloud.owner.send(new GetRoleCommand({ RoleName: "archiver" })));

    expect(conflict.name).to.equal("DeleteConflictException");
    expect(conflict.$metadata?.httpStatusCode).to.equal(409);
    expect(profiles.InstanceProfiles).to.deep.equal([]);
    expect(gone.name).to.equal("NoSuchEntityException");
    expect(gone.$metadata?.httpStatusCode).to.equal(404);
    expect(gone.message).to.equal("The role with name archiver cannot be found.");
  });

  it("have unique names", async () => {
    await create("archiver");

    const refusal = await refusalOf(create("archiver"));

    expect(refusal.name).to.equal("EntityAlreadyExistsException");
    expect(refusal.message).to.equal("Role with name archiver already exists.");
  });

  it("have names of 1 to 64 letters, digits and +=,.@-_", async () => {
    const spaced = await refusalOf(create("an archiver"));
    const long = await refusalOf(create("a".repeat(65)));
    await create("a".repeat(64));
    await create("constructor");
    const asked = await refusalOf(cloud.owner.send(new GetRoleCommand({ RoleName: "an archiver" })));

    expect(asked.name).to.equal("ValidationError");
    expect(spaced.name).to.equal("ValidationError");
    expect(spaced.message).to.match(/'an archiver' at 'roleName'.*regular expression/);
    expect(long.message).to.match(/less than or equal to 64/);
  });

  it("take at most 10,240 characters of inline policies, white space not counted", async () => {
    await create("archiver");
    const sized = (size: number) => {
      const bare = policy("s3:GetObject", "arn:aws:s3:::");
      return policy("s3:GetObject", `arn:aws:s3:::${"a".repeat(size - bare.length)}`);
    };
    const put = (PolicyName: string, PolicyDocument: string) =>
      cloud.owner.send(new PutRolePolicyCommand({ RoleName: "archiver", PolicyName, PolicyDocument }));

    await put("first", `${sized(6000)}${" ".repeat(100)}`);
    const refusal = await refusalOf(put("second", sized(4241)));
    await put("second", sized(4240));

    expect(refusal.name).to.equal("LimitExceededException");
    expect(refusal.$metadata?.httpStatusCode).to.equal(409);
  });

  it("refuse a permissions boundary rather than ignore it", async () => {
    const PermissionsBoundary = `arn:aws:iam::${ACCOUNT}:policy/boundary`;

    const refusal = await refusalOf(
      cloud.owner.send(
        new CreateRoleCommand({ RoleName: "archiver", AssumeRolePolicyDocument, PermissionsBoundary }),
      ),
    );

    expect(refusal.message).to.match(/PermissionsBoundary is not supported by the local cloud/);
  });
});
