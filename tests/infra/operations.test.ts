import { expect } from "chai";
import type { dashboardBody } from "../../infra/dashboardBody";
import { type DeployedProgram, runProgram, twoCameras } from "../support/program";

const ALERTS = "arn:aws:sns:us-east-1:123456789012:alerts-1234567";

describe("what people are told of a stack", () => {
  let program: DeployedProgram;
  before(async () => {
    const streams = JSON.stringify([{ name: "gate", notify: true }, { name: "podium" }]);
    const config = twoCameras({
      "lastframe:streams": streams,
      "lastframe:alertEmails": '["me@example.com"]',
      "lastframe:reservedConcurrency": '{"archiveClip":20}',
      "lastframe:logRetentionDays": "90",
      "lastframe:deviceSignIn": "true",
    });
    program = await runProgram(config, { stack: "derby" });
  });

  const all = (type: string) => program.resources.filter((resource) => resource.type === `aws:${type}`);
  const alarms = () => all("cloudwatch/metricAlarm:MetricAlarm");

  it("comes by mail, from a topic that alarms of the project's stacks and EventBridge may publish to over TLS only", () => {
    const { inputs } = program.resource(
      "aws:sns/topicSubscription:TopicSubscription",
      "alerts-me@example.com",
    );
    const policy = JSON.parse(program.resource("aws:sns/topicPolicy:TopicPolicy", "alerts").inputs.policy);

    expect(inputs).to.include({ protocol: "email", endpoint: "me@example.com" });
    expect(
      policy.Statement.map(({ Effect, Principal }: { Effect: string; Principal: object }) => [
        Effect,
        Principal,
      ]),
    ).to.deep.equal([
      ["Allow", { Service: "cloudwatch.amazonaws.com" }],
      ["Allow", { Service: "events.amazonaws.com" }],
      ["Deny", "*"],
    ]);
    expect(policy.Statement[0].Condition.ArnLike["aws:SourceArn"]).to.match(/:alarm:lastframe\/\*$/);
  });

  it("is told of by every alarm but those that start recording, when it rings and not when it is over", () => {
    const silent = alarms().filter(({ inputs }) => !inputs.alarmActions);
    const others = alarms().filter(({ inputs }) => inputs.alarmActions);

    expect(silent.map(({ name }) => name)).to.have.members(["gate", "podium"]);
    for (const { inputs, name } of others) {
      // A new alarm goes to OK: as many messages as there are alarms, for nothing.
      expect([inputs.alarmActions, inputs.okActions], name).to.deep.equal([[ALERTS], undefined]);
      expect(inputs.name, name).to.match(/^lastframe\/derby-[\w-]+\//);
      expect(inputs.tags, name).to.not.have.property("RepeatedAlarm");
    }
  });

  it("is that a function fails or is throttled, a Recorder failed, a dead letter waits, footage is at risk, the service is slow or refuses", () => {
    const watched = new Set(
      alarms().map(({ inputs: { namespace, metricName } }) => `${namespace} ${metricName}`),
    );

    expect([...watched]).to.have.members([
      "AWS/Lambda Errors",
      "AWS/Lambda Throttles",
      "AWS/Lambda Invocations",
      "AWS/States ExecutionsFailed",
      "AWS/SQS ApproximateNumberOfMessagesVisible",
      "AWS/KinesisVideo PutMedia.IncomingFragments",
      "AWS/KinesisVideo PutMedia.FragmentPersistLatency",
      "AWS/KinesisVideo PutMedia.ErrorAckCount",
      "lastframe UnarchivedAgeOfRetention",
    ]);
  });

  it("is also what the archive met: gaps, damage, risks, and errors that only a person can mend", () => {
    const { inputs } = program.resource("aws:cloudwatch/eventRule:EventRule", "event-alerts");

    expect(JSON.parse(inputs.eventPattern)).to.deep.equal({
      source: ["lastframe"],
      "detail-type": ["Archiving Failed", "Damage Found", "Footage At Risk", "Gap Found"],
      detail: { stack: ["lastframe/derby"] },
    });
  });

  it("keeps what is called asynchronously and fails, and what rules and topics cannot deliver", () => {
    const withQueue = all("lambda/function:Function").filter(({ inputs }) => inputs.deadLetterConfig);
    const targets = all("cloudwatch/eventTarget:EventTarget");
    const subscription = program.resource("aws:sns/topicSubscription:TopicSubscription", "notifications");

    expect(withQueue.map(({ name }) => name)).to.have.members([
      "reconciler",
      "reconciler-stream",
      "notifications-start",
    ]);
    for (const { inputs, name } of targets) expect(inputs.deadLetterConfig.arn, name).to.be.a("string");
    expect(JSON.parse(subscription.inputs.redrivePolicy).deadLetterTargetArn).to.contain("dead-letters");
  });

  it("can be followed: every call is traced, and the workflow's log has everything, for a stated time", () => {
    const { inputs } = program.resource("aws:sfn/stateMachine:StateMachine");
    const group = program.resource("aws:cloudwatch/logGroup:LogGroup", "recorder-workflow");

    for (const fn of all("lambda/function:Function"))
      expect(fn.inputs.tracingConfig, fn.name).to.deep.equal({ mode: "Active" });
    expect(inputs.tracingConfiguration).to.deep.equal({ enabled: true });
    expect(inputs.loggingConfiguration).to.deep.include({ level: "ALL", includeExecutionData: true });
    expect(group.inputs).to.include({
      name: "/aws/vendedlogs/states/lastframe/derby",
      retentionInDays: 90,
    });
  });

  it("leaves functions the concurrency that is reserved for them, by the names of their files", () => {
    const reserved = all("lambda/function:Function").filter(
      ({ inputs }) => inputs.reservedConcurrentExecutions,
    );

    expect(reserved.map(({ name, inputs }) => [name, inputs.reservedConcurrentExecutions])).to.deep.equal([
      ["recorder-archive-clip", 20],
    ]);
  });

  it("sets notifications up for the streams that are to notify, and lets devices publish", () => {
    const invocations = all("lambda/invocation:Invocation").filter(({ name }) =>
      name.endsWith("/notification"),
    );
    const device = JSON.parse(
      program.resource("aws:iam/rolePolicy:RolePolicy", "devices-device").inputs.policy,
    );

    expect(invocations.map(({ name }) => name)).to.deep.equal(["gate/notification"]);
    expect(JSON.parse(invocations[0]?.inputs.input).topicArn).to.contain("notifications");
    expect(device.Statement.map(({ Action }: { Action: unknown }) => Action)).to.deep.include("sns:Publish");
  });

  it("fits on one page however many streams there are", () => {
    const { inputs } = program.resource("aws:cloudwatch/dashboard:Dashboard");
    const { widgets } = JSON.parse(inputs.dashboardBody) as ReturnType<typeof dashboardBody>;

    expect(inputs.dashboardName).to.equal("lastframe-derby");
    expect(widgets.length).to.be.within(8, 20);
    expect(JSON.stringify(widgets)).to.not.contain("podium");
    for (const { x, width } of widgets as { x: number; width: number }[]) {
      expect(x + width).to.be.at.most(24);
      expect(Number.isInteger(width)).to.equal(true);
    }
  });
});
