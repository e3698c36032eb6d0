import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { DeadLetterQueue } from "./deadLetterQueue";
import { hearEvents } from "./eventRule";
import { assumedBy } from "./policies";
import type { FunctionSettings } from "./recorderFunction";

export interface ClipHookArgs extends Pick<FunctionSettings, "stack" | "alertsTopicArn" | "keyArn" | "tags"> {
  /** A Lambda function, SQS queue, SNS topic, state machine or event bus. The policy of a queue or topic is its owner's. */
  targetArn: string;
}

/** What a role needs to call a target that has no policy of its own, by the service in its ARN. */
const ROLE_ACTIONS: Record<string, string> = {
  states: "states:StartExecution",
  events: "events:PutEvents",
};

/**
 * One's own processing of each clip: the event `Clip Archived` goes to a target, again and again for a day, and then to a
 * queue that keeps it for 14 days. `docs/clip-hook.md` says what a target must stand.
 */
export class ClipHook extends pulumi.ComponentResource {
  readonly deadLetters: DeadLetterQueue;

  constructor(name: string, args: ClipHookArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:ClipHook", name, {}, opts);
    const { stack, targetArn, tags } = args;
    const child = { parent: this };

    const { rule, deadLetters } = hearEvents(
      name,
      { ...args, description: `Clips of ${stack}, as they are archived`, types: ["Clip Archived"] },
      child,
    );
    const [, , service = ""] = targetArn.split(":");
    if (service === "lambda") {
      new aws.lambda.Permission(
        name,
        {
          action: "lambda:InvokeFunction",
          function: targetArn,
          principal: "events.amazonaws.com",
          sourceArn: rule.arn,
        },
        child,
      );
    }
    new aws.cloudwatch.EventTarget(
      name,
      {
        rule: rule.name,
        arn: targetArn,
        roleArn: createRole(ROLE_ACTIONS[service]),
        retryPolicy: { maximumEventAgeInSeconds: 24 * 3600, maximumRetryAttempts: 185 },
        deadLetterConfig: { arn: deadLetters.arn },
      },
      child,
    );

    this.deadLetters = deadLetters;
    this.registerOutputs({});

    function createRole(action: string | undefined): pulumi.Output<string> | undefined {
      if (!action) return undefined;
      const role = new aws.iam.Role(
        name,
        { assumeRolePolicy: assumedBy("events.amazonaws.com"), tags },
        child,
      );
      const mayCall = new aws.iam.RolePolicy(
        name,
        {
          role: role.name,
          policy: JSON.stringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Action: action, Resource: targetArn }],
          }),
        },
        child,
      );
      return pulumi.all([role.arn, mayCall.id]).apply(([arn]) => arn);
    }
  }
}
