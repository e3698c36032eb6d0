import { jsonService } from "../core/protocols";
import type { CallAs, UseKey, WriteLog } from "../core/seams";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { makeEventOperations } from "./eventOperations";
import { makeAskGroupKey } from "./groupKey";
import { makeGroupOperations } from "./groupOperations";
import { openLogGroups } from "./groups";
import { makePolicyOperations } from "./policyOperations";
import { makeTagOperations } from "./tagOperations";

/** Amazon CloudWatch Logs. */
export interface Logs {
  http: HttpService;
  operations: Operations;
  /**
   * How other services of this cloud write a line; the stream is made if absent.
   * @throws ResourceNotFoundException when the group does not exist
   */
  writeLog: WriteLog;
  /** Nothing waits here: what was written is on disk. */
  close(): void;
}

/** Makes CloudWatch Logs. Lines are on disk when a call returns. */
export function makeLogs(deps: CloudDeps & { useKey?: UseKey; callAs?: CallAs }): Logs {
  const logs = openLogGroups(deps);
  const operations: Operations = guarded(deps, "logs", {
    ...makeGroupOperations(deps, logs, makeAskGroupKey(deps, logs)),
    ...makeEventOperations(deps, logs),
    ...makeTagOperations(logs),
    ...makePolicyOperations(deps, logs),
  });
  return {
    http: jsonService({ signingName: "logs", targetPrefix: "Logs_20140328", version: "1.1", operations }),
    operations,
    writeLog({ logGroupName, logStreamName, message, timestampMs }) {
      const group = logs.find(logGroupName);
      const nowMs = deps.clock.nowMs();
      if (!Object.hasOwn(group.streams, logStreamName)) {
        group.streams[logStreamName] = { name: logStreamName, createdMs: nowMs };
        logs.save();
      }
      const event = { timestamp: timestampMs, ingestionTime: nowMs, message };
      logs.events(group, logStreamName).append([event]);
    },
    close: () => undefined,
  };
}
