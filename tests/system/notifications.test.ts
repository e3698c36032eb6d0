import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import { makeNotificationTags } from "../../producer/notificationTags";
import { footage } from "../support/footage";
import { deployRecording, type RecordingStack } from "../support/recording";

describe("a stream that notifies", function () {
  this.timeout(180_000);
  let stack: RecordingStack;
  before(async () => {
    // An alarm that can never ring: no more than 300 fragments come in a minute.
    const streams = [{ name: "gate", notify: true, alarmThreshold: 300, clipSeconds: 10 }];
    stack = await deployRecording({ streams, reconcileMinutes: 1440 }, { speed: 20 });
    // Until a stream acts on its notifications, a minute passes.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
  });
  after(() => stack?.close());

  it("is recorded from its first tagged fragment on, though its alarm stays silent, and whole", async () => {
    const beganMs = stack.cloud.clock.nowMs();

    const persisted = await stack.film("gate", footage("clock.mkv"), {
      fragmentTags: makeNotificationTags(),
    });
    const endings = await stack.settled();

    const { executions = [] } = await stack.stepFunctions.listExecutions({
      stateMachineArn: stack.outputs.workflow,
    });
    const startedMs = Math.min(...executions.map(({ startDate }) => startDate?.getTime() ?? 0));
    const { MetricAlarms = [] } = await new CloudWatch(stack.cloud.clientConfig).describeAlarms({
      AlarmNames: ["lastframe/test/gate"],
    });
    const clips = await stack.clips("gate");
    const held = clips.reduce((sum, { metadata }) => sum + Number(metadata["fragment-count"]), 0);
    expect(MetricAlarms[0]?.StateValue).to.not.equal("ALARM");
    expect(executions.map(({ name }) => name)).to.have.length(1);
    expect(executions[0]?.name).to.match(/^gate-[0-9a-f]{8}-1$/);
    // A clip's length is longer than this, and the alarm's two minutes much longer.
    expect(startedMs - beganMs).to.be.below(60_000);
    expect(endings).to.deep.equal(["SUCCEEDED"]);
    expect(held).to.equal(persisted.length);
  });

  it("is left alone without the tag", async () => {
    await stack.film("gate", footage("clock.mkv"));

    const { executions = [] } = await stack.stepFunctions.listExecutions({
      stateMachineArn: stack.outputs.workflow,
    });

    expect(executions).to.have.length(1);
  });
});
