import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { DeadLetterQueue } from "./deadLetterQueue";
import { hearEvents } from "./eventRule";
import type { FunctionSettings } from "./recorderFunction";

/** The archive's events that a person should hear of; `docs/events.md` says what each means. */
const TOLD = ["Archiving Failed", "Damage Found", "Footage At Risk", "Gap Found"];

/** Tells the alerts topic what a stack's archiving met that is no alarm: gaps, damage, errors that only a person can mend. */
export class EventAlerts extends pulumi.ComponentResource {
  readonly deadLetters: DeadLetterQueue;

  constructor(
    name: string,
    args: Pick<FunctionSettings, "stack" | "alertsTopicArn" | "keyArn" | "tags">,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("lastframe:infra:EventAlerts", name, {}, opts);
    const { stack, alertsTopicArn } = args;
    const child = { parent: this };

    const { rule, deadLetters } = hearEvents(
      name,
      { ...args, description: `What people should hear of ${stack}`, types: TOLD },
      child,
    );
    new aws.cloudwatch.EventTarget(
      name,
      {
        rule: rule.name,
        arn: alertsTopicArn,
        inputTransformer: {
          inputPaths: {
            type: "$.detail-type",
            stream: "$.detail.stream",
            time: "$.time",
            detail: "$.detail",
          },
          inputTemplate: `{"alert":"<type> on stream <stream> of ${stack}","time":"<time>","detail":<detail>}`,
        },
        deadLetterConfig: { arn: deadLetters.arn },
      },
      child,
    );

    this.deadLetters = deadLetters;
    this.registerOutputs({});
  }
}
