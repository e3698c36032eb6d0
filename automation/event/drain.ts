import { InvokeCommand } from "@aws-sdk/client-lambda";
import { currentLife } from "../../archive/lives";
import type { DrainRequest } from "../../handlers/drain";
import { fromId } from "./eventName";
import type { EventOutputs } from "./eventProgram";
import { failure } from "./failure";
import type { EventRecord } from "./record";
import type { Tools } from "./tools";

/** The names of the refusals of `handlers/drain.ts`, as the function and the engine tell them. */
export const isRefusedByDrain = (text: string): boolean => /CameraSends|FootageOwed/.test(text);

/** The name of the function that drains an event's streams; nothing where its stack is not whole. */
export async function drainFunctionOf({ engine }: Tools, { id }: EventRecord): Promise<string | undefined> {
  const outputs = (await engine.outputs(fromId(id).stack)) as Partial<EventOutputs> | undefined;
  return outputs?.drain;
}

/**
 * Has the event's own Drain archive what a stream still owes, as it will before the stream goes. A function that is
 * killed, or runs out of time, is called again: it goes on where the ledger says.
 * @throws a failure with what is owed, and of which stream
 */
export async function drainStream(
  { kinesisVideo, clients, now }: Tools,
  { id, clipSeconds, stop }: EventRecord,
  { name: streamName }: EventRecord["streams"][number],
  { FunctionName, signal }: { FunctionName?: string; signal?: AbortSignal },
): Promise<void> {
  const source = kinesisVideo.openStream(streamName);
  const life = await currentLife(source);
  if (!life) return;
  if (!FunctionName) {
    const { fragments } = await source.list({ fromMs: life.createdMs, toMs: await now() });
    if (fragments.length === 0) return;
    throw failure(
      "notYet",
      `the stack of ${fromId(id).name} is not whole, and ${streamName} holds ${fragments.length} fragments; \`lastframe event start\` it again first`,
    );
  }
  const request: DrainRequest = {
    streamName,
    clipSeconds,
    retentionHours: life.retentionHours,
    abandons: stop?.abandon ?? false,
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
