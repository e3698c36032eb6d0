import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  type EngineEvent,
  LocalWorkspace,
  type PulumiCommand,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { type Cloud, startCloud } from "../../local/cloud";
import { engineEnvironment } from "../../local/engine/environment";
import { type Clients, makeClients } from "../../local/provider/clients";
import { engineCli, OPERATION_MS } from "./support";

describe("the local cloud's provider under Pulumi's engine", function () {
  this.timeout(OPERATION_MS);
  let cli: PulumiCommand;
  let dataDir: string;
  let cloud: Cloud;
  let clients: Clients;
  before(async function () {
    cli = await engineCli(this);
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-provider-"));
    cloud = await startCloud({ dataDir: path.join(dataDir, "cloud") });
    clients = makeClients(cloud.clientConfig);
  });
  after(async () => {
    await cloud?.close();
    if (dataDir) fs.rmSync(dataDir, { recursive: true, force: true });
  });

  /** A stack whose program is given for each operation. */
  async function newStack(stackName: string, env: Record<string, string> = {}) {
    let current: PulumiFn = async () => undefined;
    const stack: Stack = await LocalWorkspace.createStack(
      { stackName, projectName: "provider", program: () => current() },
      {
        pulumiCommand: cli,
        workDir: fs.mkdtempSync(path.join(dataDir, "work-")),
        envVars: {
          ...engineEnvironment({ dataDir: path.join(dataDir, "engine"), target: cloud.clientConfig }),
          ...env,
        },
      },
    );
    return {
      stack,
      up(program: PulumiFn, onEvent?: (event: EngineEvent) => void) {
        current = program;
        return stack.up({ onEvent });
      },
      /** What the engine says of an operation that fails. */
      async failure(program: PulumiFn): Promise<string> {
        current = program;
        const error = await stack.up().then(
          () => undefined,
          (failed: Error) => failed,
        );
        return error?.message ?? "no error";
      },
    };
  }

  it("makes up a name that the program leaves out, and keeps it", async () => {
    const { up } = await newStack("names");
    const program = (retentionInDays: number) => async () => ({
      name: new aws.cloudwatch.LogGroup("day", { retentionInDays }).name,
    });

    const first = await up(program(7));
    const second = await up(program(14));

    expect(first.outputs.name?.value).to.match(/^day-[0-9a-f]{7}$/);
    expect(second.outputs.name?.value).to.equal(first.outputs.name?.value);
    expect(second.summary.resourceChanges).to.include({ update: 1 });
  });

  it("replaces what AWS cannot change, the new one first, but for names that cannot be had twice", async () => {
    const { up } = await newStack("replacements");
    const trust = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    });
    const program = (path: string) => async () => {
      new aws.iam.Role("unnamed", { assumeRolePolicy: trust, path });
      new aws.iam.Role("named", { name: "the-one", assumeRolePolicy: trust, path });
    };
    await up(program("/before/"));
    const steps: string[] = [];

    await up(program("/after/"), ({ resOutputsEvent, resourcePreEvent }) => {
      const { op, urn } = (resourcePreEvent ?? resOutputsEvent)?.metadata ?? {};
      if (resourcePreEvent && op !== "replace" && urn?.includes("Role")) {
        steps.push(`${op} ${urn.split("::").at(-1)}`);
      }
    });
    const { Roles = [] } = await clients.iam.listRoles({});

    const order = (name: string) =>
      steps.filter((step) => step.endsWith(` ${name}`)).map((step) => step.split(" ")[0]);
    expect(order("unnamed")).to.deep.equal(["create-replacement", "delete-replaced"]);
    expect(order("named")).to.deep.equal(["delete-replaced", "create-replacement"]);
    expect(Roles.map((role) => role.Path)).to.deep.equal(["/after/", "/after/"]);
  });

  it("sends secrets to the service and keeps them out of the state", async () => {
    const { up } = await newStack("secrets");
    const stateDir = path.join(dataDir, "engine", "backend", ".pulumi", "stacks", "provider");

    await up(async () => {
      new aws.cloudwatch.EventRule("secret", {
        name: "secret",
        description: pulumi.secret("hunter2"),
        scheduleExpression: "rate(1 hour)",
      });
    });
    const state = fs.readFileSync(path.join(stateDir, "secrets.json"), "utf8");
    const rule = await clients.eventBridge.describeRule({ Name: "secret" });

    expect(rule.Description).to.equal("hunter2");
    expect(state).to.contain("rate(1 hour)").and.not.contain("hunter2");
  });

  it("deploys a function's code, and again only when it has changed", async () => {
    const { up } = await newStack("code");
    const program = (text: string, timeout: number) => async () => {
      const assumeRolePolicy = JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      });
      const role = new aws.iam.Role("code", { assumeRolePolicy });
      const code = new pulumi.asset.AssetArchive({ "index.js": new pulumi.asset.StringAsset(text) });
      const settings = { role: role.arn, handler: "index.handler", runtime: "nodejs24.x", timeout };
      new aws.lambda.Function("code", { name: "code", code, ...settings });
    };
    const says = async () => {
      const { Payload } = await clients.lambda.invoke({ FunctionName: "code" });
      return Payload?.transformToString();
    };
    await up(program("exports.handler = async () => 1;", 3));
    const first = await clients.lambda.getFunction({ FunctionName: "code" });

    await up(program("exports.handler = async () => 1;", 5));
    const reset = await clients.lambda.getFunction({ FunctionName: "code" });
    await up(program("exports.handler = async () => 2;", 5));

    expect(reset.Configuration?.Timeout).to.equal(5);
    expect(reset.Configuration?.CodeSha256).to.equal(first.Configuration?.CodeSha256);
    expect(await says()).to.equal("2");
  });

  it("keeps hold of a resource that could be made only half, and finishes it with the next update", async () => {
    const { stack, up, failure } = await newStack("halves");
    const program = (retentionInDays: number) => async () => {
      new aws.cloudwatch.LogGroup("half", { retentionInDays });
    };

    // Four days is no retention that the service takes, which it says when the group is there already.
    const error = await failure(program(4));
    const { summary } = await up(program(5));
    const { logGroups } = await clients.logs.describeLogGroups({ logGroupNamePrefix: "half-" });
    await stack.destroy();

    expect(error).to.contain("InvalidParameterException");
    expect(summary.resourceChanges).to.include({ update: 1 });
    expect(logGroups).to.have.length(1);
    expect(logGroups?.[0]?.retentionInDays).to.equal(5);
  });

  it("reads what it did not make: adopted by import, or looked up", async () => {
    const { up } = await newStack("reads");
    await clients.s3.createBucket({ Bucket: "of-somebody-else" });
    await clients.logs.createLogGroup({ logGroupName: "by-hand" });

    const { outputs, summary } = await up(async () => ({
      found: aws.s3.Bucket.get("found", "of-somebody-else").arn,
      adopted: new aws.cloudwatch.LogGroup("adopted", { name: "by-hand" }, { import: "by-hand" }).arn,
    }));

    expect(outputs.found?.value).to.equal("arn:aws:s3:::of-somebody-else");
    expect(outputs.adopted?.value).to.match(/:log-group:by-hand$/);
    expect(summary.resourceChanges).to.include({ import: 1 });
  });

  it("empties a bucket that it deletes only where the program says so", async () => {
    const { stack, up } = await newStack("buckets");
    const program = (forceDestroy: boolean) => async () => {
      new aws.s3.Bucket("full", { bucket: "full", forceDestroy });
    };
    await up(program(false));
    await clients.s3.putObject({ Bucket: "full", Key: "clip", Body: "frames" });

    const refusal = await stack.destroy().catch((error: Error) => error.message);
    await up(program(true));
    await stack.destroy();
    const { Buckets = [] } = await clients.s3.listBuckets({});

    expect(refusal).to.contain("BucketNotEmpty");
    expect(Buckets.map(({ Name }) => Name)).not.to.include("full");
  });

  it("refuses what it does not serve, by name", async () => {
    const { failure } = await newStack("refusals");

    const input = await failure(async () => {
      new aws.s3.Bucket("loud", { acl: "public-read" });
    });
    const type = await failure(async () => {
      new aws.ec2.Instance("machine", { instanceType: "t3.nano" });
    });
    const setting = await failure(async () => {
      const provider = new aws.Provider("elsewhere", { region: "us-east-1", profile: "work" });
      new aws.s3.Bucket("elsewhere", {}, { provider });
    });

    expect(input).to.contain("does not know the input acl of aws:s3/bucket:Bucket; it knows bucket,");
    expect(type).to.contain("does not know the resource type aws:ec2/instance:Instance");
    expect(setting).to.contain("does not know the setting aws:profile");
  });

  it("is not taken for AWS's own provider, and says when no cloud answers", async () => {
    const bucket: PulumiFn = async () => {
      new aws.s3.Bucket("nowhere");
    };
    const unset = await newStack("unset", { AWS_ENDPOINT_URL: "" });
    const dead = await newStack("dead", { AWS_ENDPOINT_URL: "http://127.0.0.1:9" });

    const [withoutEndpoint, withoutCloud] = [await unset.failure(bucket), await dead.failure(bucket)];

    expect(withoutEndpoint).to.contain("serves the local cloud only: set AWS_ENDPOINT_URL");
    expect(withoutCloud).to.contain("no local cloud answers at http://127.0.0.1:9; start one with");
  });
});
