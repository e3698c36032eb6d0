import { awsError } from "../core/errors";
import type { WriteLog } from "../core/seams";
import type { Execution } from "./execution";
import type { HistoryEvent } from "./history";

/** What of an execution's history goes to CloudWatch Logs. */
export interface LoggingConfiguration {
  level?: "ALL" | "ERROR" | "FATAL" | "OFF";
  includeExecutionData?: boolean;
  destinations?: { cloudWatchLogsLogGroup?: { logGroupArn?: string } }[];
}

/** Reads the configuration of CreateStateMachine. @throws InvalidLoggingConfiguration */
export function readLogging(configuration: LoggingConfiguration): LoggingConfiguration {
  const { level = "OFF", includeExecutionData = false, destinations = [] } = configuration;
  const wrong = (message: string) => awsError("InvalidLoggingConfiguration", 400, message);
  if (!["ALL", "ERROR", "FATAL", "OFF"].includes(level))
    throw wrong(`level ${level} is not ALL, ERROR, FATAL or OFF`);
  if (level === "OFF") return { level, includeExecutionData };
  if (destinations.length !== 1 || !logGroupOf(configuration)) {
    throw wrong("Name exactly one destination, the ARN of a log group with :* at its end");
  }
  return { level, includeExecutionData, destinations };
}

function logGroupOf({ destinations }: LoggingConfiguration): string | undefined {
  const arn = destinations?.[0]?.cloudWatchLogsLogGroup?.logGroupArn ?? "";
  return /^arn:aws:logs:[^:]+:\d{12}:log-group:([^:]+):\*$/.exec(arn)?.[1];
}

const FATAL = /^Execution(Failed|Aborted|TimedOut)$/;
const ERROR = /(Failed|Aborted|TimedOut)$/;

/** Writes an event of an execution to the log group of its state machine, if its level asks for it. */
export function logEvent(
  writeLog: WriteLog,
  configuration: LoggingConfiguration,
  machineName: string,
  execution: Execution,
  { id, previousEventId, type, timestampMs, details = {} }: HistoryEvent,
): void {
  const { level = "OFF", includeExecutionData } = configuration;
  const logGroupName = logGroupOf(configuration);
  const asked =
    level === "ALL" || (level === "ERROR" && ERROR.test(type)) || (level === "FATAL" && FATAL.test(type));
  if (!asked || !logGroupName) return;
  const [shown = {}] = Object.values(details);
  const data = Object.entries(shown).filter(
    ([name]) =>
      includeExecutionData || !["input", "output", "parameters", "assignedVariables"].includes(name),
  );
  const hour = new Date(execution.startMs).toISOString().slice(0, 13).replace("T", "-");
  writeLog({
    logGroupName,
    logStreamName: `states/${machineName}/${hour}/${execution.name}`,
    timestampMs,
    message: JSON.stringify({
      id: String(id),
      type,
      details: Object.fromEntries(data) as object,
      previous_event_id: String(previousEventId),
      event_timestamp: String(timestampMs),
      execution_arn: execution.arn,
    }),
  });
}
