import type { Fault, FaultKind, History } from "../history";
import { makeRandom, type Random } from "../random";
import type { Timeline } from "../timeline";

/** One invocation of a function: what it asks of services ends with it. */
export interface Worker {
  id: number;
  functionName: string;
  isDead: boolean;
  calls: number;
  /** Ends it, as a crash or a timeout does; its call under way is never answered. */
  kill(reason: string): void;
}

/** What happened, counted by name. */
export type Tally = Map<string, number>;

/** The way of every call to a service, on which faults strike. */
export interface Calls {
  /**
   * Calls a service for a worker. The act itself takes no time, so that it is atomic; what is in `mayFail` may strike.
   * @throws an error with a service's name
   */
  call<T>(worker: Worker, act: () => T, mayFail: readonly FaultKind[]): Promise<T>;
  /** A fault of this kind that strikes now, if one does. */
  strikes(kind: FaultKind): Fault | undefined;
  random: Random;
}

/** An error as a service's client throws it. */
export const serviceError = (name: string, message = name) => Object.assign(new Error(message), { name });

const never = new Promise<never>(() => undefined);

/** Makes the way of calls through a history's faults. */
export function makeCalls(history: History, timeline: Timeline, tally: Tally): Calls {
  const random = makeRandom(history.seed, "calls");
  const byKind = new Map<FaultKind, { fault: Fault; random: Random }[]>();
  for (const [index, fault] of history.faults.entries()) {
    const own = { fault, random: makeRandom(history.seed, `fault ${index}`) };
    byKind.set(fault.kind, [...(byKind.get(fault.kind) ?? []), own]);
  }

  function strikes(kind: FaultKind): Fault | undefined {
    const some = byKind.get(kind);
    if (!some) return undefined;
    const atMs = timeline.nowMs() - history.startMs;
    for (const { fault, random: own } of some) {
      if (atMs < fault.fromMs || atMs >= fault.toMs || !own.chance(fault.chance)) continue;
      tally.set(`fault ${kind}`, (tally.get(`fault ${kind}`) ?? 0) + 1);
      return fault;
    }
    return undefined;
  }

  async function call<T>(worker: Worker, act: () => T, mayFail: readonly FaultKind[]): Promise<T> {
    await timeline.sleep(random.whole(3, 40));
    if (worker.isDead) return never;
    worker.calls += 1;
    if (worker.calls > MAX_CALLS) {
      tally.set(UNBOUNDED, (tally.get(UNBOUNDED) ?? 0) + 1);
      return dies(worker);
    }
    if (strikes("crash")) return dies(worker);
    const stall = strikes("stall");
    const stallsBefore = stall && random.chance(0.5);
    if (stall && stallsBefore) await timeline.sleep(stall.delayMs);
    if (worker.isDead) return never;
    for (const kind of mayFail) {
      const name = ERRORS[kind];
      if (name && strikes(kind)) throw serviceError(name);
    }
    let answer = act();
    if (mayFail.includes("answerLostAndRetried") && strikes("answerLostAndRetried")) answer = act();
    if (stall && !stallsBefore) await timeline.sleep(stall.delayMs);
    if (worker.isDead) return never;
    if (strikes("answerLost")) throw serviceError("TimeoutError", "the answer was lost");
    return strikes("crash") ? dies(worker) : answer;
  }

  return { call, strikes, random };
}

/** More than any invocation has a reason to make. */
const MAX_CALLS = 10_000;

/** Counted where an invocation made more. */
export const UNBOUNDED = "calls without end";

/** What a service says when it fails so. */
const ERRORS: Partial<Record<FaultKind, string>> = {
  throttled: "ClientLimitExceededException",
  unavailable: "ServiceUnavailable",
  keyDisabled: "KMS.DisabledException",
};

function dies(worker: Worker): Promise<never> {
  worker.kill("crashed");
  return never;
}
