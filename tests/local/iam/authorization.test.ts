import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { expect } from "chai";
import type { Caller } from "../../../local/core/service";
import { refusalOf } from "../../support/refusalOf";
import { ACCOUNT, GATE_ARN, policy, type ServedIam, serveIam, trust } from "./servedIam";

const QUEUE_ARN = `arn:aws:sqs:us-east-1:${ACCOUNT}:dead-letters`;
const RULE_ARN = `arn:aws:events:us-east-1:${ACCOUNT}:rule/alarms`;
const MACHINE_ARN = `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:recorder`;
const owner: Caller = { kind: "owner", arn: `arn:aws:iam::${ACCOUNT}:root`, accountId: ACCOUNT };

/** A queue's policy that admits EventBridge for one rule. */
const queuePolicy = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: QUEUE_ARN,
      Condition: { ArnEquals: { "aws:SourceArn": RULE_ARN } },
    },
  ],
};
const sendMessage = { action: "sqs:SendMessage", resource: QUEUE_ARN };

describe("calls inside the cloud", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
  });
  afterEach(() => cloud.close());

  it("by a service are allowed by the resource's policy alone, for the source that it names", async () => {
    const asRule = (sourceArn: string) =>
      cloud.iam.callAs({ servicePrincipal: "events.amazonaws.com", sourceArn });
    const need = { ...sendMessage, resourcePolicy: queuePolicy };

    await asRule(RULE_ARN).authorize(need);
    const ofAnotherRule = await refusalOf(asRule(`${RULE_ARN}2`).authorize(need));
    const withoutPolicy = await refusalOf(asRule(RULE_ARN).authorize(sendMessage));

    expect(ofAnotherRule.name).to.equal("AccessDeniedException");
    expect(withoutPolicy.message).to.equal(
      `User: events.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: ${QUEUE_ARN} because no resource-based policy allows the sqs:SendMessage action`,
    );
  });

  it("are told of with what they needed, whether it was allowed or not", async () => {
    const asRule = cloud.iam.callAs({ servicePrincipal: "events.amazonaws.com", sourceArn: RULE_ARN });

    await asRule.authorize({ ...sendMessage, resourcePolicy: queuePolicy });
    await refusalOf(asRule.authorize(sendMessage));

    const told = cloud.judgements.map(({ caller, need, isAllowed }) => [caller.arn, need.action, isAllowed]);
    expect(told).to.deep.equal([
      ["events.amazonaws.com", "sqs:SendMessage", true],
      ["events.amazonaws.com", "sqs:SendMessage", false],
    ]);
  });

  it("by a service in a role are allowed by the role's policies, if the role trusts the service", async () => {
    const AssumeRolePolicyDocument = trust({ Service: "events.amazonaws.com" });
    const made = await cloud.owner.send(
      new CreateRoleCommand({ RoleName: "starter", AssumeRolePolicyDocument }),
    );
    const PolicyDocument = policy("states:StartExecution", MACHINE_ARN);
    await cloud.owner.send(
      new PutRolePolicyCommand({ RoleName: "starter", PolicyName: "start", PolicyDocument }),
    );
    const role = { roleArn: made.Role?.Arn ?? "", sessionName: "rule" };
    const need = { action: "states:StartExecution", resource: MACHINE_ARN };

    await cloud.iam.callAs({ ...role, servicePrincipal: "events.amazonaws.com" }).authorize(need);
    const untrusted = cloud.iam.callAs({ ...role, servicePrincipal: "lambda.amazonaws.com" });
    const refusal = await refusalOf(untrusted.authorize(need));

    expect(refusal.message).to.match(/lambda.amazonaws.com is not authorized to perform: sts:AssumeRole/);
    expect(await cloud.iam.trusts(role.roleArn, "events.amazonaws.com")).to.equal(true);
    expect(await cloud.iam.trusts(role.roleArn, "lambda.amazonaws.com")).to.equal(false);
    expect(await cloud.iam.trusts(`${role.roleArn}2`, "events.amazonaws.com")).to.equal(false);
  });

  it("by a service in a role that trusts it for one source are refused for another", async () => {
    const AssumeRolePolicyDocument = trust(
      { Service: "events.amazonaws.com" },
      { ArnEquals: { "aws:SourceArn": RULE_ARN }, StringEquals: { "aws:SourceAccount": ACCOUNT } },
    );
    const { Role } = await cloud.owner.send(
      new CreateRoleCommand({ RoleName: "starter", AssumeRolePolicyDocument }),
    );
    const trusts = (sourceArn: string) =>
      cloud.iam.trusts(Role?.Arn ?? "", "events.amazonaws.com", sourceArn);

    const forItsRule = await trusts(RULE_ARN);
    const forAnother = await trusts(`${RULE_ARN}2`);

    expect([forItsRule, forAnother]).to.deep.equal([true, false]);
  });

  it("by a role that does not exist are refused", async () => {
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/nobody`;

    const refusal = await refusalOf(cloud.iam.callAs({ roleArn, sessionName: "x" }).authorize(sendMessage));

    expect(refusal.name).to.equal("AccessDeniedException");
  });
});

describe("the account's owner", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
  });
  afterEach(() => cloud.close());

  it("may do everything but what a resource's policy denies", async () => {
    const deny = (key: string, value: string) => ({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: "arn:aws:s3:::clips/*",
          Condition: { Bool: { [key]: value } },
        },
      ],
    });
    const need = { action: "s3:PutObject", resource: "arn:aws:s3:::clips/a.mp4" };

    await cloud.iam.gatekeeper.authorize(owner, [need]);
    await cloud.iam.gatekeeper.authorize(owner, [
      { ...need, resourcePolicy: deny("aws:SecureTransport", "false") },
    ]);
    const denied = cloud.iam.gatekeeper.authorize(owner, [
      { ...need, resourcePolicy: deny("aws:SecureTransport", "true") },
    ]);

    expect((await refusalOf(denied)).message).to.match(/with an explicit deny in a resource-based policy$/);
  });

  it("must have all of several needs allowed", async () => {
    const Statement = [{ Effect: "Deny", Principal: "*", Action: "s3:DeleteObject", Resource: "*" }];
    const resourcePolicy = { Version: "2012-10-17", Statement };
    const resource = "arn:aws:s3:::clips/a.mp4";

    const both = cloud.iam.gatekeeper.authorize(owner, [
      { action: "s3:GetObject", resource, resourcePolicy },
      { action: "s3:DeleteObject", resource, resourcePolicy },
    ]);

    expect((await refusalOf(both)).message).to.match(/s3:DeleteObject on resource/);
  });
});

describe("a service that asks IAM wrongly", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
  });
  afterEach(() => cloud.close());

  const wrong = {
    "an action that does not exist": { action: "kinesisvideo:GetVideo", resource: GATE_ARN },
    "an ARN that the action does not act on": { action: "kinesisvideo:GetClip", resource: QUEUE_ARN },
    "an ARN where the action has no resource": { action: "kinesisvideo:ListStreams", resource: GATE_ARN },
    "a condition key that the action does not have": {
      action: "kinesisvideo:GetClip",
      resource: GATE_ARN,
      context: { "s3:prefix": "clips/" },
    },
  };
  for (const [mistake, need] of Object.entries(wrong)) {
    it(`hears of it loudly, with action and resource: ${mistake}`, async () => {
      const call = cloud.iam.gatekeeper.authorize(owner, [need]);

      const failure = await refusalOf(call);

      expect(failure).not.to.have.property("statusCode");
      expect(failure.message).to.contain(`${need.action} on ${need.resource}`);
    });
  }
});
