import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type DashboardFacts, dashboardBody } from "./dashboardBody";
import type { DeadLetterQueue } from "./deadLetterQueue";
import type { RecorderFunction } from "./recorderFunction";

export interface DashboardArgs {
  /** `project/stack`. */
  stack: string;
  workflowArn: pulumi.Input<string>;
  functions: RecorderFunction[];
  queues: DeadLetterQueue[];
}

/** One page that a stranger can read during an event: is video arriving, is it archived, and what went wrong. */
export class Dashboard extends pulumi.ComponentResource {
  readonly dashboardName: pulumi.Output<string>;

  constructor(name: string, args: DashboardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Dashboard", name, {}, opts);
    const child = { parent: this };

    const { region } = aws.getRegionOutput({}, child);
    const { stack, workflowArn, functions, queues } = args;
    const facts: pulumi.Output<DashboardFacts> = pulumi.output({
      region,
      stack,
      workflowArn,
      functionNames: functions.map(({ functionName }) => functionName),
      logGroupNames: functions.map(({ logGroupName }) => logGroupName),
      queueNames: queues.map(({ queueName }) => queueName),
    });
    const dashboard = new aws.cloudwatch.Dashboard(
      name,
      {
        // Names of dashboards take letters, digits, dashes and underscores.
        dashboardName: stack.replace(/[^\w-]/g, "-"),
        dashboardBody: facts.apply((known) => JSON.stringify(dashboardBody(known))),
      },
      child,
    );

    this.dashboardName = dashboard.dashboardName;
    this.registerOutputs({ dashboardName: this.dashboardName });
  }
}
