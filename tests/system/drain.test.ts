import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { Lambda } from "@aws-sdk/client-lambda";
import { expect } from "chai";
import type { DrainRequest } from "../../handlers/drain";
import { footage } from "../support/footage";
import { deployRecording, type RecordingStack } from "../support/recording";

/** Calls the deployed function as the provider does when the resource beside the stream is deleted. */
async function drainGate(stack: RecordingStack): Promise<{ error?: string; message?: string }> {
  const lambda = new Lambda({ ...stack.cloud.clientConfig, maxAttempts: 1 });
  const { Functions = [] } = await lambda.listFunctions({});
  const { FunctionName } = Functions.find(({ FunctionName }) => FunctionName?.startsWith("drain-")) ?? {};
  const request: DrainRequest = {
    streamName: "gate",
    clipSeconds: 900,
    retentionHours: 24,
    abandons: false,
    tf: { action: "delete" },
  };
  const { Payload } = await lambda.invoke({ FunctionName, Payload: JSON.stringify(request) });
  const answer = JSON.parse(Payload?.transformToString() ?? "{}");
  return { error: answer.errorType, message: answer.errorMessage };
}

describe("Drain, deployed", function () {
  this.timeout(120_000);
  let stack: RecordingStack;
  beforeEach(async () => {
    // Nobody else archives: the threshold is never reached, and Reconcile comes once a day.
    const streams = [{ name: "gate", alarmThreshold: 300, clipSeconds: 900 }];
    stack = await deployRecording({ streams, reconcileMinutes: 1440 }, { speed: 60 });
  });
  afterEach(() => stack?.close());

  const isClosed = async () => {
    const { Tags } = await new KinesisVideo(stack.cloud.clientConfig).listTagsForStream({
      StreamName: "gate",
    });
    return Tags?.closed;
  };

  it("archives all of a stream before it may go, and shuts devices out", async () => {
    const persisted = await stack.film("gate", footage("clock.mkv"));

    const answer = await drainGate(stack);

    const clips = await stack.clips("gate");
    const held = clips.reduce((sum, { metadata }) => sum + Number(metadata["fragment-count"]), 0);
    expect(answer).to.deep.equal({ error: undefined, message: undefined });
    expect(held).to.equal(persisted.length);
    expect(await isClosed()).to.equal("true");
  });

  it("refuses while a camera sends, and leaves the stream open", async () => {
    const off = new AbortController();
    const filming = stack.film("gate", footage("clock.mkv"), { loop: true, signal: off.signal });

    const answer = await drainGate(stack);
    off.abort();
    await filming;

    expect(answer.error).to.equal("CameraSends");
    expect(await isClosed()).to.equal(undefined);
  });

  it("refuses what its role does not let it archive, without a stack trace", async () => {
    const iam = new IAM(stack.cloud.clientConfig);
    const { Roles = [] } = await iam.listRoles({});
    const { RoleName } = Roles.find(({ RoleName }) => RoleName?.startsWith("drain-")) ?? {};
    const persisted = await stack.film("gate", footage("clock.mkv"));
    await iam.putRolePolicy({
      RoleName,
      PolicyName: "no-media",
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Deny",
            Action: ["kinesisvideo:GetClip", "kinesisvideo:GetMediaForFragmentList"],
            Resource: "*",
          },
        ],
      }),
    });

    const answer = await drainGate(stack);

    expect(answer.error).to.equal("FootageOwed");
    expect(answer.message).to.match(
      new RegExp(`^${persisted.length} fragments of gate \\(\\d+\\.\\d s, the oldest of 20.*AccessDenied`),
    );
  });
});
