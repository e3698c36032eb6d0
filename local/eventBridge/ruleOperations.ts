import type {
  DeleteRuleRequest,
  DescribeRuleRequest,
  EnableRuleRequest,
  ListRulesRequest,
  ListTagsForResourceRequest,
  PutRuleRequest,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-eventbridge";
import type { Clock } from "../core/clock";
import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { Call, Operation } from "../core/service";
import { badToken, checkBus, checks, checkTagCount, invalid, nameOf, tagsOf } from "./inputs";
import { readPattern } from "./pattern";
import type { Rule, Rules } from "./rules";
import { readSchedule } from "./schedule";

const STATES = ["ENABLED", "DISABLED"] as const;

/** The operations on rules and their tags. */
export function makeRuleOperations(clock: Clock, rules: Rules) {
  const describe = (rule: Rule) => ({
    Name: rule.name,
    Arn: rules.arnOf(rule.name),
    EventPattern: rule.eventPattern,
    ScheduleExpression: rule.scheduleExpression,
    State: rule.state,
    Description: rule.description,
    RoleArn: rule.roleArn,
    EventBusName: "default",
  });

  const switchRule =
    (action: string, state: Rule["state"]) => async (input: EnableRuleRequest, call: Call) => {
      const name = nameOf(input.Name, "name");
      await call.authorize(rules.need(action, name));
      checkBus(input.EventBusName);
      const rule = rules.find(name);
      if (rule.state !== state) Object.assign(rule, { state, anchorMs: clock.nowMs() });
      rules.save();
      return undefined;
    };

  const tagged = (resourceArn: string) => {
    const rule = Object.values(rules.all).find(({ name }) => rules.arnOf(name) === resourceArn);
    if (!rule) throw awsError("ResourceNotFoundException", 400, `There is no rule ${resourceArn}`);
    return rule;
  };
  const tagNeed = (action: string, resourceArn: string) => ({
    ...rules.need(action, resourceArn.split("/").at(-1) ?? ""),
    resource: resourceArn,
  });

  const operations = {
    async PutRule(input: PutRuleRequest, call) {
      const name = nameOf(input.Name, "name");
      const tags = tagsOf(input.Tags);
      await call.authorize(
        rules.need("PutRule", name),
        ...(input.Tags?.length ? [rules.need("TagResource", name)] : []),
        ...(input.RoleArn ? [passRole(input.RoleArn)] : []),
      );
      checkBus(input.EventBusName);
      // Pulumi and CloudFormation leave out what is empty; other clients send it.
      const eventPattern = input.EventPattern || undefined;
      const scheduleExpression = input.ScheduleExpression || undefined;
      if (eventPattern === undefined && scheduleExpression === undefined) {
        throw invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
      }
      if (eventPattern !== undefined) readPattern(eventPattern);
      if (scheduleExpression !== undefined) readSchedule(scheduleExpression);
      const existing = entryOf(rules.all, name);
      // A rule that is put again keeps its targets and tags and loses every other setting that is not given.
      rules.all[name] = {
        name,
        eventPattern,
        scheduleExpression,
        state: checks.oneOf(input.State, "state", STATES) ?? "ENABLED",
        description: input.Description,
        roleArn: input.RoleArn,
        anchorMs: clock.nowMs(),
        targets: existing?.targets ?? {},
        tags: existing?.tags ?? tags,
      };
      rules.save();
      return { RuleArn: rules.arnOf(name) };
    },

    async DescribeRule(input: DescribeRuleRequest, call) {
      const name = nameOf(input.Name, "name");
      await call.authorize(rules.need("DescribeRule", name));
      checkBus(input.EventBusName);
      return { ...describe(rules.find(name)), CreatedBy: call.accountId };
    },

    async ListRules(input: ListRulesRequest, call) {
      await call.authorize({ action: "events:ListRules", resource: "*" });
      checkBus(input.EventBusName);
      const found = Object.values(rules.all).filter(({ name }) => name.startsWith(input.NamePrefix ?? ""));
      const listed = page(found.sort(byKey(({ name }) => name)), ({ name }) => name, {
        limit: checks.range(input.Limit, "limit", 1, 100) ?? 100,
        token: input.NextToken,
        badToken,
      });
      return { Rules: listed.items.map(describe), NextToken: listed.nextToken };
    },

    async DeleteRule(input: DeleteRuleRequest, call) {
      const name = nameOf(input.Name, "name");
      await call.authorize(rules.need("DeleteRule", name));
      checkBus(input.EventBusName);
      // A rule that is not there is deleted already, to EventBridge.
      if (!Object.hasOwn(rules.all, name)) return undefined;
      if (Object.keys(rules.find(name).targets).length > 0) {
        throw invalid("Rule can't be deleted since it has targets.");
      }
      delete rules.all[name];
      rules.save();
      return undefined;
    },

    EnableRule: switchRule("EnableRule", "ENABLED"),
    DisableRule: switchRule("DisableRule", "DISABLED"),

    async TagResource(input: TagResourceRequest, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      const added = tagsOf(checks.required(input.Tags, "tags"));
      await call.authorize(tagNeed("TagResource", arn));
      const rule = tagged(arn);
      rule.tags = checkTagCount({ ...rule.tags, ...added });
      rules.save();
      return {};
    },

    async UntagResource(input: UntagResourceRequest, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      const keys = checks.required(input.TagKeys, "tagKeys");
      await call.authorize(tagNeed("UntagResource", arn));
      const { tags } = tagged(arn);
      for (const key of keys) delete tags[key];
      rules.save();
      return {};
    },

    async ListTagsForResource(input: ListTagsForResourceRequest, call) {
      const arn = checks.required(input.ResourceARN, "resourceARN");
      await call.authorize(tagNeed("ListTagsForResource", arn));
      return { Tags: Object.entries(tagged(arn).tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** Whoever gives a role to a rule or target must be allowed to pass it on to EventBridge. */
export const passRole = (roleArn: string) => ({
  action: "iam:PassRole",
  resource: roleArn,
  context: { "iam:PassedToService": "events.amazonaws.com" },
});
