import type {
  DeleteRuleRequest,
  DescribeRuleRequest,
  EnableRuleRequest,
  ListRulesRequest,
  PutRuleRequest,
} from "@aws-sdk/client-eventbridge";
import type { Clock } from "../core/clock";
import { byKey, page } from "../core/page";
import type { Call, Operation } from "../core/service";
import { type Buses, busName } from "./buses";
import { badToken, checks, invalid, ruleName } from "./inputs";
import { readPattern } from "./pattern";
import type { Rule, Rules } from "./rules";
import { readSchedule } from "./schedule";
import { tagsOf } from "./tagOperations";

const STATES = ["ENABLED", "DISABLED"] as const;

/** The operations on rules. */
export function makeRuleOperations(clock: Clock, buses: Buses, rules: Rules) {
  const describe = (rule: Rule) => ({
    Name: rule.name,
    Arn: rules.arnOf(rule),
    EventPattern: rule.eventPattern,
    ScheduleExpression: rule.scheduleExpression,
    State: rule.state,
    Description: rule.description,
    RoleArn: rule.roleArn,
    EventBusName: rule.bus,
  });

  const switchRule =
    (action: string, state: Rule["state"]) => async (input: EnableRuleRequest, call: Call) => {
      const named = ruleName(input.Name, input.EventBusName);
      await call.authorize(rules.need(action, named));
      buses.find(named.bus);
      const rule = rules.find(named);
      if (rule.state !== state) Object.assign(rule, { state, anchorMs: clock.nowMs() });
      rules.save();
      return undefined;
    };

  const operations = {
    async PutRule(input: PutRuleRequest, call) {
      const named = ruleName(input.Name, input.EventBusName);
      const tags = tagsOf(input.Tags);
      await call.authorize(
        rules.need("PutRule", named),
        ...(input.Tags?.length ? [rules.need("TagResource", named)] : []),
        ...(input.RoleArn ? [passRole(input.RoleArn)] : []),
      );
      buses.find(named.bus);
      // Pulumi and CloudFormation leave out what is empty; other clients send it.
      const eventPattern = input.EventPattern || undefined;
      const scheduleExpression = input.ScheduleExpression || undefined;
      if (eventPattern === undefined && scheduleExpression === undefined) {
        throw invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
      }
      if (eventPattern !== undefined) readPattern(eventPattern);
      if (scheduleExpression !== undefined) readSchedule(scheduleExpression);
      const existing = rules.lookUp(named);
      // A rule that is put again keeps its targets and tags and loses every other setting that is not given.
      rules.put({
        ...named,
        eventPattern,
        scheduleExpression,
        state: checks.oneOf(input.State, "state", STATES) ?? "ENABLED",
        description: input.Description,
        roleArn: input.RoleArn,
        anchorMs: clock.nowMs(),
        targets: existing?.targets ?? {},
        tags: existing?.tags ?? tags,
      });
      rules.save();
      return { RuleArn: rules.arnOf(named) };
    },

    async DescribeRule(input: DescribeRuleRequest, call) {
      const named = ruleName(input.Name, input.EventBusName);
      await call.authorize(rules.need("DescribeRule", named));
      buses.find(named.bus);
      return { ...describe(rules.find(named)), CreatedBy: call.accountId };
    },

    async ListRules(input: ListRulesRequest, call) {
      await call.authorize({ action: "events:ListRules", resource: "*" });
      const bus = buses.find(busName(input.EventBusName)).name;
      const found = rules
        .all()
        .filter((rule) => rule.bus === bus && rule.name.startsWith(input.NamePrefix ?? ""));
      const listed = page(found.sort(byKey(({ name }) => name)), ({ name }) => name, {
        limit: checks.range(input.Limit, "limit", 1, 100) ?? 100,
        token: input.NextToken,
        badToken,
      });
      return { Rules: listed.items.map(describe), NextToken: listed.nextToken };
    },

    async DeleteRule(input: DeleteRuleRequest, call) {
      const named = ruleName(input.Name, input.EventBusName);
      await call.authorize(rules.need("DeleteRule", named));
      buses.find(named.bus);
      const rule = rules.lookUp(named);
      // A rule that is not there is deleted already, to EventBridge.
      if (!rule) return undefined;
      if (Object.keys(rule.targets).length > 0) {
        throw invalid("Rule can't be deleted since it has targets.");
      }
      rules.remove(rule);
      rules.save();
      return undefined;
    },

    EnableRule: switchRule("EnableRule", "ENABLED"),
    DisableRule: switchRule("DisableRule", "DISABLED"),
  } satisfies Record<string, Operation>;
  return operations;
}

/** Whoever gives a role to a rule or target must be allowed to pass it on to EventBridge. */
export const passRole = (roleArn: string) => ({
  action: "iam:PassRole",
  resource: roleArn,
  context: { "iam:PassedToService": "events.amazonaws.com" },
});
