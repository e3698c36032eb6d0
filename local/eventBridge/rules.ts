import { randomUUID } from "node:crypto";
import type { Target } from "@aws-sdk/client-eventbridge";
import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Outbox } from "../core/outbox";
import type { CloudDeps, Need } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import type { Delivery } from "./deliveries";
import { type BusEvent, makeEvent } from "./event";
import { type EventMatcher, readPattern } from "./pattern";
import { readSchedule } from "./schedule";
import { targetInput } from "./targetInput";

const DEFAULT_RETRY_ATTEMPTS = 185;
const DEFAULT_EVENT_AGE_SECONDS = 86_400;

/** A rule of the default bus, as it is stored. */
export interface Rule {
  name: string;
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

/** The account's rules, and what they do with events. */
export interface Rules {
  all: Record<string, Rule>;
  /** @throws ResourceNotFoundException */
  find(name: string): Rule;
  arnOf(name: string): string;
  /** A permission on a rule, with the rule's tags for its conditions. */
  need(action: string, name: string): Need;
  /** Hands an event to the targets of every rule that it matches. */
  route(event: BusEvent): void;
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

  const arnOf = (name: string) => `arn:aws:events:${region}:${accountId}:rule/${name}`;
  const lookUp = (name: string) => entryOf(document.value, name);

  const matcherOf = (pattern: string) => {
    const matcher = matchers.get(pattern) ?? readPattern(pattern);
    matchers.set(pattern, matcher);
    return matcher;
  };

  const deliver = (rule: Rule, event: BusEvent) =>
    deliveries.accept(
      Object.values(rule.targets).map((target): Delivery => {
        const nowMs = clock.nowMs();
        const context = { ruleArn: arnOf(rule.name), ruleName: rule.name, ingestedMs: nowMs };
        return {
          id: randomUUID(),
          dueMs: nowMs,
          ruleArn: arnOf(rule.name),
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
      deliver(rule, makeEvent({ ...scheduled, resources: [arnOf(rule.name)] }, { accountId, region }));
      armNext(rule, expression, of, dueMs);
    });
    timers.set(rule.name, { of, cancel });
  };

  /** Starts the schedules that are wanted and not running, and stops those that are not wanted any more. */
  const armSchedules = () => {
    const wanted = Object.values(document.value).filter(({ state }) => state === "ENABLED");
    const identity = (rule: Rule) => `${rule.scheduleExpression} from ${rule.anchorMs}`;
    const identities = new Map(wanted.map((rule) => [rule.name, identity(rule)]));
    for (const [name, { of, cancel }] of timers) {
      if (identities.get(name) === of) continue;
      cancel();
      timers.delete(name);
    }
    for (const rule of wanted) {
      if (rule.scheduleExpression === undefined || timers.has(rule.name)) continue;
      armNext(rule, rule.scheduleExpression, identity(rule), clock.nowMs());
    }
  };
  armSchedules();

  return {
    all: document.value,
    arnOf,
    find(name) {
      const rule = lookUp(name);
      if (!rule) {
        throw awsError("ResourceNotFoundException", 400, `Rule ${name} does not exist on EventBus default.`);
      }
      return rule;
    },
    need: (action, name) => ({
      action: `events:${action}`,
      resource: arnOf(name),
      context: resourceTagContext(lookUp(name)?.tags),
    }),
    route(event) {
      for (const rule of Object.values(document.value)) {
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
