import { gunzipSync } from "node:zlib";
import { jsonService } from "../core/protocols";
import type { InvokeTarget, PublishEvent, PutMetric } from "../core/seams";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { makeAlarmOperations } from "./alarmOperations";
import { openAlarms } from "./alarmStore";
import { makeDashboardOperations } from "./dashboardOperations";
import { startEvaluator } from "./evaluator";
import { makeMetricOperations } from "./metricOperations";
import { openMetrics } from "./metrics";
import { makeTagOperations } from "./tagOperations";

/** Amazon CloudWatch: metrics, the alarms on them, and dashboards. */
export interface CloudWatch {
  http: HttpService;
  operations: Operations;
  /** How other services of this cloud publish their metrics, `AWS/` namespaces included. */
  putMetric: PutMetric;
  /** Stops the evaluation of alarms and writes what is not yet on disk. */
  close(): void;
}

/** Errors by their names in the JSON protocol, and what the Query protocol calls them. */
const QUERY_ERROR_CODES = {
  InvalidFormatFault: "InvalidFormat",
  InvalidParameterCombinationException: "InvalidParameterCombination",
  InvalidParameterValueException: "InvalidParameterValue",
  LimitExceededFault: "LimitExceeded",
  MissingRequiredParameterException: "MissingParameter",
};

/** The largest inflated body, which is the largest body (`PutMetricData`: 1 MB). */
const MAX_INFLATED_BYTES = 1024 * 1024;

/**
 * Makes CloudWatch.
 * @param options.metricDelayMs how long after a period's end its alarms are evaluated, in the cloud's time. AWS does not
 * publish its own; 30 s makes an alarm speak about as late as the sample event of its user guide does.
 */
export function makeCloudWatch(
  deps: CloudDeps & { publishEvent: PublishEvent; invokeTarget: InvokeTarget },
  { metricDelayMs = 30_000 }: { metricDelayMs?: number } = {},
): CloudWatch {
  const metrics = openMetrics(deps.store, deps.clock);
  const alarms = openAlarms(deps);
  const stopEvaluator = startEvaluator({ clock: deps.clock, alarms, metrics, metricDelayMs });
  const operations: Operations = guarded(deps, "monitoring", {
    ...makeMetricOperations(deps, metrics),
    ...makeAlarmOperations(deps, alarms),
    ...makeTagOperations(alarms),
    ...makeDashboardOperations(deps),
  });
  const http = jsonService({
    signingName: "monitoring",
    targetPrefix: "GraniteServiceVersion20100801",
    version: "1.0",
    xmlNamespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
    queryErrorCodes: QUERY_ERROR_CODES,
    operations,
  });
  return {
    http: inflating(http),
    operations,
    putMetric({ value, unit, timestampMs, ...metric }) {
      metrics.add(metric, unit, { sampleCount: 1, sum: value, minimum: value, maximum: value }, timestampMs);
    },
    close() {
      stopEvaluator();
      alarms.close();
      metrics.close();
    },
  };
}

/** SDKs compress the bodies of large PutMetricData calls. */
function inflating(service: HttpService): HttpService {
  return {
    ...service,
    handle(request, response, call) {
      if (request.headers["content-encoding"] !== "gzip") return service.handle(request, response, call);
      const body = gunzipSync(request.body, { maxOutputLength: MAX_INFLATED_BYTES });
      return service.handle({ ...request, body }, response, call);
    },
  };
}
