import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { Lambda } from "@aws-sdk/client-lambda";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import type { Cloud } from "../../../local/cloud";

/** Everything that there is in a cloud of what an event's stack is made of, as the services list it: `role recorder-1a2b3c4`. */
export async function inventory({ clientConfig }: Cloud): Promise<string[]> {
  const [roles, functions, groups, queues, rules, machines, alarms, dashboards, streams] = await Promise.all([
    new IAM(clientConfig).listRoles(),
    new Lambda(clientConfig).listFunctions(),
    new CloudWatchLogs(clientConfig).describeLogGroups(),
    new SQS(clientConfig).listQueues(),
    new EventBridge(clientConfig).listRules(),
    new SFN(clientConfig).listStateMachines(),
    new CloudWatch(clientConfig).describeAlarms(),
    new CloudWatch(clientConfig).listDashboards(),
    new KinesisVideo(clientConfig).listStreams(),
  ]);
  const names: Record<string, (string | undefined)[] | undefined> = {
    role: roles.Roles?.map(({ RoleName }) => RoleName),
    function: functions.Functions?.map(({ FunctionName }) => FunctionName),
    "log group": groups.logGroups?.map(({ logGroupName }) => logGroupName),
    queue: queues.QueueUrls?.map((url) => url.split("/").at(-1)),
    rule: rules.Rules?.map(({ Name }) => Name),
    "state machine": machines.stateMachines?.map(({ name }) => name),
    alarm: alarms.MetricAlarms?.map(({ AlarmName }) => AlarmName),
    dashboard: dashboards.DashboardEntries?.map(({ DashboardName }) => DashboardName),
    stream: streams.StreamInfoList?.map(({ StreamName }) => StreamName),
  };
  return Object.entries(names)
    .flatMap(([kind, some = []]) => some.map((name) => `${kind} ${name}`))
    .sort();
}
