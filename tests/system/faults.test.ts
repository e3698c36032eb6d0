import * as path from "node:path";
import { IAM } from "@aws-sdk/client-iam";
import { expect } from "chai";
import { withBrokenFrame } from "../support/brokenFrame";
import { footage } from "../support/footage";
import { framesIn, framesSent } from "../support/frames";
import { deployRecording, type RecordingStack } from "../support/recording";

const clock = footage("clock.mkv");
const streams = [{ name: "clock", alarmThreshold: 2, clipSeconds: 10 }];

describe("a recording under faults", function () {
  this.timeout(120_000);
  let stack: RecordingStack;
  beforeEach(async () => {
    stack = await deployRecording({ streams });
  });
  afterEach(() => stack?.close());

  it("is refused what its role does not allow, and archives everything once the role is mended", async () => {
    const iam = new IAM(stack.cloud.clientConfig);
    const { Roles = [] } = await iam.listRoles({});
    const RoleName = Roles.find((role) => role.RoleName?.startsWith("recorder-archive-clip"))?.RoleName;
    const { PolicyNames = [] } = await iam.listRolePolicies({ RoleName });
    const { PolicyName, PolicyDocument = "" } = await iam.getRolePolicy({
      RoleName,
      PolicyName: PolicyNames[0],
    });
    const policy = decodeURIComponent(PolicyDocument);

    await iam.putRolePolicy({
      RoleName,
      PolicyName,
      PolicyDocument: policy.replace('s3:PutObject"', 's3:GetObjectAcl"'),
    });
    const persisted = await stack.film("clock", clock);
    const refusal = await firstTaskFailure(stack);
    const clipsMeanwhile = await stack.clips("clock");
    await iam.putRolePolicy({ RoleName, PolicyName, PolicyDocument: policy });
    await stack.settled();

    expect(refusal).to.match(/AccessDenied/);
    expect(refusal).to.contain("is not authorized to perform: s3:PutObject on resource");
    expect(clipsMeanwhile).to.deep.equal([]);
    expect(framesIn(await stack.clips("clock"))).to.deep.equal(framesSent(clock, persisted));
  });

  it("makes a movie itself, whole, of the clip with a frame that GetClip cannot take", async () => {
    const broken = withBrokenFrame(clock, stack.dataDir);

    const persisted = await stack.film("clock", broken);
    await stack.settled();
    const clips = await stack.clips("clock");

    const sources = await storedFrom(stack);
    expect(sources.filter((source) => source === "fragments")).to.have.length(1);
    expect(sources).to.have.length.above(2);
    expect(clips.map(({ key }) => path.extname(key))).to.deep.equal(sources.map(() => ".mp4"));
    expect(framesIn(clips)).to.deep.equal(framesSent(broken, persisted));
  });

  it("adds nothing when the alarm's event arrives three more times", async () => {
    const persisted = await stack.film("clock", clock);
    const { input } = await firstExecution(stack);

    for (let copy = 0; copy < 3; copy += 1) {
      await stack.stepFunctions.startExecution({ stateMachineArn: stack.outputs.workflow, input });
    }
    const endings = await stack.settled();

    expect(endings.filter((ending) => ending === "SUCCEEDED")).to.have.length.of.at.least(4);
    expect(framesIn(await stack.clips("clock"))).to.deep.equal(framesSent(clock, persisted));
  });
});

describe("footage for which no alarm rings", function () {
  this.timeout(120_000);
  let stack: RecordingStack;
  after(() => stack?.close());

  it("is archived all the same, by the schedule", async () => {
    const deaf = [{ name: "clock", alarmThreshold: 300, clipSeconds: 10 }];
    stack = await deployRecording({ streams: deaf, reconcileMinutes: 1 });

    const persisted = await stack.film("clock", clock);
    let clips = await stack.clips("clock");
    const held = () => clips.reduce((sum, { metadata }) => sum + Number(metadata["fragment-count"]), 0);
    while (held() < persisted.length) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      clips = await stack.clips("clock");
    }
    const { executions } = await stack.stepFunctions.listExecutions({
      stateMachineArn: stack.outputs.workflow,
    });

    expect(executions).to.deep.equal([]);
    expect(framesIn(clips)).to.deep.equal(framesSent(clock, persisted));
  });
});

/** Where each stored clip came from, as the ledger says. */
async function storedFrom({ s3, outputs }: RecordingStack): Promise<string[]> {
  const Bucket = outputs.bucket;
  const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix: "ledger/" });
  const entries = await Promise.all(
    Contents.map(async ({ Key }) => {
      const { Body } = await s3.getObject({ Bucket, Key });
      return JSON.parse((await Body?.transformToString()) ?? "") as { change: { source?: string } };
    }),
  );
  return entries.flatMap(({ change }) => change.source ?? []);
}

/** Waits for the alarm to start an execution. */
async function firstExecution({ stepFunctions, outputs }: RecordingStack) {
  for (;;) {
    const { executions = [] } = await stepFunctions.listExecutions({ stateMachineArn: outputs.workflow });
    const executionArn = executions[0]?.executionArn;
    if (executionArn) return stepFunctions.describeExecution({ executionArn });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Waits for a task of any execution to fail; answers its error and cause. */
async function firstTaskFailure({ stepFunctions, outputs }: RecordingStack): Promise<string> {
  for (;;) {
    const { executions = [] } = await stepFunctions.listExecutions({ stateMachineArn: outputs.workflow });
    for (const { executionArn } of executions) {
      const { events = [] } = await stepFunctions.getExecutionHistory({ executionArn, maxResults: 1000 });
      const failure = events.find((event) => event.taskFailedEventDetails)?.taskFailedEventDetails;
      if (failure) return `${failure.error} ${failure.cause}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
