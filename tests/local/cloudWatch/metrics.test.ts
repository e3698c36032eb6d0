import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  type MetricDatum,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import { type CloudWatch, makeCloudWatch } from "../../../local/cloudWatch";
import { type ServedServices, serveServices } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const START = new Date("2026-11-22T14:00:00Z");
const Dimensions = [{ Name: "Camera", Value: "gate" }];

describe("CloudWatch metrics", () => {
  let dataDir: string;
  let manual: ManualClock;
  let served: ServedServices;
  let cloudWatch: CloudWatch;
  let client: CloudWatchClient;

  beforeEach(async () => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-cloudwatch-"));
    manual = makeManualClock(START.getTime());
    served = await serveServices(
      (deps) => {
        cloudWatch = makeCloudWatch({
          ...deps,
          publishEvent: () => undefined,
          invokeTarget: async () => undefined,
        });
        return [cloudWatch.http];
      },
      { clock: manual.clock, dataDir },
    );
    client = new CloudWatchClient(served.clientConfig);
  });

  afterEach(async () => {
    client.destroy();
    cloudWatch.close();
    await served.close();
    fs.rmSync(dataDir, { recursive: true });
  });

  const put = (...data: MetricDatum[]) =>
    client.send(new PutMetricDataCommand({ Namespace: "Derby", MetricData: data }));
  const at = (ms: number) => new Date(START.getTime() + ms);

  it("give every statistic of a period", async () => {
    const datum = { MetricName: "Lag", Dimensions, Unit: "Milliseconds" } as const;
    await put(
      { ...datum, Value: 10, Timestamp: at(1000) },
      { ...datum, Values: [20, 40], Counts: [2, 1], Timestamp: at(MINUTE_MS) },
      {
        ...datum,
        StatisticValues: { SampleCount: 2, Sum: 10, Minimum: 1, Maximum: 9 },
        Timestamp: at(5 * MINUTE_MS),
      },
    );

    const { Datapoints } = await client.send(
      new GetMetricStatisticsCommand({
        Namespace: "Derby",
        MetricName: "Lag",
        Dimensions,
        StartTime: START,
        EndTime: at(10 * MINUTE_MS),
        Period: 300,
        Statistics: ["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
      }),
    );

    const unit = { Unit: "Milliseconds" };
    expect(Datapoints).to.deep.equal([
      { Timestamp: START, ...unit, SampleCount: 4, Sum: 90, Average: 22.5, Minimum: 10, Maximum: 40 },
      { Timestamp: at(5 * MINUTE_MS), ...unit, SampleCount: 2, Sum: 10, Average: 5, Minimum: 1, Maximum: 9 },
    ]);
  });

  it("are read by GetMetricData, newest first", async () => {
    await put(
      { MetricName: "Lag", Dimensions, Value: 1, Timestamp: at(0) },
      { MetricName: "Lag", Dimensions, Value: 2, Timestamp: at(MINUTE_MS) },
      { MetricName: "Lag", Value: 3, Timestamp: at(0) },
    );

    const { MetricDataResults } = await client.send(
      new GetMetricDataCommand({
        StartTime: START,
        EndTime: at(2 * MINUTE_MS),
        MetricDataQueries: [
          {
            Id: "lag",
            MetricStat: {
              Metric: { Namespace: "Derby", MetricName: "Lag", Dimensions },
              Period: 60,
              Stat: "Sum",
            },
          },
        ],
      }),
    );

    expect(MetricDataResults).to.deep.equal([
      { Id: "lag", Label: "Lag", Timestamps: [at(MINUTE_MS), START], Values: [2, 1], StatusCode: "Complete" },
    ]);
  });

  it("are listed by namespace, name and dimension", async () => {
    await put(
      { MetricName: "Lag", Dimensions, Value: 1 },
      { MetricName: "Lag", Dimensions: [{ Name: "Camera", Value: "paddock" }], Value: 1 },
      { MetricName: "Clips", Dimensions, Value: 1 },
    );

    const { Metrics } = await client.send(
      new ListMetricsCommand({ Namespace: "Derby", Dimensions: [{ Name: "Camera", Value: "gate" }] }),
    );

    expect(Metrics).to.deep.equal([
      { Namespace: "Derby", MetricName: "Clips", Dimensions },
      { Namespace: "Derby", MetricName: "Lag", Dimensions },
    ]);
  });

  it("arrive from clients that compress large bodies", async () => {
    const data = Array.from({ length: 500 }, (_, index) => ({
      MetricName: `Metric${index}`,
      Dimensions,
      Value: index,
    }));

    await put(...data);

    const { Metrics, NextToken } = await client.send(new ListMetricsCommand({ Namespace: "Derby" }));
    expect(Metrics).to.have.length(500);
    expect(NextToken).to.equal(undefined);
  });

  it("are forgotten, files and all, after 15 days", async () => {
    await put({ MetricName: "Old", Value: 1 });
    await manual.advance(15 * DAY_MS + 60 * MINUTE_MS);

    await put({ MetricName: "New", Value: 1 });

    const { Metrics } = await client.send(new ListMetricsCommand({}));
    cloudWatch.close();
    expect(Metrics?.map(({ MetricName }) => MetricName)).to.deep.equal(["New"]);
    expect(fs.readdirSync(path.join(dataDir, "cloudwatch/metrics"))).to.deep.equal(["2026-12-07T15.json"]);
  });

  it("of AWS's own namespaces come from its services only", async () => {
    const refusal = await client
      .send(
        new PutMetricDataCommand({
          Namespace: "AWS/KinesisVideo",
          MetricData: [{ MetricName: "x", Value: 1 }],
        }),
      )
      .catch((error: unknown) => error);

    expect(refusal).to.be.an("error").with.property("name", "InvalidParameterValueException");
  });

  it("are served in the Query protocol too, which older clients speak", async () => {
    const query = (fields: Record<string, string>) =>
      fetch(served.url, {
        method: "POST",
        headers: {
          authorization:
            "AWS4-HMAC-SHA256 Credential=AKIDOWNER/20261122/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0",
        },
        body: new URLSearchParams({ Version: "2010-08-01", ...fields }),
      });
    await query({
      Action: "PutMetricData",
      Namespace: "Derby",
      "MetricData.member.1.MetricName": "Lag",
      "MetricData.member.1.Value": "12.5",
      "MetricData.member.1.Timestamp": "2026-11-22T14:00:10Z",
    });

    const response = await query({
      Action: "GetMetricStatistics",
      Namespace: "Derby",
      MetricName: "Lag",
      StartTime: "2026-11-22T14:00:00Z",
      EndTime: "2026-11-22T14:01:00Z",
      Period: "60",
      "Statistics.member.1": "Average",
    });

    expect(await response.text()).to.include(
      "<Datapoints><member><Timestamp>2026-11-22T14:00:00.000Z</Timestamp><Unit>None</Unit><Average>12.5</Average></member></Datapoints>",
    );
    const refusal = await query({ Action: "DeleteAlarms", "AlarmNames.member.1": "nobody" });
    expect(await refusal.text()).to.include("<Code>ResourceNotFound</Code>");
  });
});
