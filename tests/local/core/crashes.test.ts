import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { SFN } from "@aws-sdk/client-sfn";
import { expect } from "chai";
import { strToU8, zipSync } from "fflate";
import { type Cloud, startCloud } from "../../../local/cloud";
import { runCamera } from "../../../producer/camera";
import type { CameraEvent } from "../../../producer/cameraEvents";
import { openFootage } from "../../../producer/footage";
import { footage } from "../../support/footage";

const Bucket = "footage";

/** A function that puts an object, or reads one to its end, as it is told. */
const FUNCTION = `
  const { S3 } = require("@aws-sdk/client-s3");
  const s3 = new S3({ maxAttempts: 1 });
  exports.handler = async ({ put, get }) => {
    if (put) await s3.putObject({ Bucket: "${Bucket}", Key: put, Body: Buffer.alloc(300000) });
    if (get) await (await s3.getObject({ Bucket: "${Bucket}", Key: get })).Body.transformToByteArray();
    return process.pid;
  };`;

const trust = (Service: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
  });
const ALLOW_ALL = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

describe("local faults, of functions and streams", function () {
  this.timeout(60_000);
  let folder: string;
  let cloud: Cloud;
  let s3: S3;
  let lambda: Lambda;
  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-crashes-"));
    cloud = await startCloud({ dataDir: folder, speed: 600 });
    s3 = new S3({ ...cloud.clientConfig, maxAttempts: 1 });
    lambda = new Lambda(cloud.clientConfig);
    await s3.createBucket({ Bucket });
  });
  afterEach(async () => {
    await cloud?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function createRole(RoleName: string, service: string): Promise<string | undefined> {
    const iam = new IAM(cloud.clientConfig);
    const { Role } = await iam.createRole({ RoleName, AssumeRolePolicyDocument: trust(service) });
    await iam.putRolePolicy({ RoleName, PolicyName: "all", PolicyDocument: ALLOW_ALL });
    return Role?.Arn;
  }

  async function createFunction(FunctionName: string): Promise<string> {
    const logs = new CloudWatchLogs(cloud.clientConfig);
    await logs.createLogGroup({ logGroupName: `/aws/lambda/${FunctionName}` });
    const { FunctionArn = "" } = await lambda.createFunction({
      FunctionName,
      Runtime: "nodejs24.x",
      Role: await createRole(FunctionName, "lambda.amazonaws.com"),
      Handler: "index.handler",
      Timeout: 30,
      Code: { ZipFile: zipSync({ "index.js": strToU8(FUNCTION) }) },
    });
    return FunctionArn;
  }

  async function invoke(FunctionName: string, event: object) {
    const { FunctionError, Payload } = await lambda.invoke({ FunctionName, Payload: JSON.stringify(event) });
    return { FunctionError, answer: JSON.parse(Payload?.transformToString() ?? "null") as unknown };
  }

  const strike = (...rules: object[]) => cloud.faults.use({ rules });
  const keys = async () => ((await s3.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key }) => Key);

  for (const [moment, held] of [
    ["before", []],
    ["during", []],
    ["after", ["clip"]],
  ] as const) {
    it(`kill the function that calls, ${moment} the act`, async () => {
      await createFunction("archiver");
      const { answer: pid } = await invoke("archiver", {});
      strike({ service: "s3", action: "PutObject", crash: moment, times: 1 });

      const killed = await invoke("archiver", { put: "clip" });
      const heldThen = await keys();
      const next = await invoke("archiver", { put: "clip" });

      expect(killed.FunctionError).to.equal("Unhandled");
      expect(killed.answer).to.have.property("errorType", "Runtime.ExitError");
      expect(heldThen).to.deep.equal(held);
      expect(() => process.kill(Number(pid), 0)).to.throw("ESRCH");
      expect(next.FunctionError).to.equal(undefined);
      expect(next.answer).to.be.a("number").and.not.equal(pid);
    });
  }

  it("kill the function that reads, at a byte of what it reads", async () => {
    await createFunction("archiver");
    await s3.putObject({ Bucket, Key: "clip", Body: Buffer.alloc(300_000) });
    strike({ service: "s3", action: "GetObject", crash: "during", atByte: 100_000 });

    const { FunctionError, answer } = await invoke("archiver", { get: "clip" });

    expect(FunctionError).to.equal("Unhandled");
    expect(answer).to.have.property("errorType", "Runtime.ExitError");
  });

  it("leave alone who is no function, or another one", async () => {
    await createFunction("archiver");
    await createFunction("reader");
    strike({ service: "s3", action: "*", caller: "*/reader", crash: "before" });

    const { FunctionError } = await invoke("archiver", { put: "clip" });
    const held = await keys();
    const reader = await invoke("reader", { get: "clip" });

    expect(FunctionError).to.equal(undefined);
    expect(held).to.deep.equal(["clip"]);
    expect(reader.FunctionError).to.equal("Unhandled");
    expect(cloud.faults.strikes.map(({ action, callerArn }) => [action, callerArn])).to.deep.equal([
      ["GetObject", "arn:aws:sts::123456789012:assumed-role/reader/reader"],
    ]);
  });

  it("reach calls that services make: a workflow's is told as its client inside the service would", async () => {
    const functionArn = await createFunction("archiver");
    const roleArn = await createRole("workflow", "states.amazonaws.com");
    const sfn = new SFN(cloud.clientConfig);
    const task = {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke",
      Arguments: { FunctionName: functionArn, Payload: { put: "clip" } },
      End: true,
    };
    const definition = JSON.stringify({ QueryLanguage: "JSONata", StartAt: "Put", States: { Put: task } });
    const { stateMachineArn } = await sfn.createStateMachine({ name: "recorder", definition, roleArn });
    strike({ service: "lambda", action: "Invoke", cut: "after" });

    const { executionArn } = await sfn.startExecution({ stateMachineArn });
    let execution = await sfn.describeExecution({ executionArn });
    while (execution.status === "RUNNING") {
      await new Promise((resolve) => setTimeout(resolve, 50));
      execution = await sfn.describeExecution({ executionArn });
    }

    expect([execution.status, execution.error]).to.deep.equal(["FAILED", "Lambda.SdkClientException"]);
    expect(await keys()).to.deep.equal(["clip"]);
  });

  describe("of a stream", () => {
    let streamArn: string | undefined;
    beforeEach(async () => {
      const kinesisVideo = new KinesisVideo(cloud.clientConfig);
      streamArn = (await kinesisVideo.createStream({ StreamName: "gate", DataRetentionInHours: 24 }))
        .StreamARN;
    });

    async function film(): Promise<CameraEvent[]> {
      const events: CameraEvent[] = [];
      await runCamera({
        footage: await openFootage(() => fs.createReadStream(footage("clock.mkv"))),
        stream: "gate",
        client: new KinesisVideoClient(cloud.clientConfig),
        clock: cloud.clock,
        onEvent: (event) => events.push(event),
      }).done;
      return events;
    }

    async function listed() {
      const { Fragments = [] } = await new KinesisVideoArchivedMedia(cloud.clientConfig).listFragments({
        StreamARN: streamArn,
        FragmentSelector: {
          FragmentSelectorType: "SERVER_TIMESTAMP",
          TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(cloud.clock.nowMs()) },
        },
      });
      return Fragments.map(({ FragmentNumber = "", ServerTimestamp }) => ({
        number: FragmentNumber,
        serverMs: ServerTimestamp?.getTime() ?? 0,
      })).sort((a, b) => a.serverMs - b.serverMs);
    }

    it("cut a camera's connection at its byte: it connects anew, and all that it sent is kept", async () => {
      strike({ service: "kinesisvideo", action: "PutMedia", cut: "during", atByte: 400_000, times: 1 });

      const events = await film();
      const numbers = (await listed()).map(({ number }) => number);

      const persisted = events.flatMap((event) => (event.kind === "persisted" ? event.fragmentNumber : []));
      expect(events.filter(({ kind }) => kind === "connected")).to.have.length(2);
      expect(cloud.faults.strikes).to.have.length(1);
      expect(numbers).to.include.members(persisted);
    });

    it("refuse a camera's connection; it tries again", async () => {
      const fail = { code: "ConnectionLimitExceededException", status: 400 };
      strike({
        service: "kinesisvideo",
        action: "PutMedia",
        where: { StreamName: "gate" },
        calls: [1],
        fail,
      });

      const events = await film();

      expect(cloud.faults.strikes).to.have.length(1);
      expect(events.some(({ kind }) => kind === "persisted")).to.equal(true);
    });

    it("list fragments late, each by a lag of its own that stays", async () => {
      await film();
      const all = await listed();
      const lists = (lagMs: number | number[]) => ({
        service: "kinesisvideo",
        action: "ListFragments",
        lagMs,
      });

      strike(lists(86_400_000));
      const none = await listed();
      strike(lists([0, 86_400_000]));
      const some = await listed();
      await cloud.clock.sleep(600_000);
      const later = await listed();
      strike(lists(600_000));
      const afterTheLag = await listed();

      expect(all.length).to.be.above(10);
      expect(none).to.deep.equal([]);
      expect(some.length).to.be.below(all.length / 2);
      expect(later).to.include.deep.members(some);
      expect(afterTheLag).to.deep.equal(all);
    });
  });
});
