import { jsonService } from "../core/protocols";
import type { InvokeTarget, PublishEvent, PutMetric } from "../core/seams";
import { type Call, type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { busName, DEFAULT_BUS, openBuses } from "./buses";
import { makeBusOperations } from "./busOperations";
import { openDeliveries } from "./deliveries";
import { type BusEvent, makeEvent } from "./event";
import { makeEventOperations, putNeed } from "./eventOperations";
import { makeRuleOperations } from "./ruleOperations";
import { openRules } from "./rules";
import { makeTagOperations } from "./tagOperations";
import { makeTargetOperations } from "./targetOperations";

/** Amazon EventBridge: buses, their rules, and the rules' targets. */
export interface EventBridge {
  http: HttpService;
  operations: Operations;
  /** How other services of this cloud put events on the default bus. When it returns, the deliveries are on disk. */
  publishEvent: PublishEvent;
  /** Puts an event of one bus on another, as it is. */
  forwardEvent(busArn: string, event: string, call: Call): Promise<void>;
  /** Stops schedules and deliveries; pending ones go on when the data folder is opened again. */
  close(): void;
}

/** Makes EventBridge; `invokeTarget` is how an event reaches what a target's ARN names. */
export function makeEventBridge(
  deps: CloudDeps & { invokeTarget: InvokeTarget; putMetric?: PutMetric },
): EventBridge {
  const deliveries = openDeliveries(deps);
  const buses = openBuses(deps);
  const rules = openRules(deps, deliveries);
  const operations: Operations = guarded(deps, "events", {
    ...makeBusOperations(deps.clock, buses, rules),
    ...makeRuleOperations(deps.clock, buses, rules),
    ...makeTargetOperations(buses, rules),
    ...makeEventOperations(deps, buses, rules),
    ...makeTagOperations(buses, rules),
  });
  return {
    http: jsonService({ signingName: "events", targetPrefix: "AWSEvents", version: "1.1", operations }),
    operations,
    publishEvent: (event) => rules.route(makeEvent(event, deps), DEFAULT_BUS),
    async forwardEvent(busArn, text, call) {
      const event = JSON.parse(text) as BusEvent;
      await call.authorize(putNeed(busArn, event.source, event["detail-type"]));
      rules.route(event, buses.find(busName(busArn)).name);
    },
    close() {
      rules.close();
      deliveries.close();
    },
  };
}
