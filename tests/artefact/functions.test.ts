import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { strToU8, zipSync } from "fflate";
import { type Cloud, startCloud } from "../../local/cloud";
import { runProgram, twoCameras } from "../support/program";

const root = path.join(__dirname, "..", "..");

/** What a clean process does with a shipped archive: load it as Lambda would, call it, print its answer. */
const CALL = `
  const { handler } = require(process.argv[1]);
  handler(JSON.parse(process.argv[2]), { getRemainingTimeInMillis: () => 60000 })
    .then((answer) => console.log(JSON.stringify(answer)));`;

describe("the shipped functions", function () {
  this.timeout(60_000);
  let cloud: Cloud;
  let folder: string;
  const archives: Record<string, Record<string, string>> = {};

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-artefact-"));
    cloud = await startCloud({ dataDir: path.join(folder, "cloud") });
    const { resources } = await runProgram(twoCameras());
    for (const { name, inputs } of resources.filter(({ type }) => type === "aws:lambda/function:Function")) {
      const files = await inputs.code.assets;
      archives[name] = {};
      for (const [file, asset] of Object.entries<{ text: Promise<string> }>(files)) {
        archives[name][file] = await asset.text;
      }
    }
  });
  after(async () => {
    await cloud?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a function in a process that has nothing but its archive, its environment, and the SDK of Lambda's runtime. */
  async function call(
    name: string,
    event: object,
    environment: Record<string, string> = {},
  ): Promise<unknown> {
    const taskRoot = fs.mkdtempSync(path.join(folder, "task-"));
    for (const [file, text] of Object.entries(archives[name] ?? {}))
      fs.writeFileSync(path.join(taskRoot, file), text);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["-e", CALL, path.join(taskRoot, "__index.js"), JSON.stringify(event)],
      {
        cwd: taskRoot,
        env: {
          NODE_PATH: path.join(root, "node_modules"),
          AWS_ENDPOINT_URL: cloud.url,
          AWS_REGION: cloud.region,
          AWS_ACCESS_KEY_ID: "local",
          AWS_SECRET_ACCESS_KEY: "local",
          ...environment,
        },
      },
    );
    return JSON.parse(stdout);
  }

  // Lambda counts what is zipped; far below the 100 KB that are promised, so that growth is noticed early.
  it("are each exactly one file, of less than 40 KB as Lambda counts archives", () => {
    const names = Object.keys(archives);

    const files = Object.values(archives).map((archive) => Object.keys(archive));
    const sizes = Object.values(archives).map(
      ({ "__index.js": text = "" }) => zipSync({ "__index.js": strToU8(text) }).length,
    );

    expect(names).to.have.members([
      "recorder-check-alarm-tag",
      "recorder-check-alarm-state",
      "recorder-archive-clip",
      "reconciler",
      "reconciler-stream",
      "drain",
    ]);
    for (const names of files) expect(names).to.deep.equal(["__index.js"]);
    for (const size of sizes) expect(size).to.be.within(300, 40_000);
  });

  it("require nothing but Node and the SDK clients of Lambda's runtime", () => {
    const code = Object.values(archives).map((archive) => archive["__index.js"] ?? "");

    const required = new Set(
      code.flatMap((text) => [...text.matchAll(/require\("([^"]+)"\)/g)].map((match) => match[1] ?? "")),
    );

    const foreign = [...required].filter(
      (name) => !/^(node:)?[a-z_/]+$/.test(name) && !name.startsWith("@aws-sdk/client-"),
    );
    expect(foreign).to.deep.equal([]);
  });

  it("check an alarm's tag and its state", async () => {
    const cloudWatch = new CloudWatch(cloud.clientConfig);
    const AlarmName = "lastframe/test/gate";
    await cloudWatch.putMetricAlarm({
      AlarmName,
      Namespace: "AWS/KinesisVideo",
      MetricName: "PutMedia.IncomingFragments",
      Dimensions: [{ Name: "StreamName", Value: "gate" }],
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 10,
      ComparisonOperator: "GreaterThanThreshold",
      Tags: [
        { Key: "RepeatedAlarm", Value: "True" },
        { Key: "ClipSeconds", Value: "60" },
      ],
    });
    const { MetricAlarms = [] } = await cloudWatch.describeAlarms({ AlarmNames: [AlarmName] });
    const metricStat = { metric: { dimensions: { StreamName: "gate" } } };
    const event = {
      resources: [MetricAlarms[0]?.AlarmArn],
      detail: { alarmName: AlarmName, configuration: { metrics: [{ metricStat }] } },
    };

    await new S3(cloud.clientConfig).createBucket({ Bucket: "claims" });
    const heard = { event, execution: "one", now: new Date().toISOString() };
    const archive = { ARCHIVE_BUCKET: "claims", ARCHIVE_PREFIX: "" };

    const recording = await call("recorder-check-alarm-tag", heard, archive);
    const state = await call("recorder-check-alarm-state", { alarmName: AlarmName });

    expect(recording).to.deep.equal({
      isRecorded: true,
      isDuplicate: false,
      alarmName: AlarmName,
      streamName: "gate",
      clipSeconds: 60,
    });
    expect(state).to.deep.equal({ isRecording: true });
  });

  it("archive a stream that holds nothing by storing nothing", async () => {
    await new KinesisVideo(cloud.clientConfig).createStream({ StreamName: "gate", DataRetentionInHours: 24 });
    await new S3(cloud.clientConfig).createBucket({ Bucket: "footage" });
    const request = {
      streamName: "gate",
      clipSeconds: 60,
      now: new Date(Date.now() + 5000).toISOString(),
    };
    const environment = { ARCHIVE_BUCKET: "footage", ARCHIVE_PREFIX: "derby/", STACK: "lastframe/test" };
    const alarm = { alarmName: "lastframe/test/gate", alarmArn: "arn:alarm", isAlarmOn: false };

    const reconciled = await call("reconciler-stream", { ...request, ...alarm }, environment);
    const answer = await call(
      "recorder-archive-clip",
      { ...request, execution: "one", isAlarmOn: false, handsOver: false },
      environment,
    );

    expect(reconciled).to.deep.equal({ clips: 0 });
    expect(answer).to.deep.equal({ hasBacklog: false, isDuplicate: true, isDone: false, successor: "" });
  });
});
