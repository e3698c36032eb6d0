import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { type EngineProject, engineCli, leftBehind, OPERATION_MS, openProject } from "./support";

describe("the program on Pulumi's engine", function () {
  this.timeout(OPERATION_MS);
  let project: EngineProject;
  let cloudWatch: CloudWatch;
  let kinesisVideo: KinesisVideo;
  before(async function () {
    const cli = await engineCli(this);
    project = await openProject(cli, { speed: 30 });
    cloudWatch = new CloudWatch(project.cloud.clientConfig);
    kinesisVideo = new KinesisVideo(project.cloud.clientConfig);
  });
  after(() => project?.close());

  const alarm = async (name: string) => {
    const { MetricAlarms } = await cloudWatch.describeAlarms({ AlarmNames: [`lastframe/dev/${name}`] });
    return MetricAlarms?.[0];
  };
  const alarmTags = async (name: string) => {
    const { Tags = [] } = await cloudWatch.listTagsForResource({
      ResourceARN: (await alarm(name))?.AlarmArn,
    });
    return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  };
  const stream = async (StreamName: string) => {
    const { StreamInfo } = await kinesisVideo.describeStream({ StreamName });
    return StreamInfo;
  };

  it("deploys Pulumi.dev.yaml from its folder, with the defaults of Pulumi.yaml", async () => {
    const { summary, outputs } = await project.stack.up();

    expect(Object.keys(summary.resourceChanges ?? {})).to.deep.equal(["create"]);
    expect(outputs.streams?.value).to.have.length(2);
    expect(await alarmTags("gate")).to.include({ stack: "lastframe/dev", stream: "gate", ClipSeconds: "60" });
    expect((await alarm("gate"))?.Threshold).to.equal(10);
    expect((await stream("podium"))?.DataRetentionInHours).to.equal(48);
  });

  it("finds nothing to change the second time", async () => {
    const { changeSummary } = await project.stack.preview();

    expect(Object.keys(changeSummary)).to.deep.equal(["same"]);
  });

  it("reads every resource back as it made it", async () => {
    const { summary } = await project.stack.refresh();

    expect(summary.resourceChanges).to.have.all.keys("same");
  });

  it("changes the length of clips in place", async () => {
    const before = await stream("gate");
    project.configure((config) => {
      config["lastframe:clipSeconds"] = 90;
    });

    const { summary } = await project.stack.up();

    expect(summary.resourceChanges).to.have.all.keys("same", "update");
    expect(await alarmTags("gate")).to.include({ ClipSeconds: "90" });
    expect(await stream("gate")).to.deep.equal(before);
  });

  it("restores an alarm that somebody deleted by hand, and one that somebody changed", async () => {
    const [gate, podium] = [await alarm("gate"), await alarm("podium")];
    await cloudWatch.deleteAlarms({ AlarmNames: [gate?.AlarmName ?? ""] });
    await cloudWatch.putMetricAlarm({
      AlarmName: podium?.AlarmName,
      Namespace: podium?.Namespace,
      MetricName: podium?.MetricName,
      Dimensions: podium?.Dimensions,
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 1,
      ComparisonOperator: "GreaterThanThreshold",
      Threshold: 1000,
    });

    await project.stack.refresh();
    const { summary } = await project.stack.up();

    expect(summary.resourceChanges).to.include({ create: 1, update: 1 });
    expect((await alarm("gate"))?.Threshold).to.equal(10);
    expect((await alarm("podium"))?.Threshold).to.equal(10);
    expect((await alarm("podium"))?.TreatMissingData).to.equal("notBreaching");
  });

  it("deletes the bucket with the stack where it was told so beforehand, and leaves nothing", async () => {
    project.configure((config) => {
      config["lastframe:keepBucket"] = false;
    });
    await project.stack.up();

    await project.stack.destroy();

    expect(await leftBehind(project)).to.deep.equal([]);
  });
});
