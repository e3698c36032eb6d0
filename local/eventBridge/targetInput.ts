import type { InputTransformer, Target } from "@aws-sdk/client-eventbridge";
import { awsError } from "../core/errors";
import { type BusEvent, isoSeconds } from "./event";

/** What a rule adds to the event that its targets' templates can name. */
export interface InputContext {
  ruleArn: string;
  ruleName: string;
  ingestedMs: number;
}

const invalid = (message: string) => awsError("ValidationException", 400, message);

/**
 * Checks that a target's input can be made, before any event comes.
 * @throws ValidationException
 */
export function checkTargetInput({ Id, Input, InputPath, InputTransformer }: Target): void {
  if ([Input, InputPath, InputTransformer].filter((one) => one !== undefined).length > 1) {
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`);
  }
  if (Input !== undefined) {
    try {
      JSON.parse(Input);
    } catch (error) {
      throw invalid(`JSON syntax error in input for target ${Id}: ${(error as Error).message}`);
    }
  }
  for (const path of [InputPath ?? "$", ...Object.values(InputTransformer?.InputPathsMap ?? {})])
    readPath(path);
  const template = InputTransformer?.InputTemplate;
  for (const [, name = ""] of template?.matchAll(PLACEHOLDER) ?? []) {
    if (name.startsWith("aws.events.") || name in (InputTransformer?.InputPathsMap ?? {})) continue;
    throw invalid(`Invalid InputTemplate for target ${Id} : <${name}> is not in InputPathsMap`);
  }
}

/** The text that a target gets for an event. */
export function targetInput(target: Target, event: BusEvent, context: InputContext): string {
  if (target.Input !== undefined) return target.Input;
  if (target.InputPath !== undefined) return JSON.stringify(follow(event, target.InputPath) ?? null);
  if (target.InputTransformer) return transform(target.InputTransformer, event, context);
  return JSON.stringify(event);
}

const PLACEHOLDER = /<([\w.-]+)>/g;

/**
 * Fills a template. A placeholder inside a string takes the value's text; elsewhere the value as JSON. A path that leads
 * nowhere gives an empty text.
 */
function transform(transformer: InputTransformer, event: BusEvent, context: InputContext): string {
  const values: Record<string, unknown> = {
    "aws.events.rule-arn": context.ruleArn,
    "aws.events.rule-name": context.ruleName,
    "aws.events.event.ingestion-time": isoSeconds(context.ingestedMs),
    "aws.events.event": event,
    "aws.events.event.json": event,
  };
  for (const [name, path] of Object.entries(transformer.InputPathsMap ?? {}))
    values[name] = follow(event, path);
  const template = transformer.InputTemplate ?? "";
  return template.replace(PLACEHOLDER, (_, name: string, offset: number) => {
    const value = values[name] ?? "";
    if (!isInString(template, offset)) return JSON.stringify(value);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return JSON.stringify(text).slice(1, -1);
  });
}

/** Whether `offset` is within a JSON string of the template. */
function isInString(template: string, offset: number): boolean {
  const quotes = template.slice(0, offset).replace(/\\./gs, "").match(/"/g);
  return (quotes?.length ?? 0) % 2 === 1;
}

/** The steps of `$.detail.items[0]['a-b']`. */
function readPath(path: string): (string | number)[] {
  if (!/^\$(\.[^.[\]]+|\[\d+\]|\['[^']*'\]|\["[^"]*"\])*$/.test(path)) {
    throw invalid(
      `Invalid InputPath ${path}: write member names and indexes only, such as $.detail.items[0]`,
    );
  }
  const steps = path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[['"]([^'"]*)['"]\]/g);
  return [...steps].map(([, member, index, quoted]) =>
    index === undefined ? (member ?? quoted ?? "") : Number(index),
  );
}

function follow(event: BusEvent, path: string): unknown {
  return readPath(path).reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    event,
  );
}
