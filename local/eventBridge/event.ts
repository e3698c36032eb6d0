import { randomUUID } from "node:crypto";
import type { PublishEvent } from "../core/seams";

/** An event as rules see it and targets get it ("AWS service event metadata", EventBridge user guide). */
export interface BusEvent {
  version: "0";
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  /** ISO 8601 in whole seconds. */
  time: string;
  region: string;
  resources: string[];
  detail: object;
}

/** Puts an event into its envelope. */
export function makeEvent(
  event: Parameters<PublishEvent>[0],
  { accountId, region }: { accountId: string; region: string },
): BusEvent {
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": event.detailType,
    source: event.source,
    account: accountId,
    time: isoSeconds(event.timeMs),
    region,
    resources: event.resources,
    // What a pattern sees is what a target gets: plain JSON, without members that are undefined.
    detail: JSON.parse(JSON.stringify(event.detail)) as object,
  };
}

/** `2026-11-22T05:10:40Z` */
export const isoSeconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
