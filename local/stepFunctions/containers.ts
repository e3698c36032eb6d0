import type { MapState, ParallelState, StateList } from "./definition";
import { isStateError } from "./errors";
import { type Child, newFrame } from "./execution";
import { evaluateIn, type Line, record, variablesOf, wrongValue } from "./line";

/** Runs a line of states to the output of its last. */
type RunLine = (line: Line) => Promise<unknown>;

/** One attempt of a Parallel state: every branch at once; answers their outputs in order. */
export async function runParallel(line: Line, state: ParallelState, runLine: RunLine): Promise<unknown> {
  const { frame } = line;
  if (!frame.children) {
    const { Arguments = frame.input } = state;
    const input =
      state.Arguments === undefined ? frame.input : await evaluateIn(line, Arguments, "Arguments");
    record(line, "ParallelStateStarted");
    frame.children = state.Branches.map(({ StartAt }) => ({
      frame: newFrame(StartAt, input, frame.previousEventId),
    }));
  }
  const { children } = frame;
  return runChildren(line, "Parallel", children, children.length, async (child, index, signal) => {
    if (!child.frame) return;
    const list = state.Branches[index] as StateList;
    const outer = variablesOf(line);
    child.output = await runLine({ ...line, list, home: child, frame: child.frame, outer, signal });
    delete child.frame;
  });
}

/** One attempt of an inline Map state: the processor once per item; answers the outputs in the items' order. */
export async function runMap(line: Line, state: MapState, runLine: RunLine): Promise<unknown> {
  const { frame, context } = line;
  const { ItemProcessor: list, ItemSelector, MaxConcurrency = 0 } = state;
  const items = state.Items === undefined ? frame.input : await evaluateIn(line, state.Items, "Items");
  if (!Array.isArray(items)) throw wrongValue(line, "Items", items, "an array");
  const limit = await evaluateIn(line, MaxConcurrency, "MaxConcurrency");
  if (typeof limit !== "number" || !Number.isInteger(limit) || limit < 0) {
    throw wrongValue(line, "MaxConcurrency", limit, "a whole number from 0");
  }
  if (!frame.children) {
    record(line, "MapStateStarted", { mapStateStartedEventDetails: { length: items.length } });
    frame.children = items.map(() => ({}));
  }
  const startedEventId = frame.previousEventId;

  return runChildren(
    line,
    "Map",
    frame.children,
    limit || DEFAULT_CONCURRENCY,
    async (child, index, signal) => {
      if ("output" in child) return;
      const item = { Index: index, Value: items[index] as unknown };
      const details = { name: frame.state, index };
      if (!child.frame) {
        const input =
          ItemSelector === undefined
            ? item.Value
            : await evaluateIn({ ...line, item, signal }, ItemSelector, "ItemSelector");
        signal.throwIfAborted();
        const eventId = context.record(startedEventId, "MapIterationStarted", {
          mapIterationStartedEventDetails: details,
        });
        child.frame = newFrame(list.StartAt, input, eventId);
      }
      const outer = variablesOf(line);
      const iteration = { ...line, list, home: child, frame: child.frame, outer, item, signal };
      try {
        child.output = await runLine(iteration);
        delete child.frame;
        record(iteration, "MapIterationSucceeded", { mapIterationSucceededEventDetails: details });
      } catch (thrown) {
        if (isStateError(thrown)) {
          record(iteration, "MapIterationFailed", { mapIterationFailedEventDetails: details });
        }
        throw thrown;
      }
    },
  );
}

/** "Inline Map ... up to 40 concurrent iterations." */
const DEFAULT_CONCURRENCY = 40;

/** Runs the lines inside a state, at most `limit` at once; the first to fail ends the others. */
async function runChildren(
  line: Line,
  type: "Parallel" | "Map",
  children: Child[],
  limit: number,
  run: (child: Child, index: number, signal: AbortSignal) => Promise<void>,
): Promise<unknown[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([line.signal, failed.signal]);
  const waiting = children.entries();
  const work = async () => {
    for (const [index, child] of waiting) {
      await run(child, index, signal);
      // A line that has ended is not run again after a restart.
      line.context.checkpoint();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(limit, children.length) }, work));
  } catch (thrown) {
    failed.abort(new Error("Another line of the same state failed"));
    if (isStateError(thrown)) record(line, `${type}StateFailed`);
    throw thrown;
  }
  record(line, `${type}StateSucceeded`);
  return children.map(({ output }) => output);
}
