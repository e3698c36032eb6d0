/** The part of the Amazon States Language that is run here: JSONata, with these states and fields. */

/** A JSON value whose strings may be `{% expressions %}`. */
export type Template = unknown;

/** A list of states with its entry: a machine, a branch of Parallel or the processor of Map. */
export interface StateList {
  StartAt: string;
  States: Record<string, State>;
}

/** A whole state machine. */
export interface Definition extends StateList {
  Comment?: string;
  Version?: string;
  QueryLanguage?: string;
  TimeoutSeconds?: number;
}

interface StateBase {
  Comment?: string;
  QueryLanguage?: string;
  Output?: Template;
}

/** What the states have that pass on to another. */
interface FlowState extends StateBase {
  Assign?: Record<string, Template>;
  Next?: string;
  End?: boolean;
}

/** What the states have that can fail for outer reasons. */
interface HandlingState extends FlowState {
  Retry?: Retrier[];
  Catch?: Catcher[];
}

export interface Retrier {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  MaxAttempts?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: "FULL" | "NONE";
}

export interface Catcher {
  ErrorEquals: string[];
  Next: string;
  Output?: Template;
  Assign?: Record<string, Template>;
}

export interface TaskState extends HandlingState {
  Type: "Task";
  Resource: string;
  Arguments?: Template;
  TimeoutSeconds?: Template;
}

export interface PassState extends FlowState {
  Type: "Pass";
}

export interface WaitState extends FlowState {
  Type: "Wait";
  Seconds?: Template;
  Timestamp?: Template;
}

export interface ChoiceRule {
  Condition: string;
  Next: string;
  Output?: Template;
  Assign?: Record<string, Template>;
}

export interface ChoiceState extends StateBase {
  Type: "Choice";
  Choices: ChoiceRule[];
  /** Output and Assign of the state itself belong to the default. */
  Default?: string;
  Assign?: Record<string, Template>;
}

export interface SucceedState extends StateBase {
  Type: "Succeed";
}

export interface FailState extends StateBase {
  Type: "Fail";
  Error?: Template;
  Cause?: Template;
}

export interface ParallelState extends HandlingState {
  Type: "Parallel";
  Arguments?: Template;
  Branches: StateList[];
}

export interface MapState extends HandlingState {
  Type: "Map";
  Items?: Template;
  ItemSelector?: Template;
  MaxConcurrency?: Template;
  ItemProcessor: StateList & { ProcessorConfig?: { Mode?: string } };
}

export type State =
  | TaskState
  | PassState
  | WaitState
  | ChoiceState
  | SucceedState
  | FailState
  | ParallelState
  | MapState;

const COMMON = ["Type", "Comment", "QueryLanguage"];
const FLOW = [...COMMON, "Output", "Assign", "Next", "End"];
const HANDLING = [...FLOW, "Retry", "Catch"];

/** The fields that each state may have. */
export const FIELDS: Record<State["Type"], string[]> = {
  Task: [...HANDLING, "Resource", "Arguments", "TimeoutSeconds"],
  Pass: FLOW,
  Wait: [...FLOW, "Seconds", "Timestamp"],
  Choice: [...COMMON, "Output", "Assign", "Choices", "Default"],
  Succeed: [...COMMON, "Output"],
  Fail: [...COMMON, "Error", "Cause"],
  Parallel: [...HANDLING, "Arguments", "Branches"],
  Map: [...HANDLING, "Items", "ItemSelector", "MaxConcurrency", "ItemProcessor"],
};

/** The lists of states inside a state. */
export function innerLists(state: State): StateList[] {
  if (state.Type === "Parallel") return state.Branches;
  return state.Type === "Map" ? [state.ItemProcessor] : [];
}
