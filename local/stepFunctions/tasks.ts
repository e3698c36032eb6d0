import { isConnectionCut } from "../core/errors";
import { toAwsError } from "../core/protocols";
import type { CallAs } from "../core/seams";
import type { Call } from "../core/service";
import { limitData, stateError } from "./errors";

/** Invokes a function for a caller inside the cloud and waits for its answer. */
export type InvokeLambda = (request: { functionName: string; payload: string; call: Call }) => Promise<{
  payload: string;
  functionError?: string;
  executedVersion?: string;
}>;

/** Starts an execution for a caller inside the cloud. */
export type StartExecution = (
  input: { stateMachineArn: string; name?: string; input?: string },
  call: Call,
) => Promise<{ executionArn: string; startDate: Date }>;

/** The session of its role that a state machine makes a task's calls in. */
export interface TaskSession {
  roleArn: string;
  sessionName: string;
  /** The state machine. */
  sourceArn: string;
}

/** A service integration: a Resource of Task states. */
export interface Integration {
  resourceType: string;
  resource: string;
  /** The members that Arguments may have, and those it must. */
  members: string[];
  required: string[];
  /** Does the task as the state machine's role. @throws StateError with AWS's name of the failure */
  perform(input: Record<string, unknown>, session: TaskSession): Promise<unknown>;
}

/** The integrations by their Resource. */
export type Integrations = Record<string, Integration>;

/** Makes the service integrations that are offered here, all of the request-response pattern. */
export function makeIntegrations(options: {
  callAs: CallAs;
  invokeLambda: InvokeLambda;
  startExecution: StartExecution;
}): Integrations {
  const { callAs, invokeLambda, startExecution } = options;
  const callIn = (session: TaskSession) => callAs({ ...session, servicePrincipal: "states.amazonaws.com" });
  return {
    "arn:aws:states:::lambda:invoke": {
      resourceType: "lambda",
      resource: "invoke",
      members: ["FunctionName", "Payload"],
      required: ["FunctionName"],
      async perform({ FunctionName, Payload = {} }, session) {
        const answer = await invokeLambda({
          functionName: String(FunctionName),
          payload: JSON.stringify(Payload),
          call: callIn(session),
        }).catch((thrown: unknown) => {
          throw serviceError("Lambda", thrown);
        });
        if (answer.functionError) throw functionFailure(answer.payload);
        const result = {
          ExecutedVersion: answer.executedVersion ?? "$LATEST",
          Payload: JSON.parse(answer.payload) as unknown,
          StatusCode: 200,
        };
        return limitData(result, `The state/task '${String(FunctionName)}'`);
      },
    },
    "arn:aws:states:::states:startExecution": {
      resourceType: "states",
      resource: "startExecution",
      members: ["StateMachineArn", "Name", "Input"],
      required: ["StateMachineArn"],
      async perform({ StateMachineArn, Name, Input = {} }, session) {
        const request = {
          stateMachineArn: String(StateMachineArn),
          name: Name === undefined ? undefined : String(Name),
          input: typeof Input === "string" ? Input : JSON.stringify(Input),
        };
        const started = await startExecution(request, callIn(session)).catch((thrown: unknown) => {
          throw serviceError("StepFunctions", thrown);
        });
        return { ExecutionArn: started.executionArn, StartDate: started.startDate.toISOString() };
      },
    },
  };
}

/** The error of a function that failed: its errorType, or Lambda.Unknown where the payload names none. */
function functionFailure(payload: string) {
  const { errorType } = JSON.parse(payload) as { errorType?: string };
  if (errorType) return stateError(errorType, payload);
  return stateError(
    "Lambda.Unknown",
    `The cause could not be determined because Lambda did not return an error type. Returned payload: ${payload}`,
  );
}

/** What Step Functions calls the refusal of a service: `Lambda.TooManyRequestsException`. */
function serviceError(prefix: "Lambda" | "StepFunctions", thrown: unknown) {
  const { code, message, statusCode } = toAwsError(thrown);
  // Nobody answered, which is for the client inside Step Functions to tell.
  if (isConnectionCut(thrown)) return stateError(`${prefix}.SdkClientException`, message);
  const cause = `${message} (Service: ${prefix}, Status Code: ${statusCode})`;
  const general = `AWS${prefix}Exception`;
  if (statusCode >= 500) return stateError(`${prefix}.ServiceException`, cause);
  if (code.startsWith("AccessDenied")) return stateError(`${prefix}.${general}`, cause);
  // The names are those of the Java SDK, whose exceptions all end so.
  return stateError(`${prefix}.${code.endsWith("Exception") ? code : `${code}Exception`}`, cause);
}
