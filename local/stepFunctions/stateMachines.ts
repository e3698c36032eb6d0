import { awsError } from "../core/errors";
import type { Need } from "../core/service";
import type { StoredDocument } from "../core/store";
import { resourceTagContext } from "../core/tagContext";
import type { LoggingConfiguration } from "./logging";

/** A state machine's settings at one time; executions run the revision they began with. */
export interface Revision {
  revisionId: string;
  /** The definition's text as it was given. */
  definition: string;
  roleArn: string;
  loggingConfiguration: LoggingConfiguration;
  tracingConfiguration: { enabled: boolean };
  updateMs: number;
}

/** A state machine as it is stored. */
export interface StateMachine {
  arn: string;
  name: string;
  creationMs: number;
  tags: Record<string, string>;
  /** Oldest first; the last is what new executions run. */
  revisions: Revision[];
}

/** All state machines by ARN. */
export type StateMachines = StoredDocument<Record<string, StateMachine>>;

/** The revision that new executions run. */
export const currentRevision = ({ revisions }: StateMachine) => revisions.at(-1) as Revision;

/** What a call to `action` on a state machine needs. */
export function machineNeed(machines: StateMachines, action: string, arn: string): Need {
  const context = resourceTagContext(machines.value[arn]?.tags);
  return { action: `states:${action}`, resource: arn, context };
}

/** Finds a state machine. @throws InvalidArn, StateMachineDoesNotExist */
export function findMachine(machines: StateMachines, arn: string | undefined): StateMachine {
  if (!arn || !/^arn:aws:states:[a-z0-9-]+:\d{12}:stateMachine:[^:]+$/.test(arn)) {
    throw awsError("InvalidArn", 400, `Invalid Arn: '${arn}' is not the ARN of a state machine`);
  }
  const found = machines.value[arn];
  if (found) return found;
  throw awsError("StateMachineDoesNotExist", 400, `State Machine Does Not Exist: '${arn}'`);
}
