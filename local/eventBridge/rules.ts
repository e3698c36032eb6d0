import { randomUUID } from "node:crypto";
import type { Target } from "@aws-sdk/client-eventbridge";
import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Outbox } from "../core/outbox";
import type { CloudDeps, Need } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import { DEFAULT_BUS } from "./buses";
import type { Delivery } from "./deliveries";
import { type BusEvent, makeEvent } from "./event";
import { type EventMatcher, readPattern } from "./pattern";
import { readSchedule } from "./schedule";
import { targetInput } from "./targetInput";

const DEFAULT_RETRY_ATTEMPTS = 185;
const DEFAULT_EVENT_AGE_SECONDS = 86_400;

/** A rule, as it is stored. */
export interface Rule {
  name: string;
  /** The name of its bus. */
  bus: string;
  eventPattern?: string;
  scheduleExpression?: string;
  state: "ENABLED" | "DISABLED";
  description?: string;
  roleArn?: string;
  /** Where a rate counts from: when the rule was last put or enabled. */
  anchorMs: number;
  targets: Record<string, Target>;
  tags: Record<string, string>;
}

/** What tells a rule from all others. */
export type RuleName = Pick<Rule, "name" | "bus">;

/** The account's rules, and what they do with events. */
export interface Rules {
  all(): Rule[];
  /** The rule of that name, if it is there. */
  lookUp(rule: RuleName): Rule | undefined;
  /** @throws ResourceNotFoundException */
  find(rule: RuleName): Rule;
  put(rule: Rule): void;
  remove(rule: RuleName): void;
  arnOf(rule: RuleName): string;
  /** A permission on a rule, with the rule's tags for its conditions. */
  need(action: string, rule: RuleName): Need;
  /** Hands an event to the targets of every rule of a bus that it matches. */
  route(event: BusEvent, bus: string): void;
  /** Stores the rules; a schedule that was changed, enabled or removed takes effect. */
  save(): void;
  close(): void;
}

/** Opens the rules in `eventbridge/rules` of the data folder, and starts their schedules. */
export function openRules(deps: CloudDeps, deliveries: Outbox<Delivery>): Rules {
  const { clock, store, region, accountId } = deps;
  const document = store.document<Record<string, Rule>>("eventbridge/rules", {});
  const matchers = new Map<string, EventMatcher>();
  const timers = new Map<string, { of: string; cancel: () => void }>();

  // What follows `rule/` in its ARN.
  const idOf = ({ name, bus }: RuleName) => (bus === DEFAULT_BUS ? name : `${bus}/${name}`);
  const arnOf = (rule: RuleName) => `arn:aws:events:${region}:${accountId}:rule/${idOf(rule)}`;
  const lookUp = (rule: RuleName) => entryOf(document.value, idOf(rule));

  const matcherOf = (pattern: string) => {
    const matcher = matchers.get(pattern) ?? readPattern(pattern);
    matchers.set(pattern, matcher);
    return matcher;
  };

  const deliver = (rule: Rule, event: BusEvent) =>
    deliveries.accept(
      Object.values(rule.targets).map((target): Delivery => {
        const nowMs = clock.nowMs();
        const context = { ruleArn: arnOf(rule), ruleName: rule.name, ingestedMs: nowMs };
        return {
          id: randomUUID(),
          dueMs: nowMs,
          ruleArn: arnOf(rule),
          target: { arn: target.Arn as string, roleArn: target.RoleArn },
          deadLetterArn: target.DeadLetterConfig?.Arn,
          maximumRetryAttempts: target.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS,
          maximumEventAgeMs:
            (target.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_EVENT_AGE_SECONDS) * 1000,
          payload: targetInput(target, event, context),
          event: JSON.stringify(event),
          receivedMs: nowMs,
          retryAttempts: 0,
        };
      }),
    );

  const armNext = (rule: Rule, expression: string, of: string, afterMs: number) => {
    const dueMs = readSchedule(expression).nextMs(afterMs, rule.anchorMs);
    if (dueMs === undefined) return;
    const cancel = clock.after(dueMs - clock.nowMs(), () => {
      const scheduled = { source: "aws.events", detailType: "Scheduled Event", detail: {}, timeMs: dueMs };
      deliver(rule, makeEvent({ ...scheduled, resources: [arnOf(rule)] }, { accountId, region }));
      armNext(rule, expression, of, dueMs);
    });
    timers.set(idOf(rule), { of, cancel });
  };

  /** Starts the schedules that are wanted and not running, and stops those that are not wanted any more. */
  const armSchedules = () => {
    const wanted = Object.values(document.value).filter(({ state }) => state === "ENABLED");
    const identity = (rule: Rule) => `${rule.scheduleExpression} from ${rule.anchorMs}`;
    const identities = new Map(wanted.map((rule) => [idOf(rule), identity(rule)]));
    for (const [id, { of, cancel }] of timers) {
      if (identities.get(id) === of) continue;
      cancel();
      timers.delete(id);
    }
    for (const rule of wanted) {
      if (rule.scheduleExpression === undefined || timers.has(idOf(rule))) continue;
      armNext(rule, rule.scheduleExpression, identity(rule), clock.nowMs());
    }
  };
  armSchedules();

  return {
    all: () => Object.values(document.value),
    lookUp,
    arnOf,
    find({ name, bus }) {
      const rule = lookUp({ name, bus });
      if (!rule) {
        throw awsError("ResourceNotFoundException", 400, `Rule ${name} does not exist on EventBus ${bus}.`);
      }
      return rule;
    },
    put(rule) {
      document.value[idOf(rule)] = rule;
    },
    remove(rule) {
      delete document.value[idOf(rule)];
    },
    need: (action, rule) => ({
      action: `events:${action}`,
      resource: arnOf(rule),
      context: resourceTagContext(lookUp(rule)?.tags),
    }),
    route(event, bus) {
      for (const rule of Object.values(document.value)) {
        if (rule.bus !== bus) continue;
        if (rule.state !== "ENABLED" || rule.eventPattern === undefined) continue;
        if (matcherOf(rule.eventPattern)(event)) deliver(rule, event);
      }
    },
    save() {
      document.save();
      armSchedules();
    },
    close() {
      for (const { cancel } of timers.values()) cancel();
    },
  };
}
