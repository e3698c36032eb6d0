import { createHash, randomUUID } from "node:crypto";
import jsonata from "jsonata";
import type { Template } from "./definition";
import { stateError } from "./errors";

/** What an expression can see. */
export interface Scope {
  /** `$states`: `input` and `context` always, `result` or `errorOutput` once there is one. */
  states: { input: unknown; context: object; result?: unknown; errorOutput?: object };
  /** The variables that Assign made, `$name` in expressions. */
  variables: Record<string, unknown>;
  /** What `$now()` and `$millis()` say. */
  nowMs: number;
}

/** The text between `{%` and `%}`, or nothing for a plain string. */
export function expressionOf(text: string): string | undefined {
  return /^\{%([\s\S]*)%\}$/.exec(text)?.[1]?.trim();
}

/** The complaint of the parser about an expression, or nothing. */
export function syntaxError(expression: string): string | undefined {
  try {
    jsonata(expression);
    return undefined;
  } catch (error) {
    return describe(error);
  }
}

/**
 * Evaluates every expression in a template.
 * @param location the field that holds it, such as `Arguments`
 * @throws States.QueryEvaluationError when an expression fails, or answers nothing or no JSON
 */
export async function evaluate(template: Template, scope: Scope, location: string): Promise<unknown> {
  if (typeof template === "string") {
    const expression = expressionOf(template);
    return expression === undefined ? template : evaluateExpression(expression, scope, location);
  }
  if (Array.isArray(template)) {
    return Promise.all(template.map((member, index) => evaluate(member, scope, `${location}[${index}]`)));
  }
  if (template === null || typeof template !== "object") return template;
  const entries = Object.entries(template).map(
    async ([key, member]): Promise<[string, unknown]> => [
      key,
      await evaluate(member, scope, `${location}/${key}`),
    ],
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function evaluateExpression(expression: string, scope: Scope, location: string): Promise<unknown> {
  const failed = (what: string) =>
    stateError(
      "States.QueryEvaluationError",
      `The JSONata expression '${expression}' specified for the field '${location}' ${what}`,
      location,
    );
  let value: unknown;
  try {
    value = await jsonata(expression).evaluate(undefined, {
      ...scope.variables,
      ...functionsAt(scope.nowMs),
      states: scope.states,
    });
  } catch (error) {
    throw failed(`threw an error during evaluation. ${describe(error)}`);
  }
  if (value === undefined) throw failed("returned nothing (undefined).");
  try {
    // The library marks its arrays; as JSON they are plain.
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    throw failed("returned a value that is not JSON, such as a function.");
  }
}

/** The library throws plain objects. */
function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ? `${code}: ${message}` : String(message ?? error);
}

const HASHES = ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/** The functions that Step Functions adds to JSONata or replaces ("JSONata functions provided by Step Functions"). */
function functionsAt(nowMs: number): Record<string, unknown> {
  return {
    partition(array: unknown[], size: number) {
      if (!Number.isInteger(size) || size < 1) throw new Error(`$partition needs a size from 1, not ${size}`);
      const count = Math.ceil(array.length / size);
      return Array.from({ length: count }, (_, index) => array.slice(index * size, (index + 1) * size));
    },
    range(start: number, end: number, step: number) {
      if (!step) throw new Error("$range needs a step other than 0");
      const count = Math.max(0, Math.floor((end - start) / step) + 1);
      return Array.from({ length: count }, (_, index) => start + index * step);
    },
    hash(value: unknown, algorithm: string) {
      if (!HASHES.includes(algorithm)) throw new Error(`$hash knows ${HASHES.join(", ")}, not ${algorithm}`);
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return createHash(algorithm.replace("-", "").toLowerCase()).update(text).digest("hex");
    },
    random(seed?: number) {
      if (seed === undefined) return Math.random();
      return createHash("sha256").update(String(seed)).digest().readUInt32BE() / 2 ** 32;
    },
    uuid: () => randomUUID(),
    parse: (text: string) => JSON.parse(text) as unknown,
    now: (picture?: string, timezone?: string) =>
      jsonata("$fromMillis($at, $picture, $timezone)").evaluate(undefined, { at: nowMs, picture, timezone }),
    millis: () => nowMs,
    eval() {
      throw new Error("$eval is not supported by Step Functions");
    },
  };
}
