import type { DescribeAlarmHistoryInput } from "@aws-sdk/client-cloudwatch";
import { byKey, page } from "../core/page";
import { badToken, checks, timestampMs, type Wire } from "./inputs";

/** A change of an alarm's state, or what it did about one. */
export interface HistoryEntry {
  alarmName: string;
  atMs: number;
  type: "StateUpdate" | "Action";
  summary: string;
  /** JSON text: the old and the new state, or the action and how it ended. */
  data: string;
}

/** An entry in the history. Items outlive their alarm. */
export interface HistoryItem extends HistoryEntry {
  /** Counts up; orders items of one instant. */
  sequence: number;
}

/** The input of DescribeAlarmHistory. */
export type HistoryInput = Wire<DescribeAlarmHistoryInput, "StartDate" | "EndDate">;

/** Answers DescribeAlarmHistory: of the kinds of items, `StateUpdate` and `Action` are kept. */
export function describeHistory(history: HistoryItem[], input: HistoryInput) {
  checks.unsupported(input, ["AlarmContributorId"]);
  const fromMs = timestampMs(input.StartDate, "StartDate") ?? 0;
  const toMs = timestampMs(input.EndDate, "EndDate") ?? Number.POSITIVE_INFINITY;
  const found = history.filter(
    ({ alarmName, atMs, type }) =>
      type === (input.HistoryItemType ?? type) &&
      alarmName === (input.AlarmName ?? alarmName) &&
      atMs >= fromMs &&
      atMs <= toMs,
  );
  const descending = input.ScanBy !== "TimestampAscending";
  found.sort(byKey(keyOf));
  if (descending) found.reverse();
  const listed = page(found, keyOf, {
    descending,
    limit: checks.range(input.MaxRecords, "maxRecords", 1, 100) ?? 100,
    token: input.NextToken,
    badToken,
  });
  return { AlarmHistoryItems: listed.items.map(toHistoryItem), NextToken: listed.nextToken };
}

const keyOf = ({ sequence }: HistoryItem) => String(sequence).padStart(15, "0");

const toHistoryItem = (item: HistoryItem) => ({
  AlarmName: item.alarmName,
  AlarmType: "MetricAlarm",
  Timestamp: new Date(item.atMs),
  HistoryItemType: item.type,
  HistorySummary: item.summary,
  HistoryData: item.data,
});
