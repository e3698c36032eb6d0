import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { type Cloud, startCloud } from "../../../local/cloud";
import { refusalOf } from "../../support/refusalOf";

const Bucket = "footage";

describe("local faults", () => {
  let folder: string;
  let cloud: Cloud;
  let s3: S3;
  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-faults-"));
    cloud = await startCloud({ dataDir: folder, speed: 60 });
    s3 = new S3({ ...cloud.clientConfig, maxAttempts: 1 });
    await s3.createBucket({ Bucket });
  });
  afterEach(async () => {
    await cloud?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const strike = (...rules: object[]) => cloud.faults.use({ rules });
  const put = (Key: string, Body: string | Uint8Array = Key) => s3.putObject({ Bucket, Key, Body });
  const keys = async () => ((await s3.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key }) => Key);
  it("answer the error that a rule states, and nothing is done", async () => {
    const fail = { code: "InternalError", status: 500, message: "We encountered an internal error." };
    strike({ service: "s3", action: "PutObject", fail });

    const error = await refusalOf(put("clip"));

    expect(error).to.include({ name: "InternalError", message: fail.message });
    expect(error).to.have.nested.property("$metadata.httpStatusCode", 500);
    expect(await keys()).to.deep.equal([]);
  });

  it("are tried again by the SDK as it does in AWS", async () => {
    const patient = new S3({ ...cloud.clientConfig, maxAttempts: 3 });
    strike({ service: "s3", action: "PutObject", throttle: true, calls: [1, 2] });

    const { $metadata } = await patient.putObject({ Bucket, Key: "clip", Body: "clip" });

    expect($metadata.attempts).to.equal(3);
    expect(cloud.faults.strikes.map(({ action, effect }) => `${action} ${effect}`)).to.deep.equal([
      "PutObject throttle: true",
      "PutObject throttle: true",
    ]);
  });

  const throttles: [
    service: string,
    code: string,
    call: (config: Cloud["clientConfig"]) => Promise<unknown>,
  ][] = [
    ["s3", "SlowDown", (config) => new S3(config).listBuckets({})],
    ["kinesisvideo", "ClientLimitExceededException", (config) => new KinesisVideo(config).listStreams({})],
    ["lambda", "TooManyRequestsException", (config) => new Lambda(config).listFunctions({})],
    ["monitoring", "Throttling", (config) => new CloudWatch(config).describeAlarms({})],
    ["events", "ThrottlingException", (config) => new EventBridge(config).listRules({})],
    ["states", "ThrottlingException", (config) => new SFN(config).listStateMachines({})],
    ["logs", "ThrottlingException", (config) => new CloudWatchLogs(config).describeLogGroups({})],
    ["sqs", "RequestThrottled", (config) => new SQS(config).listQueues({})],
    ["iam", "Throttling", (config) => new IAM(config).listRoles({})],
    ["sts", "Throttling", (config) => new STS(config).getCallerIdentity({})],
  ];
  for (const [service, code, call] of throttles) {
    it(`throttle ${service} by its ${code}`, async () => {
      strike({ service, action: "*", throttle: true });

      const error = await refusalOf(call({ ...cloud.clientConfig, maxAttempts: 1 } as Cloud["clientConfig"]));

      expect(error.name).to.equal(code);
    });
  }

  it("act later in the cloud's time", async () => {
    strike({ service: "s3", action: "PutObject", delayMs: [6000, 9000] });
    const calledMs = cloud.clock.nowMs();

    await put("clip");

    expect(cloud.clock.nowMs() - calledMs).to.be.at.least(6000);
    expect(await keys()).to.deep.equal(["clip"]);
  });

  it("end a call that is being delayed when the cloud is closed", async () => {
    strike({ service: "s3", action: "PutObject", delayMs: 365 * 86_400_000 });

    const call = refusalOf(put("clip"));
    while (cloud.faults.strikes.length === 0) await new Promise(setImmediate);
    await cloud.close();

    expect((await call).code).to.equal("ECONNRESET");
    cloud = await startCloud({ dataDir: folder });
  });

  for (const [moment, held] of [
    ["before", []],
    ["during", []],
    ["after", ["clip"]],
  ] as const) {
    it(`cut the connection ${moment} the act, which is ${held.length ? "" : "not "}done then`, async () => {
      strike({ service: "s3", action: "PutObject", cut: moment });

      const error = await refusalOf(put("clip", Buffer.alloc(300_000)));

      expect(error.code).to.equal("ECONNRESET");
      expect(await keys()).to.deep.equal(held);
    });
  }

  it("cut an answer at its byte", async () => {
    await put("clip", Buffer.alloc(300_000, "x"));
    strike({ service: "s3", action: "GetObject", cut: "during", atByte: 100_000 });

    const { Body, ContentLength } = await s3.getObject({ Bucket, Key: "clip" });
    let receivedBytes = 0;
    const error = await refusalOf(
      (async () => {
        for await (const part of Body as AsyncIterable<Uint8Array>) receivedBytes += part.length;
      })(),
    );

    expect(error.code).to.equal("ECONNRESET");
    expect([ContentLength, receivedBytes]).to.deep.equal([300_000, 100_000]);
  });

  it("end by themselves when another script is put in force", async () => {
    strike({ service: "*", action: "*", throttle: true });
    await refusalOf(put("first"));

    cloud.faults.use({ rules: [] });
    await put("second");

    expect(await keys()).to.deep.equal(["second"]);
  });

  describe("choose their calls", () => {
    const fail = { code: "InternalError", status: 500 };
    /** Which of these puts are refused. */
    async function refused(names: string[]): Promise<string[]> {
      const outcomes = await Promise.allSettled(names.map((name) => put(name)));
      return names.filter((_, index) => outcomes[index]?.status === "rejected");
    }
    const inTurn = async (names: string[]) => {
      const all: string[] = [];
      for (const name of names) all.push(...(await refused([name])));
      return all;
    };
    const numbers = Array.from({ length: 40 }, (_, index) => `clip-${index}`);

    it("by members of the input", async () => {
      strike({ service: "s3", action: "PutObject", where: { Key: "ledger/*/1.json" }, fail });

      const names = await refused(["ledger/gate/1.json", "ledger/gate/2.json", "x/ledger/gate/1.json"]);

      expect(names).to.deep.equal(["ledger/gate/1.json"]);
    });

    it("by who calls", async () => {
      strike({ service: "s3", action: "PutObject", caller: "arn:aws:sts::*:assumed-role/archiver/*", fail });

      const names = await refused(["clip"]);

      expect(names).to.deep.equal([]);
    });

    it("by their number, and each rule counts for itself", async () => {
      strike(
        { service: "s3", action: "PutObject", where: { Key: "b*" }, calls: [2], fail },
        { service: "s3", action: "PutObject", calls: [1, 5], fail },
      );

      const names = await inTurn(["a1", "b1", "a2", "b2", "a3", "b3"]);

      // The second rule is not asked about b2, which the first has struck: its fifth call is b3.
      expect(names).to.deep.equal(["a1", "b2", "b3"]);
    });

    it("at most so many times", async () => {
      strike({ service: "s3", action: "*", times: 2, fail });

      const names = await inTurn(["a", "b", "c", "d"]);

      expect(names).to.deep.equal(["a", "b"]);
    });

    it("by a share of them that the seed decides", async () => {
      const rules = [{ service: "s3", action: "PutObject", probability: 0.5, fail }];
      const runs: string[][] = [];
      for (const seed of [1, 1, 2]) {
        cloud.faults.use({ seed, rules });
        runs.push(await inTurn(numbers));
      }

      const [first, again, other] = runs;
      expect(again).to.deep.equal(first);
      expect(other).to.not.deep.equal(first);
      expect(first?.length).to.be.within(8, 32);
    });
  });
});
