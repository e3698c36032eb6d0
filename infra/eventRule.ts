import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { DeadLetterQueue } from "./deadLetterQueue";
import type { FunctionSettings } from "./recorderFunction";

export interface EventRuleArgs
  extends Pick<FunctionSettings, "stack" | "alertsTopicArn" | "keyArn" | "tags"> {
  description: string;
  /** Which of the archive's events, as `docs/events.md` calls them. */
  types: string[];
}

/** Hears events of a stack's own archive; what cannot be delivered to the rule's target is for the queue. */
export function hearEvents(
  name: string,
  { description, types, ...common }: EventRuleArgs,
  opts: pulumi.CustomResourceOptions,
): { rule: aws.cloudwatch.EventRule; deadLetters: DeadLetterQueue } {
  const { stack, tags } = common;
  const eventPattern = JSON.stringify({
    source: ["lastframe"],
    "detail-type": types,
    detail: { stack: [stack] },
  });
  const rule = new aws.cloudwatch.EventRule(name, { description, eventPattern, tags }, opts);
  const deadLetters = new DeadLetterQueue(
    `${name}-dead-letters`,
    { ...common, service: "events.amazonaws.com", sourceArns: [rule.arn] },
    opts,
  );
  return { rule, deadLetters };
}
