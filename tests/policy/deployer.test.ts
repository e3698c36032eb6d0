import * as fs from "node:fs";
import * as path from "node:path";
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import type { Need } from "../../local/core/service";
import { type EngineProject, engineCli, OPERATION_MS, openProject } from "../engine/support";
import { inferredActions } from "./securityPage";

const text = fs.readFileSync(path.join(__dirname, "..", "..", "docs", "deployer-policy.json"), "utf8");
const { Statement: statements } = JSON.parse(text) as {
  Statement: { Sid: string; Action: string[]; Resource: string | string[] }[];
};
const actions = statements.flatMap(({ Action }) => Action);

/** The most characters of a role's policies, white space not counted (IAM quotas). */
const ROLE_POLICY_CHARACTERS = 10_240;

describe("docs/deployer-policy.json", function () {
  this.timeout(6 * OPERATION_MS);
  let project: EngineProject;
  const calls: (Need & { isAllowed: boolean })[] = [];
  before(async function () {
    const cli = await engineCli(this);
    project = await openProject(cli, {
      speed: 10,
      onJudgement({ caller, need, isAllowed }) {
        if (caller.roleArn?.endsWith("/deployer")) calls.push({ ...need, isAllowed });
      },
    });
    await deployAs(project);
    project.configure((config) => {
      config["lastframe:encryption"] = "new-key";
      config["lastframe:notify"] = true;
      config["lastframe:alertEmails"] = ["me@example.com"];
      config["lastframe:keepBucket"] = false;
      config["lastframe:reservedConcurrency"] = { archiveClip: 5 };
      config["lastframe:owner"] = "me";
      config["lastframe:deviceSignIn"] = true;
      config["lastframe:network"] = "existing";
      config["lastframe:subnetIds"] = ["subnet-0a1b2c3d"];
      config["lastframe:securityGroupIds"] = ["sg-0a1b2c3d"];
      config["lastframe:clipHook"] = `arn:aws:states:us-east-1:${project.cloud.accountId}:stateMachine:mine`;
    });
  });
  after(() => project?.close());

  it("fits into a role", () => {
    expect(JSON.stringify(JSON.parse(text)).length).to.be.below(ROLE_POLICY_CHARACTERS);
  });

  it("lets the program be deployed, changed, refreshed and destroyed", async () => {
    await project.stack.up();
    project.configure((config) => {
      config["lastframe:clipSeconds"] = 90;
      config["lastframe:logRetentionDays"] = 60;
      config["lastframe:reconcileMinutes"] = 20;
      config["lastframe:retentionHours"] = 72;
      config["lastframe:event"] = "derby";
      delete config["lastframe:owner"];
      delete config["lastframe:reservedConcurrency"];
    });
    await project.stack.up();
    await project.stack.refresh();
    await project.stack.destroy();
  });

  it("is never too little", () => {
    const denied = calls.filter(({ isAllowed }) => !isAllowed);

    expect(denied.map(({ action, resource }) => `${action} on ${resource}`)).to.deep.equal([]);
  });

  it("allows what was called, and what docs/security.md infers of AWS's own provider", () => {
    const called = new Set(calls.map(({ action }) => action));

    const needless = actions.filter((action) => !called.has(action) && !inferredActions.includes(action));
    const inferredInVain = inferredActions.filter(
      (action) => called.has(action) || !actions.includes(action),
    );

    expect({ needless, inferredInVain }).to.deep.equal({ needless: [], inferredInVain: [] });
  });

  it("names no resource that was not called, where it allows more than what is inferred", () => {
    const unused = statements.flatMap(({ Sid, Action, Resource }) =>
      [Resource]
        .flat()
        .filter(() => !Action.every((action) => inferredActions.includes(action)))
        .filter((resource) => !calls.some((call) => Action.includes(call.action) && matches(resource, call)))
        .map((resource) => `${Sid} ${resource}`),
    );

    expect(unused).to.deep.equal([]);
  });
});

function matches(pattern: string, { resource }: Need): boolean {
  const literal = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*");
  return new RegExp(`^${literal}$`).test(resource);
}

/** Has everything that Pulumi does from now on done by a role with the policy. */
async function deployAs({ cloud, stack }: EngineProject): Promise<void> {
  const iam = new IAM(cloud.clientConfig);
  const { Role } = await iam.createRole({
    RoleName: "deployer",
    MaxSessionDuration: 43_200,
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${cloud.accountId}:root` },
          Action: "sts:AssumeRole",
        },
      ],
    }),
  });
  await iam.putRolePolicy({ RoleName: "deployer", PolicyName: "deploy", PolicyDocument: text });
  const { Credentials } = await new STS(cloud.clientConfig).assumeRole({
    RoleArn: Role?.Arn,
    RoleSessionName: "up",
    DurationSeconds: 43_200,
  });
  Object.assign(stack.workspace.envVars, {
    AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey,
    AWS_SESSION_TOKEN: Credentials?.SessionToken,
  });
}
