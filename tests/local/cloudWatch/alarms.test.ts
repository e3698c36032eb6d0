import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  DisableAlarmActionsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmInput,
  SetAlarmStateCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import { type CloudWatch, makeCloudWatch } from "../../../local/cloudWatch";
import type { PublishEvent } from "../../../local/core/seams";
import { type ServedServices, serveServices } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";

const MINUTE_MS = 60_000;
const MINUTE_14_00_MS = Date.parse("2026-11-22T14:00:00Z");
/** The default delay between a period's end and its evaluation. */
const METRIC_DELAY_MS = 30_000;
/** Just after an evaluation, so that minute 14:00 is the first to be evaluated, at 14:01:30. */
const START_MS = MINUTE_14_00_MS + METRIC_DELAY_MS;

/** The alarm of the blog's pipeline. */
const ALARM = {
  AlarmName: "kvs-gate",
  AlarmDescription: "Video arrives",
  Namespace: "AWS/KinesisVideo",
  MetricName: "PutMedia.IncomingFragments",
  Dimensions: [{ Name: "StreamName", Value: "gate" }],
  Statistic: "Sum",
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 10,
  ComparisonOperator: "GreaterThanThreshold",
  TreatMissingData: "notBreaching",
  Tags: [{ Key: "RepeatedAlarm", Value: "True" }],
} satisfies PutMetricAlarmInput;
const ALARM_ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:kvs-gate";

