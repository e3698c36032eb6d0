import type { z } from "zod";

/** What is wrong with a setting: where it is, what was found there, and what to write instead. */
export interface Problem {
  path: PropertyKey[];
  /** Such as `is 5` or `is missing`. */
  found: string;
  advice: string;
}

/** Such as `[lastframe:streams[0].clipSeconds] is 5; write a whole number from 10 to 900`. */
export function sentence(project: string, { path, found, advice }: Problem): string {
  const at = path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .slice(1);
  return `[${project}:${at}] ${found}; ${advice}`;
}

/** What was found: `is missing`, or `is` and the value as JSON, or how long it is where nobody would read it. */
export function foundValue(value: unknown): string {
  if (Array.isArray(value) && value.length > 100) return `has ${value.length} entries`;
  return value === undefined ? "is missing" : `is ${JSON.stringify(value)}`;
}

/**
 * Reads an object key by key, so that all that is wrong with it is found in one go.
 * @returns the values of the keys that are right, with defaults filled in, and what is wrong with the others
 */
export function readKeys<T extends z.core.$ZodLooseShape>(
  shape: T,
  raw: Record<string, unknown>,
  path: PropertyKey[] = [],
): { values: Partial<z.infer<z.ZodObject<T>>>; problems: Problem[] } {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = Object.keys(raw)
    .filter((key) => !Object.hasOwn(shape, key))
    .map((key) => ({
      path: [...path, key],
      found: "is not a setting",
      advice: `the settings here are ${Object.keys(shape).join(", ")}`,
    }));
  for (const [key, schema] of Object.entries(shape)) {
    const { data, error } = (schema as z.ZodType).safeParse(raw[key]);
    if (error) problems.push(...error.issues.map((issue) => problemOf(issue, [...path, key], raw[key])));
    else if (data !== undefined) values[key] = data;
  }
  return { values: values as Partial<z.infer<z.ZodObject<T>>>, problems };
}

function problemOf(issue: z.core.$ZodIssue, path: PropertyKey[], value: unknown): Problem {
  const found = issue.path.reduce<unknown>(
    (node, step) => (node as Record<PropertyKey, unknown> | undefined)?.[step],
    value,
  );
  return { path: [...path, ...issue.path], found: foundValue(found), advice: issue.message };
}
