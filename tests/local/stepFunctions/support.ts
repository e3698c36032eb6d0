import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import type { Clock } from "../../../local/core/clock";
import type { PublishEvent, WriteLog } from "../../../local/core/seams";
import { makeStepFunctions, type StepFunctions } from "../../../local/stepFunctions";
import { judgedCall } from "../../support/judgedCall";
import { OWNER, serveServices } from "../../support/localService";
import { makeManualClock } from "../../support/manualClock";

/** The role that test machines run as. */
export const ROLE = "arn:aws:iam::123456789012:role/recorder";

/** What a test's functions do: take a payload, answer one, or throw. */
export type TestFunction = (payload: unknown, call: number) => unknown;

/** Resource of a Task that invokes a function. */
export const INVOKE = "arn:aws:states:::lambda:invoke";

/** A Task state that invokes `name` with the state's input and passes on its payload. */
export const invokeState = (name: string, more: object = {}) => ({
  Type: "Task",
  Resource: INVOKE,
  Arguments: { FunctionName: name, Payload: "{% $states.input %}" },
  Output: "{% $states.result.Payload %}",
  ...more,
});

/** A function's failure as Lambda answers it. */
export const failure = (errorType: string, errorMessage = "it broke") =>
  Object.assign(new Error(errorMessage), { functionFailure: { errorType, errorMessage } });

/** Step Functions behind an endpoint on a clock that stands still, with functions that are plain callbacks. */
export async function serveStepFunctions(
  functions: Record<string, TestFunction> = {},
  {
    dataDir,
    clock = makeManualClock(),
  }: { dataDir?: string; clock?: ReturnType<typeof makeManualClock> } = {},
) {
  const invoked: { functionName: string; payload: unknown; roleArn?: string }[] = [];
  const published: Parameters<PublishEvent>[0][] = [];
  const logLines: Parameters<WriteLog>[0][] = [];
  let stepFunctions: StepFunctions | undefined;
  const services = await serveServices(
    (deps) => {
      stepFunctions = makeStepFunctions({
        ...deps,
        callAs: (who) =>
          judgedCall({
            caller: { ...OWNER, kind: "role", roleArn: "roleArn" in who ? who.roleArn : undefined },
          }),
        async invokeLambda({ functionName, payload, call }) {
          const event = JSON.parse(payload) as unknown;
          invoked.push({ functionName, payload: event, roleArn: call.caller.roleArn });
          try {
            const result = await (functions[functionName] as TestFunction)(event, invoked.length);
            return { payload: JSON.stringify(result ?? null), executedVersion: "$LATEST" };
          } catch (thrown) {
            const { functionFailure } = thrown as { functionFailure?: object };
            if (!functionFailure) throw thrown;
            return { payload: JSON.stringify(functionFailure), functionError: "Unhandled" };
          }
        },
        publishEvent: (event) => void published.push(event),
        writeLog: (entry) => void logLines.push(entry),
      });
      return [stepFunctions.http];
    },
    { clock: clock.clock as Clock, dataDir },
  );
  const served = stepFunctions as StepFunctions;
  const client = new SFNClient(services.clientConfig);

  /** Creates a machine of these states, `QueryLanguage` JSONata, and answers its ARN. */
  async function create(StartAt: string, States: object, more: object = {}) {
    const definition = JSON.stringify({ QueryLanguage: "JSONata", StartAt, States, ...more });
    const command = new CreateStateMachineCommand({ name: "machine", roleArn: ROLE, definition });
    return (await client.send(command)).stateMachineArn as string;
  }

  const describe = (executionArn: string) => client.send(new DescribeExecutionCommand({ executionArn }));

  /** Lets everything that waits for no time run: states and expressions take turns of the event loop. */
  async function rest() {
    for (let turn = 0; turn < 100; turn++) await clock.advance(0);
  }

  /** Lets time pass in small steps until the execution has ended or `limitMs` have passed. */
  async function settle(executionArn: string, limitMs = 0) {
    for (let passedMs = 0; ; passedMs += 1000) {
      await rest();
      const found = await describe(executionArn);
      if (found.status !== "RUNNING" || passedMs >= limitMs) return found;
      await clock.advance(1000);
    }
  }

  const begin = async (stateMachineArn: string, input: unknown = {}, name?: string) => {
    const request = { stateMachineArn, name, input: JSON.stringify(input) };
    return (await client.send(new StartExecutionCommand(request))).executionArn as string;
  };

  return {
    ...services,
    client,
    clock,
    invoked,
    published,
    logLines,
    stepFunctions: served,
    create,
    begin,
    describe,
    settle,
    rest,
    /** Creates, starts and waits for the end; answers the parsed output with the description. */
    async run(StartAt: string, States: object, input: unknown = {}, limitMs = 0, more: object = {}) {
      const executionArn = await begin(await create(StartAt, States, more), input);
      const ended = await settle(executionArn, limitMs);
      return { ...ended, executionArn, value: ended.output ? JSON.parse(ended.output) : undefined };
    },
    history: async (executionArn: string, more: Partial<GetExecutionHistoryCommand["input"]> = {}) =>
      (await client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000, ...more })))
        .events ?? [],
    /** Removes the machine, to make room for another definition under its name. */
    forget: () =>
      client.send(
        new DeleteStateMachineCommand({
          stateMachineArn: "arn:aws:states:us-east-1:123456789012:stateMachine:machine",
        }),
      ),
    async close() {
      client.destroy();
      served.close();
      await services.close();
    },
  };
}

export type ServedStepFunctions = Awaited<ReturnType<typeof serveStepFunctions>>;
