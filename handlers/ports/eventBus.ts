import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import type { ArchiveEvent } from "../../archive/events";

/** Where an event comes from; every detail says it beside a version of its shape. */
export interface EventOrigin {
  stack: string;
  stream: string;
  /** ISO 8601, the time that came in with the call. */
  time: string;
}

/**
 * Puts the archive's events on the account's default bus. What cannot be put is logged and not thrown: footage does
 * not wait for those who watch, and the ledger tells the same.
 */
export function makeEventBus(): (origin: EventOrigin, event: ArchiveEvent) => Promise<void> {
  const eventBridge = new EventBridgeClient({});
  return async ({ stack, stream, time }, { type, detail }) => {
    const entry = {
      Source: "lastframe",
      DetailType: type,
      Time: new Date(time),
      Detail: JSON.stringify({ version: 1, stack, stream, ...detail }),
    };
    try {
      const { FailedEntryCount, Entries } = await eventBridge.send(
        new PutEventsCommand({ Entries: [entry] }),
      );
      if (FailedEntryCount) throw new Error(Entries?.[0]?.ErrorMessage);
    } catch (error) {
      console.error(`event not sent: ${type} of ${stream}: ${error} ${entry.Detail}`);
    }
  };
}
