import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { DrainRequest } from "../../handlers/drain";
import type { EventOutputs } from "./eventProgram";
import { failure } from "./failure";
import { openOwnStream, ownState } from "./own";
import { type EventRecord, nameOf } from "./record";
import { outputsOf } from "./stackState";
import type { Tools } from "./tools";

/** The names of the refusals of `handlers/drain.ts`, as the function and the engine tell them. */
export const isRefusedByDrain = (text: string): boolean => /CameraSends|FootageOwed/.test(text);

/** The name of the function that drains an event's streams; nothing where its stack is not whole. */
export async function drainFunctionOf(tools: Tools, record: EventRecord): Promise<string | undefined> {
  const state = await ownState(tools, record);
  return state && (outputsOf(state) as Partial<EventOutputs>).drain;
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
    if (fragments.length === 0) return;
    throw failure(
      "notYet",
      `the stack of ${nameOf(record)} is not whole, and ${streamName} holds ${fragments.length} fragments; \`lastframe event start\` it again first`,
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
