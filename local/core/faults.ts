import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { breakOff } from "./brokenBody";
import type { Clock } from "./clock";
import { awsError, connectionCut } from "./errors";
import { EFFECTS, type FaultRule, parseFaultScript } from "./faultRules";
import type { Call, CloudDeps, Operation } from "./service";

/** A call that a rule has struck. */
export interface Strike {
  atMs: number;
  service: string;
  action: string;
  callerArn: string;
  /** Position of the rule in its script, from 0. */
  rule: number;
  /** The rule's effect, such as `crash: after`. */
  effect: string;
}

/** Everything that goes wrong in a local cloud because somebody wants to see it go wrong. */
export interface Faults {
  /**
   * Puts a script in force in place of the one before; rules count calls from here on.
   * @throws an Error of one line when the script is not one, or names what this cloud has not
   */
  use(script: unknown): void;
  /** What the script in force struck, the oldest first. */
  readonly strikes: readonly Strike[];
  /** Lets every call of a service's operations pass through the rules. */
  guard: NonNullable<CloudDeps["guard"]>;
  /** Ends the waits of calls that are being delayed. */
  close(): void;
}

/** The processes of Lambda functions, told apart by the access key that each has of its own. */
export interface FunctionProcesses {
  runs(accessKeyId: string): boolean;
  /** Resolves when the process is gone. */
  kill(accessKeyId: string): Promise<void>;
}

/** How services say that they are called too often, where it is not ThrottlingException with 400 ("Common errors" of each API). */
const THROTTLES: Record<string, [code: string, status: number]> = {
  s3: ["SlowDown", 503],
  kinesisvideo: ["ClientLimitExceededException", 400],
  lambda: ["TooManyRequestsException", 429],
  monitoring: ["Throttling", 400],
  iam: ["Throttling", 400],
  sts: ["Throttling", 400],
  sqs: ["RequestThrottled", 400],
};

/** Makes the faults of a cloud: none, until a script is put in force. */
export function makeFaults(options: {
  clock: Clock;
  functions: FunctionProcesses;
  onStrike?: (strike: Strike) => void;
}): Faults {
  const { clock, functions, onStrike } = options;
  const actions = new Map<string, string[]>();
  const strikes: Strike[] = [];
  const closing = new AbortController();
  let seed = 0;
  let rules: (FaultRule & { position: number; seen: number; struck: number })[] = [];

  /** A number from 0 to 1 that is the same in every run with the same seed. */
  const draw = (...what: (string | number)[]) =>
    createHash("sha256")
      .update(JSON.stringify([seed, ...what]))
      .digest()
      .readUIntBE(0, 6) /
    2 ** 48;
  const drawFrom = (span: number | [number, number], ...what: (string | number)[]) => {
    const [min, max] = typeof span === "number" ? [span, span] : span;
    return min + (max - min) * draw(...what);
  };

  /** The first rule that strikes; each one that is asked counts the calls that it is about. */
  function struckBy(service: string, action: string, input: object, call: Call) {
    return rules.find((rule) => {
      if (!isAbout(rule, service, action, input, call)) return false;
      if (rule.crash && !functions.runs(call.accessKeyId ?? "")) return false;
      rule.seen += 1;
      const { calls, probability = 1, times = Number.POSITIVE_INFINITY, position, seen } = rule;
      const strikes =
        rule.struck < times && (calls?.includes(seen) ?? true) && draw(position, seen) < probability;
      if (strikes) rule.struck += 1;
      return strikes;
    });
  }

  async function perform(service: string, action: string, operation: Operation, input: object, call: Call) {
    const act = (changed = input, by = call) => operation(changed as never, by);
    const rule = struckBy(service, action, input, call);
    if (!rule) return act();
    const { position, seen, fail, throttle, delayMs, lagMs, crash, atByte = 0 } = rule;
    const strike = {
      atMs: clock.nowMs(),
      service,
      action,
      callerArn: call.caller.arn,
      rule: position,
      effect: effectOf(rule),
    };
    strikes.push(strike);
    onStrike?.(strike);

    if (fail) throw awsError(fail.code, fail.status, fail.message ?? "A fault that was asked for");
    if (throttle) throw awsError(...(THROTTLES[service] ?? ["ThrottlingException", 400]), "Rate exceeded");
    if (lagMs !== undefined)
      return act(input, { ...call, lagMs: (item) => drawFrom(lagMs, position, "lag", item) });
    if (delayMs !== undefined) {
      await clock.sleep(drawFrom(delayMs, position, seen, "delay"), closing.signal);
      return act();
    }

    const moment = crash ?? rule.cut;
    const end = async (): Promise<never> => {
      if (crash) await functions.kill(call.accessKeyId ?? "");
      throw connectionCut();
    };
    if (moment === "before") return end();
    if (moment === "during") return breakOff((await act(breakOff(input, atByte, end))) ?? {}, atByte, end);
    for (const part of Object.values((await act()) ?? {})) {
      // Nobody will read the answer's media.
      if (part instanceof Readable) part.destroy();
    }
    return end();
  }

  function check({ service, action }: FaultRule, at: string): void {
    const services = service === "*" ? [...actions.keys()] : [service];
    const known = services.map((name) => actions.get(name));
    if (known.includes(undefined))
      throw new Error(
        `${at}.service: there is no ${service} here; write one of ${[...actions.keys()].join(", ")}, or *`,
      );
    if (action !== "*" && !known.flat().includes(action))
      throw new Error(`${at}.action: ${service} has no ${action} here; write an action's name, or *`);
  }

  return {
    use(value) {
      const script = parseFaultScript(value);
      for (const [position, rule] of script.rules.entries()) check(rule, `faults.rules[${position}]`);
      seed = script.seed ?? 0;
      rules = script.rules.map((rule, position) => ({ ...rule, position, seen: 0, struck: 0 }));
      strikes.length = 0;
    },
    strikes,
    guard(service, operations) {
      actions.set(service, [...(actions.get(service) ?? []), ...Object.keys(operations)]);
      const guarded = Object.entries<Operation>(operations).map(
        ([action, operation]): [string, Operation] => [
          action,
          (input: object, call: Call) => perform(service, action, operation, input, call),
        ],
      );
      return Object.fromEntries(guarded) as typeof operations;
    },
    close: () => closing.abort(connectionCut()),
  };
}

function isAbout(rule: FaultRule, service: string, action: string, input: object, call: Call): boolean {
  const { where = {}, caller = "*" } = rule;
  const members = input as Record<string, unknown>;
  return (
    [service, "*"].includes(rule.service) &&
    [action, "*"].includes(rule.action) &&
    like(caller, call.caller.arn) &&
    Object.entries(where).every(([member, pattern]) =>
      [members[member]].flat().some((value) => value !== undefined && like(String(pattern), String(value))),
    )
  );
}

/** Whether a text fits a pattern in which `*` stands for any characters. */
function like(pattern: string, value: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(value);
}

function effectOf(rule: FaultRule): string {
  const name = EFFECTS.find((effect) => rule[effect] !== undefined);
  return name ? `${name}: ${JSON.stringify(rule[name])}` : "";
}
