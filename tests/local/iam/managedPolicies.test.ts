import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
} from "@aws-sdk/client-iam";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { ACCOUNT, policy, type ServedIam, serveIam, trust } from "./servedIam";

const PolicyArn = `arn:aws:iam::${ACCOUNT}:policy/reader`;
const LAMBDA_BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

describe("managed policies", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
    const PolicyDocument = policy("s3:GetObject");
    await cloud.owner.send(new CreatePolicyCommand({ PolicyName: "reader", PolicyDocument }));
    const AssumeRolePolicyDocument = trust({ Service: "lambda.amazonaws.com" });
    await cloud.owner.send(new CreateRoleCommand({ RoleName: "archiver", AssumeRolePolicyDocument }));
  });
  afterEach(() => cloud.close());

  const addVersion = (PolicyDocument = policy("s3:PutObject"), SetAsDefault = false) =>
    cloud.owner.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault }));
  const attached = async () => {
    const listed = await cloud.owner.send(new ListAttachedRolePoliciesCommand({ RoleName: "archiver" }));
    return listed.AttachedPolicies;
  };

  it("are answered with id, ARN and first version", async () => {
    const { Policy } = await cloud.owner.send(new GetPolicyCommand({ PolicyArn }));
    const { PolicyVersion } = await cloud.owner.send(
      new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId }),
    );

    expect(Policy?.PolicyId).to.match(/^ANPA[A-Z2-7]{17}$/);
    expect(Policy?.AttachmentCount).to.equal(0);
    expect(Policy?.IsAttachable).to.equal(true);
    expect(PolicyVersion?.VersionId).to.equal("v1");
    expect(PolicyVersion?.IsDefaultVersion).to.equal(true);
    expect(decodeURIComponent(PolicyVersion?.Document ?? "")).to.equal(policy("s3:GetObject"));
  });

  it("count their versions on, also after one was deleted", async () => {
    await addVersion(undefined, true);
    await cloud.owner.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    await addVersion();

    const { Versions } = await cloud.owner.send(new ListPolicyVersionsCommand({ PolicyArn }));

    expect(Versions?.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion])).to.deep.equal([
      ["v2", true],
      ["v3", false],
    ]);
  });

  it("have five versions at most, and always a default one", async () => {
    for (let count = 1; count < 5; count++) await addVersion();

    const sixth = await refusalOf(addVersion());
    const ofDefault = await refusalOf(
      cloud.owner.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v1" })),
    );

    expect(sixth.name).to.equal("LimitExceededException");
    expect(ofDefault.name).to.equal("DeleteConflictException");
  });

  it("are attached to a role once and detached once", async () => {
    const which = { RoleName: "archiver", PolicyArn };

    await cloud.owner.send(new AttachRolePolicyCommand(which));
    await cloud.owner.send(new AttachRolePolicyCommand(which));
    const before = await attached();
    await cloud.owner.send(new DetachRolePolicyCommand(which));
    const again = await refusalOf(cloud.owner.send(new DetachRolePolicyCommand(which)));

    expect(before).to.deep.equal([{ PolicyName: "reader", PolicyArn }]);
    expect(await attached()).to.deep.equal([]);
    expect(again.name).to.equal("NoSuchEntityException");
  });

  it("hold up the deletion of themselves and of their roles while they are attached", async () => {
    await cloud.owner.send(new AttachRolePolicyCommand({ RoleName: "archiver", PolicyArn }));

    const ofPolicy = await refusalOf(cloud.owner.send(new DeletePolicyCommand({ PolicyArn })));
    const ofRole = await refusalOf(cloud.owner.send(new DeleteRoleCommand({ RoleName: "archiver" })));

    expect(ofPolicy.name).to.equal("DeleteConflictException");
    expect(ofRole.name).to.equal("DeleteConflictException");
    expect(ofRole.message).to.equal("Cannot delete entity, must detach all policies first.");
  });

  it("are deleted after their other versions", async () => {
    await addVersion();

    const conflict = await refusalOf(cloud.owner.send(new DeletePolicyCommand({ PolicyArn })));
    await cloud.owner.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
    await cloud.owner.send(new DeletePolicyCommand({ PolicyArn }));
    const gone = await refusalOf(cloud.owner.send(new GetPolicyCommand({ PolicyArn })));

    expect(conflict.name).to.equal("DeleteConflictException");
    expect(gone.name).to.equal("NoSuchEntityException");
  });

  it("of AWS can be attached and not changed", async () => {
    await cloud.owner.send(new AttachRolePolicyCommand({ RoleName: "archiver", PolicyArn: LAMBDA_BASIC }));

    const change = await refusalOf(
      cloud.owner.send(
        new CreatePolicyVersionCommand({ PolicyArn: LAMBDA_BASIC, PolicyDocument: policy("*") }),
      ),
    );
    const unknown = await refusalOf(
      cloud.owner.send(
        new AttachRolePolicyCommand({ RoleName: "archiver", PolicyArn: "arn:aws:iam::aws:policy/Nothing" }),
      ),
    );

    expect(await attached()).to.deep.equal([
      { PolicyName: "AWSLambdaBasicExecutionRole", PolicyArn: LAMBDA_BASIC },
    ]);
    expect(change.name).to.equal("AccessDenied");
    expect(unknown.name).to.equal("NoSuchEntityException");
  });

  it("have ARNs that are ARNs", async () => {
    const refusal = await refusalOf(
      cloud.owner.send(new GetPolicyCommand({ PolicyArn: "arn:of:the:reader:policy" })),
    );

    expect(refusal.name).to.equal("ValidationError");
    expect(refusal.message).to.match(/ARN arn:of:the:reader:policy is not valid/);
  });

  it("are listed by who made them", async () => {
    const local = await cloud.owner.send(new ListPoliciesCommand({ Scope: "Local" }));
    const ofAws = await cloud.owner.send(new ListPoliciesCommand({ Scope: "AWS" }));

    expect(local.Policies?.map(({ Arn }) => Arn)).to.deep.equal([PolicyArn]);
    expect(ofAws.Policies?.map(({ Arn }) => Arn)).to.include(LAMBDA_BASIC);
  });
});
