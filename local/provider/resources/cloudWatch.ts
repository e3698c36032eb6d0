import type { ComparisonOperator, Statistic } from "@aws-sdk/client-cloudwatch";
import type * as aws from "@pulumi/aws";
import { type Plain, type ResourceType, type ResourceTypes, tagList } from "../resourceType";

const metricAlarm: ResourceType<Plain<aws.cloudwatch.MetricAlarmArgs>> = {
  nameInput: "name",
  async create(inputs, { cloudWatch }) {
    const AlarmName = inputs.name ?? "";
    const Dimensions = Object.entries(inputs.dimensions ?? {}).map(([Name, Value]) => ({ Name, Value }));
    await cloudWatch.putMetricAlarm({
      AlarmName,
      AlarmDescription: inputs.alarmDescription,
      Namespace: inputs.namespace,
      MetricName: inputs.metricName,
      Dimensions,
      Statistic: inputs.statistic as Statistic,
      Period: inputs.period,
      EvaluationPeriods: inputs.evaluationPeriods,
      DatapointsToAlarm: inputs.datapointsToAlarm,
      ComparisonOperator: inputs.comparisonOperator as ComparisonOperator,
      Threshold: inputs.threshold,
      TreatMissingData: inputs.treatMissingData,
      Tags: tagList(inputs.tags),
    });
    const { MetricAlarms } = await cloudWatch.describeAlarms({ AlarmNames: [AlarmName] });
    return { id: AlarmName, outputs: { ...inputs, arn: MetricAlarms?.[0]?.AlarmArn } };
  },
  async delete(AlarmName, _outputs, { cloudWatch }) {
    await cloudWatch.deleteAlarms({ AlarmNames: [AlarmName] });
  },
};

const logGroup: ResourceType<Plain<aws.cloudwatch.LogGroupArgs>> = {
  nameInput: "name",
  async create(inputs, { logs }) {
    const logGroupName = inputs.name ?? "";
    await logs.createLogGroup({ logGroupName, tags: inputs.tags });
    if (inputs.retentionInDays) {
      await logs.putRetentionPolicy({ logGroupName, retentionInDays: inputs.retentionInDays });
    }
    const { logGroups } = await logs.describeLogGroups({ logGroupNamePrefix: logGroupName });
    const arn = logGroups?.find((group) => group.logGroupName === logGroupName)?.arn?.replace(/:\*$/, "");
    return { id: logGroupName, outputs: { ...inputs, arn } };
  },
  async delete(logGroupName, _outputs, { logs }) {
    await logs.deleteLogGroup({ logGroupName });
  },
};

export const cloudWatchResources: ResourceTypes = {
  "aws:cloudwatch/metricAlarm:MetricAlarm": metricAlarm,
  "aws:cloudwatch/logGroup:LogGroup": logGroup,
};
