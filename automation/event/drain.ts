import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { DrainRequest } from "../../handlers/drain";
import { failure } from "./failure";
import { resumable } from "./findEvent";
import { openOwnStream, ownState } from "./own";
import { type EventRecord, nameOf } from "./record";
import { drainIn } from "./stackState";
import type { Tools } from "./tools";

/** The names of the refusals of `handlers/drain.ts`, as the function and the engine tell them. */
export const isRefusedByDrain = (text: string): boolean => /CameraSends|FootageOwed/.test(text);

/** The name of the function that drains an event's streams; nothing where that is not made yet. */
export async function drainFunctionOf(tools: Tools, record: EventRecord): Promise<string | undefined> {
  const state = await ownState(tools, record);
  return state && drainIn(state);
}

/**
 * Has the event's own Drain archive what a stream still owes, as it will before the stream goes. A function that is
 * killed, or runs out of time, is called again: it goes on where the ledger says.
 * @throws a failure with what is owed, and of which stream
 */
export async function drainStream(
  tools: Tools,
  record: EventRecord,
  { name: streamName }: EventRecord["streams"][number],
  { FunctionName, signal }: { FunctionName?: string; signal?: AbortSignal },
): Promise<void> {
  const { clients, now } = tools;
  const own = await openOwnStream(tools, record, streamName);
  if (!own) return;
  const { source, life } = own;
  if (!FunctionName) {
    const { fragments } = await source.list({ fromMs: life.createdMs, toMs: await now() });
    // What is given up is named by the comparison that follows.
    if (fragments.length === 0 || record.stop?.abandon) return;
    throw failure(
      "notYet",
      `the stack of ${nameOf(record)} has no Drain, and ${streamName} holds ${fragments.length} fragments; ${resumable(record)}`,
    );
  }
  const request: DrainRequest = {
    streamName,
    clipSeconds: record.clipSeconds,
    retentionHours: life.retentionHours,
    abandons: record.stop?.abandon ?? false,
    tf: { action: "delete" },
  };
  const maxTries = 3;
  for (let tries = 1; ; tries += 1) {
    const { FunctionError, Payload } = await clients.lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) }),
      { abortSignal: signal },
    );
    if (!FunctionError) return;
    const { errorType = "", errorMessage = "" } = JSON.parse(Buffer.from(Payload ?? []).toString() || "{}");
    if (isRefusedByDrain(errorType)) throw failure("notYet", errorMessage);
    if (tries === maxTries)
      throw failure("unavailable", `${streamName} could not be drained: ${errorType} ${errorMessage}`.trim());
  }
}
