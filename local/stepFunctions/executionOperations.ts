import { randomUUID } from "node:crypto";
import { awsError } from "../core/errors";
import type { Call } from "../core/service";
import { MAX_DATA_BYTES } from "./errors";
import type { Execution } from "./execution";
import { type Executions, executionArn } from "./executions";
import { describeEvent } from "./history";
import { readName, refuseUnknown, validation } from "./input";
import {
  currentRevision,
  findMachine,
  machineNeed,
  type Revision,
  type StateMachines,
} from "./stateMachines";

const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

interface PageInput {
  maxResults?: number;
  nextToken?: string;
}

/** The operations that start, stop and describe executions. */
export function makeExecutionOperations(machines: StateMachines, executions: Executions) {
  const open = async (action: string, arn: string | undefined, call: Call): Promise<Execution> => {
    await call.authorize({ action: `states:${action}`, resource: arn ?? "*" });
    if (!arn || !/^arn:aws:states:[a-z0-9-]+:\d{12}:execution:[^:]+:[^:]+$/.test(arn)) {
      throw awsError("InvalidArn", 400, `Invalid Arn: '${arn}' is not the ARN of an execution`);
    }
    const found = executions.find(arn);
    if (found) return found;
    throw awsError("ExecutionDoesNotExist", 400, `Execution Does Not Exist: '${arn}'`);
  };

  return {
    async StartExecution(
      input: { stateMachineArn?: string; name?: string; input?: string; traceHeader?: string },
      call: Call,
    ) {
      await call.authorize(machineNeed(machines, "StartExecution", input.stateMachineArn ?? "*"));
      const machine = findMachine(machines, input.stateMachineArn);
      refuseUnknown(input, ["stateMachineArn", "name", "input", "traceHeader"]);
      const name = readName(input.name ?? randomUUID());
      const text = readExecutionInput(input.input ?? "{}");
      const arn = executionArn(machine, name);
      const existing = executions.find(arn);
      // The same request for what still runs is answered again; a name is free again 90 days after its end.
      if (existing && (existing.status !== "RUNNING" || existing.input !== text)) {
        throw awsError("ExecutionAlreadyExists", 400, `Execution Already Exists: '${arn}'`);
      }
      const { startMs } = existing ?? executions.start(machine, currentRevision(machine), name, text);
      return { executionArn: arn, startDate: new Date(startMs) };
    },

    async StopExecution(input: { executionArn?: string; error?: string; cause?: string }, call: Call) {
      const execution = await open("StopExecution", input.executionArn, call);
      executions.end(execution, { status: "ABORTED", error: input.error, cause: input.cause });
      return { stopDate: dateOf(execution.stopMs) };
    },

    async DescribeExecution(input: { executionArn?: string }, call: Call) {
      const execution = await open("DescribeExecution", input.executionArn, call);
      const { input: text, output, error, cause } = execution;
      return {
        ...summaryOf(execution),
        input: text,
        inputDetails: { included: true },
        ...(output === undefined ? {} : { output, outputDetails: { included: true } }),
        error,
        cause,
        redriveStatus: "NOT_REDRIVABLE",
        redriveStatusReason: "RedriveExecution is not supported on this machine",
      };
    },

    async DescribeStateMachineForExecution(input: { executionArn?: string }, call: Call) {
      const execution = await open("DescribeStateMachineForExecution", input.executionArn, call);
      const machine = findMachine(machines, execution.stateMachineArn);
      const ran = machine.revisions.find(({ revisionId }) => revisionId === execution.revisionId);
      const { updateMs, ...revision } = ran as Revision;
      return {
        stateMachineArn: machine.arn,
        name: machine.name,
        updateDate: new Date(updateMs),
        ...revision,
      };
    },

    async ListExecutions(input: PageInput & { stateMachineArn?: string; statusFilter?: string }, call: Call) {
      await call.authorize(machineNeed(machines, "ListExecutions", input.stateMachineArn ?? "*"));
      const machine = findMachine(machines, input.stateMachineArn);
      refuseUnknown(input, ["stateMachineArn", "statusFilter", "maxResults", "nextToken"]);
      const all = executions
        .of(machine.arn)
        .filter(({ status }) => !input.statusFilter || status === input.statusFilter)
        .sort((a, b) => b.startMs - a.startMs || (a.arn < b.arn ? -1 : 1));
      const { page, nextToken } = pageOf(all, input);
      return { executions: page.map(summaryOf), nextToken };
    },

    async GetExecutionHistory(
      input: PageInput & { executionArn?: string; reverseOrder?: boolean; includeExecutionData?: boolean },
      call: Call,
    ) {
      const execution = await open("GetExecutionHistory", input.executionArn, call);
      const events = executions.history(execution);
      const { page, nextToken } = pageOf(input.reverseOrder ? events.reverse() : events, input);
      const includeData = input.includeExecutionData ?? true;
      return { events: page.map((event) => describeEvent(event, includeData)), nextToken };
    },
  };
}

function readExecutionInput(input: string): string {
  if (Buffer.byteLength(input) > MAX_DATA_BYTES) {
    throw validation(
      `1 validation error detected: Value at 'input' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${MAX_DATA_BYTES}`,
    );
  }
  try {
    JSON.parse(input);
    return input;
  } catch (error) {
    const message = `Invalid State Machine Execution Input: '${(error as Error).message}'`;
    throw awsError("InvalidExecutionInput", 400, message);
  }
}

/** A page of a list; the token is where the next one begins. */
function pageOf<T>(all: T[], { maxResults, nextToken }: PageInput) {
  const from = nextToken === undefined ? 0 : Number(nextToken);
  if (!Number.isInteger(from) || from < 0 || (nextToken !== undefined && from > all.length)) {
    throw awsError("InvalidToken", 400, `Invalid Token: '${nextToken}'`);
  }
  if (maxResults !== undefined && !(maxResults >= 0 && maxResults <= MAX_PAGE)) {
    throw validation(`maxResults is ${maxResults}; write 0 to ${MAX_PAGE}`);
  }
  const to = from + (maxResults || DEFAULT_PAGE);
  return { page: all.slice(from, to), nextToken: to < all.length ? String(to) : undefined };
}

const dateOf = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms));

function summaryOf({ arn, stateMachineArn, name, status, startMs, stopMs }: Execution) {
  return {
    executionArn: arn,
    stateMachineArn,
    name,
    status,
    startDate: dateOf(startMs),
    stopDate: dateOf(stopMs),
    redriveCount: 0,
  };
}
