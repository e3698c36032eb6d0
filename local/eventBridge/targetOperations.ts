import type {
  ListRuleNamesByTargetRequest,
  ListTargetsByRuleRequest,
  PutTargetsRequest,
  RemoveTargetsRequest,
  Target,
} from "@aws-sdk/client-eventbridge";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { Operation } from "../core/service";
import { type Buses, busName } from "./buses";
import { badToken, checks, invalid, nameOf, ruleName } from "./inputs";
import { passRole } from "./ruleOperations";
import type { Rules } from "./rules";
import { checkTargetInput } from "./targetInput";

/** "Targets per rule", EventBridge quotas. */
const MAX_TARGETS = 5;

const UNSUPPORTED = [
  ...["KinesisParameters", "RunCommandParameters", "EcsParameters", "BatchParameters", "SqsParameters"],
  ...["HttpParameters", "RedshiftDataParameters", "SageMakerPipelineParameters", "AppSyncParameters"],
];

const busArn = /^arn:[^:]+:events:[^:]*:[^:]*:event-bus\//;

/** The operations on the targets of rules. */
export function makeTargetOperations(buses: Buses, rules: Rules) {
  const operations = {
    async PutTargets(input: PutTargetsRequest, call) {
      const named = ruleName(input.Rule, input.EventBusName, "rule");
      const targets = checks.required(input.Targets, "targets");
      const need = rules.need("PutTargets", named);
      const targetArns = targets.map(({ Arn }) => Arn ?? "");
      await call.authorize(
        { ...need, context: { ...need.context, "events:TargetArn": targetArns } },
        ...targets.flatMap(({ RoleArn }) => (RoleArn ? [passRole(RoleArn)] : [])),
      );
      buses.find(named.bus);
      const rule = rules.find(named);
      for (const target of targets) checkTarget(target);
      const merged = { ...rule.targets, ...Object.fromEntries(targets.map((target) => [target.Id, target])) };
      if (Object.keys(merged).length > MAX_TARGETS) {
        throw awsError("LimitExceededException", 400, `A rule can have at most ${MAX_TARGETS} targets.`);
      }
      rule.targets = merged;
      rules.save();
      return { FailedEntryCount: 0, FailedEntries: [] };
    },

    async RemoveTargets(input: RemoveTargetsRequest, call) {
      const named = ruleName(input.Rule, input.EventBusName, "rule");
      const ids = checks.required(input.Ids, "ids");
      await call.authorize(rules.need("RemoveTargets", named));
      buses.find(named.bus);
      const { targets } = rules.find(named);
      const missing = ids.filter((id) => !Object.hasOwn(targets, id));
      for (const id of ids) delete targets[id];
      rules.save();
      return {
        FailedEntryCount: missing.length,
        FailedEntries: missing.map((id) => ({
          TargetId: id,
          ErrorCode: "ResourceNotFoundException",
          ErrorMessage: `Rule ${named.name} does not have target(s) with Ids: ${id}.`,
        })),
      };
    },

    async ListTargetsByRule(input: ListTargetsByRuleRequest, call) {
      const named = ruleName(input.Rule, input.EventBusName, "rule");
      await call.authorize(rules.need("ListTargetsByRule", named));
      buses.find(named.bus);
      const targets = Object.entries(rules.find(named).targets).sort(byKey(([id]) => id));
      const listed = page(targets, ([id]) => id, {
        limit: checks.range(input.Limit, "limit", 1, 100) ?? 100,
        token: input.NextToken,
        badToken,
      });
      return { Targets: listed.items.map(([, target]) => target), NextToken: listed.nextToken };
    },

    async ListRuleNamesByTarget(input: ListRuleNamesByTargetRequest, call) {
      const arn = checks.required(input.TargetArn, "targetArn");
      await call.authorize({ action: "events:ListRuleNamesByTarget", resource: "*" });
      const bus = buses.find(busName(input.EventBusName)).name;
      const names = rules
        .all()
        .filter((rule) => rule.bus === bus && Object.values(rule.targets).some(({ Arn }) => Arn === arn))
        .map(({ name }) => name)
        .sort();
      const listed = page(names, (name) => name, {
        limit: checks.range(input.Limit, "limit", 1, 100) ?? 100,
        token: input.NextToken,
        badToken,
      });
      return { RuleNames: listed.items, NextToken: listed.nextToken };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

function checkTarget(target: Target): void {
  const id = nameOf(target.Id, "targets.member.id");
  const arn = checks.required(target.Arn, "targets.member.arn");
  if (!/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+/.test(arn)) {
    throw invalid(`Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`);
  }
  checks.unsupported(target, UNSUPPORTED);
  if (arn.includes(":states:") && !target.RoleArn) throw invalid(`RoleArn is required for target ${arn}.`);
  if (target.DeadLetterConfig?.Arn && !target.DeadLetterConfig.Arn.includes(":sqs:")) {
    throw invalid(
      `The dead-letter queue of target ${id} must be an SQS queue: ${target.DeadLetterConfig.Arn}`,
    );
  }
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = target.RetryPolicy ?? {};
  checks.range(MaximumRetryAttempts, "targets.member.retryPolicy.maximumRetryAttempts", 0, 185);
  checks.range(MaximumEventAgeInSeconds, "targets.member.retryPolicy.maximumEventAgeInSeconds", 60, 86_400);
  checkTargetInput(target);
  if (busArn.test(arn) && (target.Input ?? target.InputPath ?? target.InputTransformer) !== undefined) {
    throw invalid(`A target that is an event bus takes events as they are: ${arn}`);
  }
}
