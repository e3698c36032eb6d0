import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Lambda } from "@aws-sdk/client-lambda";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { startWholeCloud, type WholeCloud } from "../../support/wholeCloud";
import { archive } from "../lambda/support";

describe("the metrics that alarms of operators look at", () => {
  let cloud: WholeCloud;
  let cloudWatch: CloudWatch;
  beforeEach(async () => {
    // A minute of this cloud passes in a tenth of a second.
    cloud = await startWholeCloud({ speed: 600 });
    cloudWatch = new CloudWatch(cloud.clientConfig);
  });
  afterEach(async () => {
    cloudWatch.destroy();
    await cloud.close();
  });

  /** The sum (or the greatest value) of a metric so far, once it is more than nothing. */
  async function readMetric(
    Namespace: string,
    MetricName: string,
    dimensions: Record<string, string>,
    Statistic: "Sum" | "Maximum" = "Sum",
  ) {
    const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
    for (;;) {
      const nowMs = cloud.clock.nowMs();
      const [StartTime, EndTime] = [new Date(nowMs - 12 * 3_600_000), new Date(nowMs + 60_000)];
      const { Datapoints = [] } = await cloudWatch.getMetricStatistics({
        ...{ Namespace, MetricName, Dimensions, StartTime, EndTime, Period: 86_400, Statistics: [Statistic] },
      });
      const value = Math.max(0, ...Datapoints.map((point) => point[Statistic] ?? 0));
      if (value > 0) return value;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it("count a function's errors and throttles", async () => {
    const lambda = new Lambda(cloud.clientConfig);
    const Role = await cloud.makeRole({ Service: "lambda.amazonaws.com" });
    const FunctionName = "archive";
    const Code = {
      ZipFile: archive({ "index.js": "exports.handler = async () => { throw new Error('no'); }" }),
    };
    await lambda.createFunction({
      FunctionName,
      Role,
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Code,
    });
    await lambda.invoke({ FunctionName });
    await lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 0 });

    const throttled = await new Lambda({ ...cloud.clientConfig, maxAttempts: 1 })
      .invoke({ FunctionName })
      .catch(({ name }: Error) => name);

    expect(throttled).to.equal("TooManyRequestsException");
    expect(await readMetric("AWS/Lambda", "Errors", { FunctionName })).to.equal(1);
    expect(await readMetric("AWS/Lambda", "Throttles", { FunctionName })).to.equal(1);
  });

  it("count an execution that fails", async () => {
    const states = new SFN(cloud.clientConfig);
    const roleArn = await cloud.makeRole({ Service: "states.amazonaws.com" });
    const definition = JSON.stringify({
      QueryLanguage: "JSONata",
      StartAt: "No",
      States: { No: { Type: "Fail" } },
    });
    const { stateMachineArn = "" } = await states.createStateMachine({
      name: "recorder",
      roleArn,
      definition,
    });

    await states.startExecution({ stateMachineArn });

    const dimensions = { StateMachineArn: stateMachineArn };
    expect(await readMetric("AWS/States", "ExecutionsFailed", dimensions)).to.equal(1);
    expect(await readMetric("AWS/States", "ExecutionsStarted", dimensions)).to.equal(1);
  });

  it("show what waits in a queue", async () => {
    const sqs = new SQS(cloud.clientConfig);
    const { QueueUrl } = await sqs.createQueue({ QueueName: "dead-letters" });
    // In one call: a minute may end between two.
    const Entries = ["a", "b"].map((text) => ({ Id: text, MessageBody: text }));
    await sqs.sendMessageBatch({ QueueUrl, Entries });

    const visible = await readMetric(
      "AWS/SQS",
      "ApproximateNumberOfMessagesVisible",
      { QueueName: "dead-letters" },
      "Maximum",
    );

    expect(visible).to.equal(2);
  });

  it("count what a rule could not deliver", async () => {
    const { error } = console;
    console.error = () => undefined;
    const events = new EventBridge(cloud.clientConfig);
    await events.putRule({ Name: "recorder", EventPattern: JSON.stringify({ source: ["test"] }) });
    const Arn = "arn:aws:sqs:us-east-1:123456789012:nowhere";
    await events.putTargets({ Rule: "recorder", Targets: [{ Id: "queue", Arn }] });

    await events.putEvents({ Entries: [{ Source: "test", DetailType: "test", Detail: "{}" }] });

    expect(await readMetric("AWS/Events", "FailedInvocations", { RuleName: "recorder" })).to.equal(1);
    console.error = error;
  });
});
