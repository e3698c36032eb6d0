import { jsonService } from "../core/protocols";
import type { InvokeTarget, PublishEvent, PutMetric } from "../core/seams";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { openDeliveries } from "./deliveries";
import { makeEvent } from "./event";
import { makeEventOperations } from "./eventOperations";
import { makeRuleOperations } from "./ruleOperations";
import { openRules } from "./rules";
import { makeTargetOperations } from "./targetOperations";

/** Amazon EventBridge: the default bus, its rules, and their targets. */
export interface EventBridge {
  http: HttpService;
  operations: Operations;
  /** How other services of this cloud put events on the bus. When it returns, the deliveries are on disk. */
  publishEvent: PublishEvent;
  /** Stops schedules and deliveries; pending ones go on when the data folder is opened again. */
  close(): void;
}

/** Makes EventBridge; `invokeTarget` is how an event reaches what a target's ARN names. */
export function makeEventBridge(
  deps: CloudDeps & { invokeTarget: InvokeTarget; putMetric?: PutMetric },
): EventBridge {
  const deliveries = openDeliveries(deps);
  const rules = openRules(deps, deliveries);
  const operations: Operations = guarded(deps, "events", {
    ...makeRuleOperations(deps.clock, rules),
    ...makeTargetOperations(rules),
    ...makeEventOperations(deps, rules),
  });
  return {
    http: jsonService({ signingName: "events", targetPrefix: "AWSEvents", version: "1.1", operations }),
    operations,
    publishEvent: (event) => rules.route(makeEvent(event, deps)),
    close() {
      rules.close();
      deliveries.close();
    },
  };
}
