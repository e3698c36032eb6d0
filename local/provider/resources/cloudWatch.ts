import type { ComparisonOperator, Statistic } from "@aws-sdk/client-cloudwatch";
import type * as aws from "@pulumi/aws";
import type { Clients } from "../clients";
import { type Plain, type ResourceType, type ResourceTypes, tagList, tagMap } from "../resourceType";

type AlarmInputs = Plain<aws.cloudwatch.MetricAlarmArgs>;

const metricAlarm: ResourceType<AlarmInputs> = {
  inputs: {
    name: "replaces",
    alarmDescription: "updates",
    namespace: "updates",
    metricName: "updates",
    dimensions: "updates",
    statistic: "updates",
    period: "updates",
    evaluationPeriods: "updates",
    datapointsToAlarm: "updates",
    comparisonOperator: "updates",
    threshold: "updates",
    treatMissingData: "updates",
    actionsEnabled: "updates",
    alarmActions: "updates",
    okActions: "updates",
    insufficientDataActions: "updates",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, clients) {
    await putAlarm(inputs, clients);
    return inputs.name ?? "";
  },
  async read(AlarmName, _known, { cloudWatch }) {
    const { MetricAlarms } = await cloudWatch.describeAlarms({ AlarmNames: [AlarmName] });
    const alarm = MetricAlarms?.[0];
    return (
      alarm && {
        name: alarm.AlarmName,
        arn: alarm.AlarmArn,
        alarmDescription: alarm.AlarmDescription,
        namespace: alarm.Namespace,
        metricName: alarm.MetricName,
        dimensions: Object.fromEntries((alarm.Dimensions ?? []).map(({ Name = "", Value }) => [Name, Value])),
        statistic: alarm.Statistic,
        period: alarm.Period,
        evaluationPeriods: alarm.EvaluationPeriods,
        datapointsToAlarm: alarm.DatapointsToAlarm,
        comparisonOperator: alarm.ComparisonOperator,
        threshold: alarm.Threshold,
        treatMissingData: alarm.TreatMissingData,
        actionsEnabled: alarm.ActionsEnabled,
        alarmActions: alarm.AlarmActions,
        okActions: alarm.OKActions,
        insufficientDataActions: alarm.InsufficientDataActions,
      }
    );
  },
  update: (_id, inputs, clients) => putAlarm(inputs, clients),
  delete: (AlarmName, _known, { cloudWatch }) => cloudWatch.deleteAlarms({ AlarmNames: [AlarmName] }),
  tagging: {
    async list({ arn }, { cloudWatch }) {
      return tagMap((await cloudWatch.listTagsForResource({ ResourceARN: arn })).Tags);
    },
    add: ({ arn }, tags, { cloudWatch }) => cloudWatch.tagResource({ ResourceARN: arn, Tags: tagList(tags) }),
    remove: ({ arn }, TagKeys, { cloudWatch }) => cloudWatch.untagResource({ ResourceARN: arn, TagKeys }),
  },
};

/** Makes an alarm or changes it; tags count only when it is made (PutMetricAlarm API page). */
const putAlarm = (inputs: AlarmInputs, { cloudWatch }: Clients) =>
  cloudWatch.putMetricAlarm({
    AlarmName: inputs.name,
    AlarmDescription: inputs.alarmDescription,
    Namespace: inputs.namespace,
    MetricName: inputs.metricName,
    Dimensions: Object.entries(inputs.dimensions ?? {}).map(([Name, Value]) => ({ Name, Value })),
    Statistic: inputs.statistic as Statistic,
    Period: inputs.period,
    EvaluationPeriods: inputs.evaluationPeriods,
    DatapointsToAlarm: inputs.datapointsToAlarm,
    ComparisonOperator: inputs.comparisonOperator as ComparisonOperator,
    Threshold: inputs.threshold,
    TreatMissingData: inputs.treatMissingData,
    ActionsEnabled: inputs.actionsEnabled,
    AlarmActions: inputs.alarmActions as string[],
    OKActions: inputs.okActions as string[],
    InsufficientDataActions: inputs.insufficientDataActions as string[],
    Tags: tagList(inputs.tags),
  });

const logGroup: ResourceType<Plain<aws.cloudwatch.LogGroupArgs>> = {
  inputs: { name: "replaces", retentionInDays: "updates", kmsKeyId: "updates", tags: "updates" },
  nameInput: "name",
  async create({ name: logGroupName, kmsKeyId, tags }, { logs }) {
    await logs.createLogGroup({ logGroupName, kmsKeyId, tags });
    return logGroupName ?? "";
  },
  async configure(logGroupName, { retentionInDays }, { logs }) {
    if (retentionInDays) await logs.putRetentionPolicy({ logGroupName, retentionInDays });
  },
  async update(logGroupName, { retentionInDays, kmsKeyId }, { logs }, { changed }) {
    if (changed.includes("retentionInDays") && !retentionInDays)
      await logs.deleteRetentionPolicy({ logGroupName });
    if (!changed.includes("kmsKeyId")) return;
    if (kmsKeyId) await logs.associateKmsKey({ logGroupName, kmsKeyId });
    else await logs.disassociateKmsKey({ logGroupName });
  },
  async read(logGroupName, _known, { logs }) {
    const { logGroups } = await logs.describeLogGroups({ logGroupNamePrefix: logGroupName });
    const group = logGroups?.find((one) => one.logGroupName === logGroupName);
    return (
      group && {
        name: logGroupName,
        arn: group.arn?.replace(/:\*$/, ""),
        retentionInDays: group.retentionInDays,
        kmsKeyId: group.kmsKeyId,
      }
    );
  },
  delete: (logGroupName, _known, { logs }) => logs.deleteLogGroup({ logGroupName }),
  tagging: {
    async list({ arn }, { logs }) {
      return (await logs.listTagsForResource({ resourceArn: arn })).tags ?? {};
    },
    add: ({ arn }, tags, { logs }) => logs.tagResource({ resourceArn: arn, tags }),
    remove: ({ arn }, tagKeys, { logs }) => logs.untagResource({ resourceArn: arn, tagKeys }),
  },
};

const dashboard: ResourceType<Plain<aws.cloudwatch.DashboardArgs>> = {
  inputs: { dashboardName: "replaces", dashboardBody: "updates" },
  async create(inputs, { cloudWatch }) {
    await cloudWatch.putDashboard({
      DashboardName: inputs.dashboardName,
      DashboardBody: inputs.dashboardBody,
    });
    return inputs.dashboardName;
  },
  async read(DashboardName, _known, { cloudWatch }) {
    const { DashboardArn, DashboardBody } = await cloudWatch.getDashboard({ DashboardName });
    return { dashboardName: DashboardName, dashboardArn: DashboardArn, dashboardBody: DashboardBody };
  },
  update: (DashboardName, { dashboardBody }, { cloudWatch }) =>
    cloudWatch.putDashboard({ DashboardName, DashboardBody: dashboardBody }),
  delete: (DashboardName, _known, { cloudWatch }) =>
    cloudWatch.deleteDashboards({ DashboardNames: [DashboardName] }),
};

export const cloudWatchResources: ResourceTypes = {
  "aws:cloudwatch/dashboard:Dashboard": dashboard,
  "aws:cloudwatch/metricAlarm:MetricAlarm": metricAlarm,
  "aws:cloudwatch/logGroup:LogGroup": logGroup,
};
