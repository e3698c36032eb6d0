import type { Registered } from "../../support/program";
import { demand, isOf, type Rule } from "../rule";
import { customerKeyRule } from "../sharedRules";

const isAlarm = isOf("aws:cloudwatch/metricAlarm:MetricAlarm");
const isLogGroup = isOf("aws:cloudwatch/logGroup:LogGroup");

/** The alarm that rings while video arrives tells the Recorder, by its rule, and no person. */
const isDoorbell = ({ inputs }: Registered) => inputs.tags?.RepeatedAlarm === "True";

export const cloudWatchRules: Rule[] = [
  {
    ids: ["CloudWatchAlarmAction", "CloudWatch.15"],
    says: "tells someone when it rings, unless the rule of the Recorder hears it",
    applies: (resource) => isAlarm(resource) && !isDoorbell(resource),
    check: ({ inputs }) => demand(inputs.alarmActions?.length > 0, "tells nobody"),
    violate({ inputs }) {
      inputs.alarmActions = [];
    },
  },
  {
    ids: ["CKV_AWS_319", "CloudWatch.17"],
    says: "has its actions enabled",
    applies: isAlarm,
    check: ({ inputs }) => demand(inputs.actionsEnabled !== false, "has its actions disabled"),
    violate({ inputs }) {
      inputs.actionsEnabled = false;
    },
  },
  {
    ids: ["CloudWatchLogGroupRetentionPeriod", "CKV_AWS_66", "CloudWatch.16", "W86"],
    says: "keeps its events as long as the settings say",
    applies: isLogGroup,
    check: ({ inputs }, { settings }) =>
      demand(
        inputs.retentionInDays === settings.logRetentionDays,
        `keeps its events for ${inputs.retentionInDays ?? "ever"} days`,
      ),
    violate({ inputs }) {
      delete inputs.retentionInDays;
    },
  },
  customerKeyRule(["CloudWatchLogGroupEncrypted", "CKV_AWS_158", "W84"], isLogGroup, "kmsKeyId"),
];
