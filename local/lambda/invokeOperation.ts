import { awsError } from "../core/errors";
import type { Call } from "../core/service";
import type { AsyncInvocations } from "./asyncInvocation";
import { type FunctionsOf, openFunction } from "./functions";
import type { RunInvocation } from "./invocation";
import { invalid } from "./settings";

/** "Invocation payload" of the Lambda quotas: 6 MB for a response that is waited for, 1 MB for an event. */
const MAX_PAYLOAD_BYTES: Record<string, number> = { RequestResponse: 6_291_456, Event: 1_048_576 };

/** The request of the Invoke API, headers and body included. */
export interface InvokeInput {
  FunctionName?: string;
  Qualifier?: string;
  InvocationType?: string;
  LogType?: string;
  /** JSON in base64. */
  ClientContext?: string;
  DurableExecutionName?: string;
  TenantId?: string;
  Payload?: Buffer;
}

/** The answer of the Invoke API; everything but `Payload` travels in the status and headers. */
export interface InvokeOutput {
  StatusCode: number;
  ExecutedVersion: string;
  FunctionError?: string;
  LogResult?: string;
  Payload?: string;
}

/** The Invoke operation. */
export function makeInvoke(
  options: FunctionsOf & { run: RunInvocation; asyncInvocations: AsyncInvocations },
) {
  const { run, asyncInvocations } = options;
  return async function Invoke(input: InvokeInput, call: Call): Promise<InvokeOutput> {
    const lambdaFunction = await openFunction(options, "InvokeFunction", input, call);
    const type = input.InvocationType ?? "RequestResponse";
    const done = { ExecutedVersion: "$LATEST" };
    if (type === "DryRun") return { ...done, StatusCode: 204 };
    const payload = readPayload(input.Payload, type);
    if (input.DurableExecutionName || input.TenantId) {
      throw invalid("Durable executions and tenants are not supported on this machine");
    }
    const { requestId } = call;
    if (type === "Event") {
      asyncInvocations.accept({ requestId, functionName: lambdaFunction.name, payload });
      return { ...done, StatusCode: 202 };
    }
    const clientContext = readClientContext(input.ClientContext);
    const answer = await run(lambdaFunction, { requestId, payload, clientContext });
    return {
      ...done,
      StatusCode: 200,
      FunctionError: answer.functionError,
      LogResult: input.LogType === "Tail" ? Buffer.from(answer.logTail).toString("base64") : undefined,
      Payload: answer.payload,
    };
  };
}

function readPayload(payload: Buffer | undefined, type: string): string {
  const maxBytes = MAX_PAYLOAD_BYTES[type];
  if (maxBytes === undefined) throw invalid(`InvocationType ${type} is not RequestResponse, Event or DryRun`);
  if (!payload?.length) return "{}";
  if (payload.length > maxBytes) {
    throw awsError(
      "RequestTooLargeException",
      413,
      `${payload.length} byte payload is too large for the ${type} invocation type (limit ${maxBytes} bytes)`,
      { Type: "User" },
    );
  }
  const text = payload.toString("utf8");
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw awsError(
      "InvalidRequestContentException",
      400,
      `Could not parse request body into json: ${(error as Error).message}`,
      { Type: "User" },
    );
  }
}

function readClientContext(base64: string | undefined): object | undefined {
  if (!base64) return undefined;
  try {
    return JSON.parse(Buffer.from(base64, "base64").toString("utf8")) as object;
  } catch {
    throw awsError("InvalidRequestContentException", 400, "Client context is not JSON in base64");
  }
}
