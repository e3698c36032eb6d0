import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Lambda } from "@aws-sdk/client-lambda";
import { expect } from "chai";
import type { ArchiveClipAnswer, ArchiveClipRequest } from "../../handlers/archiveClip";
import { awsEnvironment } from "../../local/engine/environment";
import { inCleanProcess } from "../support/cleanProcess";
import { footage } from "../support/footage";
import { framesIn } from "../support/frames";
import { deployRecording, type RecordingStack } from "../support/recording";
import { shippedFunction } from "../support/shippedFunction";
import { until } from "../support/until";

const TEN = Array.from({ length: 10 });
const CLIP_SECONDS = 10;

/** Calls of a function before the workflow lets it be: the first, and its six retries. */
const MAX_CALLS = 7;

/** The archive function outside of the stack, called as the workflow calls it. */
const LONE_ARCHIVER = `
  const { handler } = require(args.file);
  measure(() => handler(args.request, { getRemainingTimeInMillis: () => 900000 }));`;

describe("a recording that many are told of, and that many archive", function () {
  this.timeout(600_000);
  let stack: RecordingStack;
  let folder: string;
  const power = new AbortController();
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-replays-"));
  });
  after(async () => {
    power.abort();
    await stack?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const request = (execution: string, isAlarmOn: boolean): ArchiveClipRequest => ({
    streamName: "gate",
    clipSeconds: CLIP_SECONDS,
    now: new Date(stack.cloud.clock.nowMs()).toISOString(),
    execution,
    isAlarmOn,
    handsOver: false,
  });

  /** Has the execution that records the stream call for a round, again and again as the workflow would. */
  async function archiveOnce(): Promise<void> {
    const { s3, outputs, cloud } = stack;
    const lambda = new Lambda(cloud.clientConfig);
    const { Functions = [] } = await lambda.listFunctions({});
    const { FunctionName } = Functions.find((one) => one.FunctionName?.includes("archive-clip")) ?? {};
    const { Body } = await s3.getObject({ Bucket: outputs.bucket, Key: "claims/gate.json" });
    const { holder } = JSON.parse((await Body?.transformToString()) ?? "");
    for (let calls = 1; ; calls += 1) {
      const Payload = JSON.stringify(request(holder, true));
      const { FunctionError, Payload: answer } = await lambda.invoke({ FunctionName, Payload });
      if (!FunctionError) return;
      if (calls === MAX_CALLS) throw new Error(Buffer.from(answer ?? []).toString());
      await cloud.clock.sleep(2000 * 2 ** calls * Math.random());
    }
  }

  /** Archives all of the stream once more, alone, into an archive of its own. */
  async function archiveAlone(prefix: string): Promise<void> {
    const { cloud, outputs, s3 } = stack;
    const { file, environment } = await shippedFunction("recorder-archive-clip", folder);
    const claim = { holder: "alone", generation: 1, renewedAt: new Date(cloud.clock.nowMs()).toISOString() };
    const Key = `${prefix}claims/gate.json`;
    await s3.putObject({ Bucket: outputs.bucket, Key, Body: JSON.stringify(claim) });
    const here = {
      ...environment,
      ...awsEnvironment(cloud.clientConfig),
      ARCHIVE_BUCKET: outputs.bucket,
      ARCHIVE_PREFIX: prefix,
      STACK: "lastframe/test",
    };
    await until(async () => {
      const args = { file, request: request("alone", false) };
      return ((await inCleanProcess(LONE_ARCHIVER, args, here)).answer as ArchiveClipAnswer).isDone;
    });
  }

  /** What lies under a prefix and how often it was written: every version of every key, with what it says it holds. */
  async function objects(prefix: string) {
    const { s3, outputs } = stack;
    const Bucket = outputs.bucket;
    const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket, Prefix: prefix });
    expect(DeleteMarkers).to.deep.equal([]);
    return Promise.all(
      Versions.map(async ({ Key = "", VersionId }) => {
        const { Metadata, ContentLength } = await s3.headObject({ Bucket, Key, VersionId });
        return { key: Key.slice(prefix.length), Metadata, ContentLength };
      }),
    );
  }

  it("leaves the clips that one archiver would: each fragment once, nothing beside", async () => {
    const streams = [{ name: "gate", alarmThreshold: 2, clipSeconds: CLIP_SECONDS }];
    stack = await deployRecording({ streams }, { speed: 5 });
    const { stepFunctions, outputs, cloud, s3 } = stack;
    const stateMachineArn = outputs.workflow;
    const executions = async () => (await stepFunctions.listExecutions({ stateMachineArn })).executions ?? [];

    const filming = stack.film("gate", footage("garden.mkv"), { loop: true, signal: power.signal });
    await until(async () => (await stack.clips("gate")).length > 0);
    const { executionArn } = (await executions()).at(-1) ?? {};
    const { input } = await stepFunctions.describeExecution({ executionArn });
    const replay = () => Promise.all(TEN.map(() => stepFunctions.startExecution({ stateMachineArn, input })));
    await replay();
    for (let round = 0; round < 3; round += 1) {
      await cloud.clock.sleep(2 * CLIP_SECONDS * 1000);
      await Promise.all(TEN.map(archiveOnce));
    }
    power.abort();
    await filming;
    await stack.settled();
    await replay();
    const endings = await stack.settled();
    const clips = await objects("clips/");
    const others = (await objects("")).map(({ key }) => key).filter((key) => !key.startsWith("clips/"));
    const { Uploads = [] } = await s3.listMultipartUploads({ Bucket: outputs.bucket });
    const verified = await stack.verify("gate", "--deep");
    await archiveAlone("alone/");

    expect(endings.length).to.be.at.least(21);
    expect([...new Set(endings)]).to.deep.equal(["SUCCEEDED"]);
    expect(clips).to.have.length.above(5);
    expect(clips).to.deep.equal(await objects("alone/clips/"));
    expect(others.filter((key) => !/^(ledger|claims|sweeps)\//.test(key))).to.deep.equal([]);
    expect(Uploads).to.deep.equal([]);
    expect(framesIn(await stack.clips("gate"))).to.deep.equal(stack.framesFilmed("gate"));
    expect(verified.stdout).to.match(/^gate in s3:.*: complete\n/);
  });
});
