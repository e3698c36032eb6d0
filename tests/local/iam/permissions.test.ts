import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { DescribeStreamCommand } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { makeClock } from "../../../local/core/clock";
import { refusalOf } from "../../support/refusalOf";
import { ACCOUNT, GATE_ARN, policy, type ServedIam, serveIam, trust } from "./servedIam";

describe("the permissions of a role's session", () => {
  let cloud: ServedIam;
  let nowMs: number;
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/archiver`;
  const describeGate = () =>
    cloud
      .camera(cloud.iam.issueCredentials({ roleArn, sessionName: "run" }))
      .send(new DescribeStreamCommand({ StreamName: "gate" }));

  beforeEach(async () => {
    nowMs = Date.UTC(2026, 10, 22);
    cloud = await serveIam({ clock: { ...makeClock(), nowMs: () => nowMs } });
    const AssumeRolePolicyDocument = trust({ Service: "lambda.amazonaws.com" });
    await cloud.owner.send(new CreateRoleCommand({ RoleName: "archiver", AssumeRolePolicyDocument }));
  });
  afterEach(() => cloud.close());

  const put = (PolicyName: string, PolicyDocument: string) =>
    cloud.owner.send(new PutRolePolicyCommand({ RoleName: "archiver", PolicyName, PolicyDocument }));

  it("are none at first, and the refusal names user, action and resource as AWS does", async () => {
    const refusal = await refusalOf(describeGate());

    expect(refusal.name).to.equal("AccessDeniedException");
    expect(refusal.$metadata?.httpStatusCode).to.equal(403);
    expect(refusal.message).to.equal(
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/archiver/run is not authorized to perform: kinesisvideo:DescribeStream on resource: ${GATE_ARN} because no identity-based policy allows the kinesisvideo:DescribeStream action`,
    );
  });

  it("are those of its inline policies, from the moment they are put to the moment they are deleted", async () => {
    await put("read", policy("kinesisvideo:Describe*", GATE_ARN));

    const { StreamInfo } = await describeGate();
    await cloud.owner.send(new DeleteRolePolicyCommand({ RoleName: "archiver", PolicyName: "read" }));
    const refusal = await refusalOf(describeGate());

    expect(StreamInfo?.StreamARN).to.equal(GATE_ARN);
    expect(refusal.name).to.equal("AccessDeniedException");
  });

  it("are not kept from a call that was being judged while a policy went away", async () => {
    await put("read", policy("kinesisvideo:*"));
    const session = cloud.iam.callAs({ roleArn, sessionName: "run" });
    const read = { action: "kinesisvideo:DescribeStream", resource: GATE_ARN };
    const asOwner = { ...session, authorize: async () => undefined };
    const which = { RoleName: "archiver", PolicyName: "read" };

    const judgedMeanwhile = session.authorize(read);
    await cloud.iam.operations.DeleteRolePolicy?.(which as never, asOwner);
    await judgedMeanwhile;
    const refusal = await refusalOf(session.authorize(read));

    expect(refusal.name).to.equal("AccessDeniedException");
  });

  it("do not reach another stream's resource", async () => {
    await put("read", policy("kinesisvideo:*", GATE_ARN.replace("gate", "yard")));

    const refusal = await refusalOf(describeGate());

    expect(refusal.name).to.equal("AccessDeniedException");
  });

  it("end where a policy denies explicitly", async () => {
    await put("read", policy("kinesisvideo:*"));
    await put("not-the-gate", policy("kinesisvideo:*", GATE_ARN, "Deny"));

    const refusal = await refusalOf(describeGate());

    expect(refusal.message).to.match(/with an explicit deny in an identity-based policy$/);
  });

  it("follow the default version of an attached managed policy", async () => {
    const PolicyDocument = policy("s3:GetObject");
    const created = await cloud.owner.send(new CreatePolicyCommand({ PolicyName: "reader", PolicyDocument }));
    const PolicyArn = created.Policy?.Arn;
    await cloud.owner.send(new AttachRolePolicyCommand({ RoleName: "archiver", PolicyArn }));

    const refusal = await refusalOf(describeGate());
    await cloud.owner.send(
      new CreatePolicyVersionCommand({
        PolicyArn,
        PolicyDocument: policy("kinesisvideo:DescribeStream"),
        SetAsDefault: true,
      }),
    );
    const { StreamInfo } = await describeGate();

    expect(refusal.name).to.equal("AccessDeniedException");
    expect(StreamInfo?.StreamName).to.equal("gate");
  });

  it("heed conditions on the resource's tags", async () => {
    const allow = (site: string) => {
      const StringEquals = { "aws:ResourceTag/site": site };
      const Statement = [
        { Effect: "Allow", Action: "kinesisvideo:*", Resource: "*", Condition: { StringEquals } },
      ];
      return put("by-site", JSON.stringify({ Version: "2012-10-17", Statement }));
    };

    await allow("south");
    const refusal = await refusalOf(describeGate());
    await allow("north");
    const { StreamInfo } = await describeGate();

    expect(refusal.name).to.equal("AccessDeniedException");
    expect(StreamInfo?.StreamName).to.equal("gate");
  });

  it("can end at a time, by the cloud's clock", async () => {
    const Condition = { DateLessThan: { "aws:CurrentTime": "2026-11-22T18:00:00Z" } };
    const Statement = [{ Effect: "Allow", Action: "kinesisvideo:*", Resource: "*", Condition }];
    await put("until-six", JSON.stringify({ Version: "2012-10-17", Statement }));

    nowMs = Date.UTC(2026, 10, 22, 17, 59, 59);
    const { StreamInfo } = await describeGate();
    nowMs = Date.UTC(2026, 10, 22, 18, 0, 0);
    const refusal = await refusalOf(describeGate());

    expect(StreamInfo?.StreamName).to.equal("gate");
    expect(refusal.name).to.equal("AccessDeniedException");
  });
});
