/** What of a stack's state is looked at: https://www.pulumi.com/docs/iac/concepts/state-and-backends/. */
export interface StackState {
  resources?: StateResource[];
  pending_operations?: { type: string; resource: StateResource }[];
}

/** A resource in a stack's state. */
export interface StateResource {
  urn: string;
  type: string;
  parent?: string;
  /** What the provider was given, its physical name too; absent where that is nothing. */
  inputs?: Record<string, string>;
  outputs?: Record<string, unknown>;
}

/** The stack itself, whose outputs are the program's. */
export const rootOf = ({ resources = [] }: StackState): StateResource | undefined =>
  resources.find(({ type }) => type === "pulumi:pulumi:Stack");

/** Its outputs; none where the program never came to its end. */
export const outputsOf = (state: StackState): Record<string, unknown> => rootOf(state)?.outputs ?? {};

/**
 * The environment that an event's stack belongs to, where that is not the one which is meant: the stack whose outputs it
 * reads (`pulumi.StackReference`, `organization/project/stack`), which comes before anything that is made.
 */
export function otherBase({ resources = [] }: StackState, base: string): string | undefined {
  const reference = resources.find(({ type }) => type === "pulumi:pulumi:StackReference");
  const found = reference?.inputs?.name?.split("/").at(-1);
  return found === base ? undefined : found;
}

/** What an engine was making: when it died, whether that was made is not known. */
export const halfMadeIn = ({ pending_operations: pending = [] }: StackState): StateResource[] =>
  pending.filter(isCreating).map(({ resource }) => resource);

const isCreating = ({ type }: { type: string }) => type === "creating";

/**
 * A state that has what was half made as its own under these IDs, by URN, as if the provider had answered; the rest of it
 * is forgotten.
 */
export function adopting(state: StackState, ids: Map<string, string>): StackState {
  const { resources = [], pending_operations: pending = [] } = state;
  const adopted = halfMadeIn(state).flatMap((resource) => {
    const id = ids.get(resource.urn);
    return id ? [{ ...resource, id, outputs: resource.inputs }] : [];
  });
  return {
    ...state,
    resources: [...resources, ...adopted],
    pending_operations: pending.filter((operation) => !isCreating(operation)),
  };
}
