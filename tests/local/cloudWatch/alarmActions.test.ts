import { CloudWatch, type PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import { KMS } from "@aws-sdk/client-kms";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { startWholeCloud, type WholeCloud } from "../../support/wholeCloud";

const ALARM_ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors";
const ALARM: PutMetricAlarmInput = {
  AlarmName: "errors",
  AlarmDescription: "functions fail",
  Namespace: "AWS/Lambda",
  MetricName: "Errors",
  Dimensions: [{ Name: "FunctionName", Value: "archive" }],
  Statistic: "Sum",
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 0,
  ComparisonOperator: "GreaterThanThreshold",
};

/** A key policy: the account, and what `statements` add. */
const keyPolicy = (...statements: object[]) => {
  const account = {
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::123456789012:root" },
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [account, ...statements] });
};
const admitCloudWatch = {
  Effect: "Allow",
  Principal: { Service: "cloudwatch.amazonaws.com" },
  Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
  Resource: "*",
};

describe("CloudWatch alarms that act", () => {
  let cloud: WholeCloud;
  let cloudWatch: CloudWatch;
  let kms: KMS;
  let sns: SNS;
  let sqs: SQS;
  let QueueUrl: string;
  /** What the cloud says on the console, which a person at the machine would see. */
  let said: string[];
  const { error } = console;
  beforeEach(async () => {
    said = [];
    console.error = (line: string) => void said.push(line);
    cloud = await startWholeCloud();
    cloudWatch = new CloudWatch(cloud.clientConfig);
    kms = new KMS(cloud.clientConfig);
    sns = new SNS(cloud.clientConfig);
    sqs = new SQS(cloud.clientConfig);
    const Condition = { ArnLike: { "aws:SourceArn": "arn:aws:sns:us-east-1:123456789012:*" } };
    const admitTopics = {
      ...{ Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Action: "sqs:SendMessage" },
      ...{ Resource: "arn:aws:sqs:us-east-1:123456789012:letters", Condition },
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [admitTopics] });
    ({ QueueUrl = "" } = await sqs.createQueue({ QueueName: "letters", Attributes: { Policy } }));
  });
  afterEach(async () => {
    console.error = error;
    for (const client of [cloudWatch, kms, sns, sqs]) client.destroy();
    await cloud.close();
  });

  const makeTopic = async (Attributes: Record<string, string> = {}) => {
    const { TopicArn = "" } = await sns.createTopic({ Name: "alerts", Attributes });
    await sns.subscribe({
      TopicArn,
      Protocol: "sqs",
      Endpoint: "arn:aws:sqs:us-east-1:123456789012:letters",
    });
    return TopicArn;
  };
  const ring = async (StateReason = "a test") =>
    cloudWatch.setAlarmState({ AlarmName: "errors", StateValue: "ALARM", StateReason });
  const receive = async (WaitTimeSeconds = 5) =>
    (await sqs.receiveMessage({ QueueUrl, WaitTimeSeconds })).Messages?.map(({ Body = "" }) =>
      JSON.parse(Body),
    ) ?? [];
  /** The alarm's actions in its history, once there is one. */
  const actions = async () => {
    for (;;) {
      const input = { AlarmName: "errors", HistoryItemType: "Action" } as const;
      const { AlarmHistoryItems = [] } = await cloudWatch.describeAlarmHistory(input);
      if (AlarmHistoryItems.length > 0)
        return AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary ?? "");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it("tell a topic, whose subscribers get the documented message", async () => {
    const TopicArn = await makeTopic();
    await cloudWatch.putMetricAlarm({ ...ALARM, AlarmActions: [TopicArn] });

    await ring("1 error");

    const [letter] = await receive();
    const message = JSON.parse(letter.Message);
    expect(letter).to.include({ TopicArn, Subject: 'ALARM: "errors" in US East (N. Virginia)' });
    expect(message).to.deep.include({
      ...{ AlarmName: "errors", AlarmDescription: "functions fail", AlarmArn: ALARM_ARN },
      ...{ NewStateValue: "ALARM", NewStateReason: "1 error", OldStateValue: "INSUFFICIENT_DATA" },
      ...{ AWSAccountId: "123456789012", Region: "US East (N. Virginia)", AlarmActions: [TopicArn] },
    });
    expect(message.Trigger).to.deep.include({
      ...{ MetricName: "Errors", Namespace: "AWS/Lambda", Statistic: "SUM", Period: 60, Threshold: 0 },
      Dimensions: [{ value: "archive", name: "FunctionName" }],
    });
    expect(await actions()).to.deep.equal([`Successfully executed action ${TopicArn}`]);
  });

  it("act on the state that they enter, and not at all with their actions off", async () => {
    const TopicArn = await makeTopic();
    await cloudWatch.putMetricAlarm({ ...ALARM, OKActions: [TopicArn], ActionsEnabled: false });
    const goTo = (StateValue: "OK" | "ALARM") =>
      cloudWatch.setAlarmState({ AlarmName: "errors", StateValue, StateReason: "a test" });

    await goTo("OK");
    await cloudWatch.enableAlarmActions({ AlarmNames: ["errors"] });
    await goTo("ALARM");
    await goTo("OK");

    const received = [...(await receive()), ...(await receive(1))];
    const states = received.map(({ Message }) => [
      JSON.parse(Message).OldStateValue,
      JSON.parse(Message).NewStateValue,
    ]);
    expect(states).to.deep.equal([["ALARM", "OK"]]);
  });

  it("cannot tell a topic under the key that AWS manages for SNS", async () => {
    const TopicArn = await makeTopic({ KmsMasterKeyId: "alias/aws/sns" });
    await cloudWatch.putMetricAlarm({ ...ALARM, AlarmActions: [TopicArn] });

    await ring();

    const [summary] = await actions();
    expect(summary).to.match(/^Failed to execute action .*:alerts. Received error: .* kms:GenerateDataKey/);
    expect(said).to.have.length(1);
    expect(await receive(0)).to.deep.equal([]);
  });

  it("cannot tell a topic under a key that does not admit CloudWatch, and can once it does", async () => {
    const { KeyMetadata } = await kms.createKey({ Policy: keyPolicy() });
    const KeyId = KeyMetadata?.KeyId ?? "";
    const TopicArn = await makeTopic({ KmsMasterKeyId: KeyId });
    await cloudWatch.putMetricAlarm({ ...ALARM, AlarmActions: [TopicArn] });
    await ring();
    const [refused] = await actions();

    await kms.putKeyPolicy({ KeyId, Policy: keyPolicy(admitCloudWatch) });
    await cloudWatch.setAlarmState({ AlarmName: "errors", StateValue: "OK", StateReason: "again" });
    await ring();

    expect(refused).to.match(/^Failed to execute action/);
    expect(await receive()).to.have.length(1);
  });

  it("cannot tell a topic whose own policy leaves CloudWatch out", async () => {
    const Statement = [
      {
        ...{ Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sns:Publish" },
        Resource: "arn:aws:sns:us-east-1:123456789012:alerts",
      },
    ];
    const TopicArn = await makeTopic({ Policy: JSON.stringify({ Version: "2012-10-17", Statement }) });
    await cloudWatch.putMetricAlarm({ ...ALARM, AlarmActions: [TopicArn] });

    await ring();

    expect((await actions())[0]).to.match(/not authorized to perform: sns:Publish/);
  });
});
