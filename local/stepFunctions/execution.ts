/** How far one line of states has come: what a restart needs to go on. */
export interface Frame {
  state: string;
  /** The state's input. */
  input: unknown;
  /** What Assign made in this line; those of outer lines are read through their frames. */
  variables: Record<string, unknown>;
  /** The event that the next one of this line follows. */
  previousEventId: number;
  /** Set once the state was entered. */
  enteredMs?: number;
  /** The instant that a Wait state or a retry waits for. */
  dueMs?: number;
  /** Attempts that each retrier has made. */
  retries: number[];
  /** The lines inside a Parallel or Map state. */
  children?: Child[];
}

/** A branch of Parallel or an iteration of Map: to be started, under way with its frame, or finished with its output. */
export interface Child {
  frame?: Frame;
  output?: unknown;
}

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** An execution as it is stored. */
export interface Execution {
  arn: string;
  name: string;
  stateMachineArn: string;
  /** The revision of the machine it runs to its end. */
  revisionId: string;
  /** JSON texts, as the API carries them. */
  input: string;
  output?: string;
  status: ExecutionStatus;
  startMs: number;
  stopMs?: number;
  error?: string;
  cause?: string;
  /** Events written at the last checkpoint. */
  eventCount: number;
  /** While it runs. */
  frame?: Frame;
}

/** A frame about to enter `state`. */
export function newFrame(state: string, input: unknown, previousEventId: number): Frame {
  return { state, input, variables: {}, previousEventId, retries: [] };
}