describe("CloudWatch alarms", () => {
  let dataDir: string;
  let manual: ManualClock;
  let served: ServedServices;
  let cloudWatch: CloudWatch;
  let client: CloudWatchClient;
  let published: Parameters<PublishEvent>[0][];

  async function start() {
    served = await serveServices(
      (deps) => {
        cloudWatch = makeCloudWatch({
          ...deps,
          publishEvent: (event) => published.push(event),
          invokeTarget: async () => undefined,
        });
        return [cloudWatch.http];
      },
      { clock: manual.clock, dataDir },
    );
    client = new CloudWatchClient(served.clientConfig);
  }

  async function stop() {
    client.destroy();
    cloudWatch.close();
    await served.close();
  }

  beforeEach(async () => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-cloudwatch-"));
    manual = makeManualClock(START_MS);
    published = [];
    await start();
  });

  afterEach(async () => {
    await stop();
    fs.rmSync(dataDir, { recursive: true });
  });

  const putFragments = (count: number, timestampMs = manual.clock.nowMs()) => {
    for (let fragment = 0; fragment < count; fragment++) {
      cloudWatch.putMetric({
        namespace: ALARM.Namespace,
        metricName: ALARM.MetricName,
        dimensions: { StreamName: "gate" },
        value: 1,
        unit: "Count",
        timestampMs,
      });
    }
  };
  const describeGate = async () => {
    const { MetricAlarms } = await client.send(new DescribeAlarmsCommand({ AlarmNames: ["kvs-gate"] }));
    return MetricAlarms?.[0];
  };

  it("begin with INSUFFICIENT_DATA and are described as they were put", async () => {
    const { Tags, ...configuration } = ALARM;

    await client.send(new PutMetricAlarmCommand(ALARM));

    const alarm = await describeGate();
    expect(alarm).to.deep.include({
      ...configuration,
      AlarmArn: ALARM_ARN,
      ActionsEnabled: true,
      StateValue: "INSUFFICIENT_DATA",
      StateReason: "Unchecked: Initial alarm creation",
      StateUpdatedTimestamp: new Date(START_MS),
    });
    const tags = await client.send(new ListTagsForResourceCommand({ ResourceARN: ALARM_ARN }));
    expect(tags.Tags).to.deep.equal(Tags);
  });

  it("go off when a period's data breach, and say so in the documented event", async () => {
    await client.send(new PutMetricAlarmCommand(ALARM));
    await manual.advance(MINUTE_MS);
    putFragments(11, MINUTE_14_00_MS + MINUTE_MS + 5000);

    await manual.advance(MINUTE_MS);

    expect(published).to.have.length(2);
    const [, event] = JSON.parse(JSON.stringify(published));
    const { id } = event.detail.configuration.metrics[0];
    expect(id).to.match(/^[0-9a-f-]{36}$/);
    expect(event).to.deep.equal({
      source: "aws.cloudwatch",
      detailType: "CloudWatch Alarm State Change",
      resources: [ALARM_ARN],
      timeMs: START_MS + 2 * MINUTE_MS,
      detail: {
        alarmName: "kvs-gate",
        configuration: {
          description: "Video arrives",
          metrics: [
            {
              id,
              metricStat: {
                metric: {
                  dimensions: { StreamName: "gate" },
                  name: "PutMedia.IncomingFragments",
                  namespace: "AWS/KinesisVideo",
                },
                period: 60,
                stat: "Sum",
              },
              returnData: true,
            },
          ],
        },
        previousState: {
          reason:
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
          reasonData:
            '{"version":"1.0","queryDate":"2026-11-22T14:01:30.000+0000","statistic":"Sum","period":60,"recentDatapoints":[],"threshold":10}',
          timestamp: "2026-11-22T14:01:30.000+0000",
          value: "OK",
        },
        state: {
          reason:
            "Threshold Crossed: 1 out of the last 1 datapoints [11.0 (22/11/26 14:01:00)] was greater than the threshold (10.0) (minimum 1 datapoint for OK -> ALARM transition).",
          reasonData:
            '{"version":"1.0","queryDate":"2026-11-22T14:02:30.000+0000","startDate":"2026-11-22T14:01:00.000+0000","statistic":"Sum","period":60,"recentDatapoints":[11],"threshold":10}',
          timestamp: "2026-11-22T14:02:30.000+0000",
          value: "ALARM",
        },
      },
    });
  });

  it("do not see data that arrive after the metric delay until the next evaluation", async () => {
    await client.send(new PutMetricAlarmCommand(ALARM));
    await manual.advance(MINUTE_MS);
    putFragments(11, MINUTE_14_00_MS + 1000);
    const before = (await describeGate())?.StateValue;

    await manual.advance(MINUTE_MS);

    expect(before).to.equal("OK");
    expect((await describeGate())?.StateValue).to.equal("ALARM");
  });

  it("hold ALARM while the last real data are in the evaluation range, then go back to OK", async () => {
    await client.send(new PutMetricAlarmCommand(ALARM));
    putFragments(11);
    const states: unknown[] = [];

    for (let minute = 0; minute < 5; minute++) {
      await manual.advance(MINUTE_MS);
      states.push((await describeGate())?.StateValue);
    }

    expect(states).to.deep.equal(["ALARM", "ALARM", "ALARM", "OK", "OK"]);
    expect(published.map(({ detail }) => (detail as { state: { value: string } }).state.value)).to.deep.equal(
      ["ALARM", "OK"],
    );
  });

  it("are evaluated once per period when the period is longer than a minute", async () => {
    await client.send(new PutMetricAlarmCommand({ ...ALARM, Period: 300 }));
    putFragments(11);
    await manual.advance(4 * MINUTE_MS);
    const before = (await describeGate())?.StateValue;

    await manual.advance(MINUTE_MS);

    expect(before).to.equal("INSUFFICIENT_DATA");
    expect((await describeGate())?.StateValue).to.equal("ALARM");
  });

  it("compare with every operator", async () => {
    const operators = [
      "GreaterThanThreshold",
      "GreaterThanOrEqualToThreshold",
      "LessThanThreshold",
      "LessThanOrEqualToThreshold",
    ] as const;
    for (const operator of operators) {
      await client.send(
        new PutMetricAlarmCommand({ ...ALARM, AlarmName: operator, ComparisonOperator: operator }),
      );
    }
    putFragments(10);

    await manual.advance(MINUTE_MS);

    const inAlarm = await client.send(new DescribeAlarmsCommand({ StateValue: "ALARM" }));
    expect(inAlarm.MetricAlarms?.map(({ AlarmName }) => AlarmName)).to.deep.equal([
      "GreaterThanOrEqualToThreshold",
      "LessThanOrEqualToThreshold",
    ]);
  });

  it("keep their state and tags when they are put again", async () => {
    await client.send(new PutMetricAlarmCommand(ALARM));
    putFragments(11);
    await manual.advance(MINUTE_MS);

    await client.send(
      new PutMetricAlarmCommand({ ...ALARM, Threshold: 5, Tags: [{ Key: "new", Value: "1" }] }),
    );

    expect(await describeGate()).to.include({ StateValue: "ALARM", Threshold: 5 });
    const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceARN: ALARM_ARN }));
    expect(Tags).to.deep.equal(ALARM.Tags);
  });

  it("take a state that is set by hand until the next evaluation, and keep both in their history", async () => {
    await client.send(new PutMetricAlarmCommand(ALARM));
    await client.send(
      new SetAlarmStateCommand({ AlarmName: "kvs-gate", StateValue: "ALARM", StateReason: "trying it out" }),
    );
    const byHand = await describeGate();

    await manual.advance(MINUTE_MS);

    expect(byHand).to.include({ StateValue: "ALARM", StateReason: "trying it out" });
    expect((await describeGate())?.StateValue).to.equal("OK");
    const history = await client.send(new DescribeAlarmHistoryCommand({ AlarmName: "kvs-gate" }));
    expect(history.AlarmHistoryItems?.map(({ HistorySummary }) => HistorySummary)).to.deep.equal([
      "Alarm updated from ALARM to OK",
      "Alarm updated from INSUFFICIENT_DATA to ALARM",
    ]);
  });

  it("say nothing when they are set to the state that they have", async () => {
    await client.send(new PutMetricAlarmCommand(ALARM));

    await client.send(
      new SetAlarmStateCommand({
        AlarmName: "kvs-gate",
        StateValue: "INSUFFICIENT_DATA",
        StateReason: "still nothing",
      }),
    );

    expect(published).to.deep.equal([]);
    expect(await describeGate()).to.include({ StateReason: "still nothing" });
  });

  it("carry on from where they were when the process starts again, metric data included", async () => {
    await client.send(new PutMetricAlarmCommand(ALARM));
    await manual.advance(MINUTE_MS);
    putFragments(11);
    await stop();

    await start();
    await manual.advance(MINUTE_MS);

    expect((await describeGate())?.StateValue).to.equal("ALARM");
    expect(published).to.have.length(2);
  });

  it("are tagged, untagged, switched and deleted", async () => {
    await client.send(new PutMetricAlarmCommand(ALARM));
    await client.send(
      new TagResourceCommand({ ResourceARN: ALARM_ARN, Tags: [{ Key: "stack", Value: "derby" }] }),
    );
    await client.send(new UntagResourceCommand({ ResourceARN: ALARM_ARN, TagKeys: ["RepeatedAlarm"] }));
    await client.send(new DisableAlarmActionsCommand({ AlarmNames: ["kvs-gate"] }));
    const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceARN: ALARM_ARN }));
    const switched = await describeGate();

    await client.send(new DeleteAlarmsCommand({ AlarmNames: ["kvs-gate"] }));

    expect(Tags).to.deep.equal([{ Key: "stack", Value: "derby" }]);
    expect(switched?.ActionsEnabled).to.equal(false);
    expect(await describeGate()).to.equal(undefined);
  });

  it("are listed in pages", async () => {
    for (const name of ["c", "a", "b"])
      await client.send(new PutMetricAlarmCommand({ ...ALARM, AlarmName: name }));

    const first = await client.send(new DescribeAlarmsCommand({ MaxRecords: 2 }));
    const second = await client.send(
      new DescribeAlarmsCommand({ MaxRecords: 2, NextToken: first.NextToken }),
    );

    const names = [first, second].map(({ MetricAlarms }) => MetricAlarms?.map(({ AlarmName }) => AlarmName));
    expect(names).to.deep.equal([["a", "b"], ["c"]]);
    expect(second.NextToken).to.equal(undefined);
  });

  const REFUSED: [string, Partial<PutMetricAlarmInput>, RegExp][] = [
    ["an unknown operator", { ComparisonOperator: "Above" as never }, /comparisonOperator/],
    ["more datapoints to alarm than periods", { DatapointsToAlarm: 2 }, /DatapointsToAlarm/],
    ["more than a day of minutes", { EvaluationPeriods: 1441 }, /more than 1 days/],
    ["a high-resolution period", { Period: 10 }, /multiple of 60/],
    ["an action that is no ARN", { AlarmActions: ["alerts"] }, /AlarmActions/],
    [
      "an action that it cannot take",
      { OKActions: ["arn:aws:automate:us-east-1:ec2:stop"] },
      /OKActions: .* on topics and functions/,
    ],
    [
      "more than five actions in a state",
      { AlarmActions: Array.from({ length: 6 }, (_, at) => `arn:aws:sns:us-east-1:123456789012:t${at}`) },
      /at most 5/,
    ],
    ["metric math, which it does not know", { Metrics: [] }, /Metrics is not supported/],
  ];
  for (const [what, change, message] of REFUSED) {
    it(`refuse ${what}`, async () => {
      const refusal = await client
        .send(new PutMetricAlarmCommand({ ...ALARM, ...change }))
        .catch((error: unknown) => error);

      expect(refusal).to.be.an("error").with.property("message").that.matches(message);
      expect(refusal).to.have.nested.property("$metadata.httpStatusCode", 400);
    });
  }

  it("that do not exist are ResourceNotFound", async () => {
    const refusal = await client
      .send(new DeleteAlarmsCommand({ AlarmNames: ["nobody"] }))
      .catch((error: unknown) => error);

    expect(refusal).to.be.an("error").with.property("name", "ResourceNotFound");
    expect(refusal).to.have.nested.property("$metadata.httpStatusCode", 404);
  });
});
