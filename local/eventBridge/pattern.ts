import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** Decides on the value at one field; `present` is false where the event has no such field. */
type Matcher = (value: Json | undefined) => boolean;

/** Whether an event matches a pattern. */
export type EventMatcher = (event: object) => boolean;

/**
 * Reads an event pattern ("Creating Amazon EventBridge event patterns"): every named field must match one of its list.
 * Understands exact values, nesting, `prefix`, `suffix`, `equals-ignore-case`, `wildcard`, `anything-but`, `numeric`,
 * `exists` and `$or`.
 * @throws InvalidEventPatternException, naming the field and what is wrong with it
 */
export function readPattern(text: string): EventMatcher {
  const pattern = parse(text);
  if (!isObject(pattern)) throw invalid("Filter is not an object");
  const matches = readFields(pattern, "");
  return (event) => matches(event as JsonObject);
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

const invalid = (reason: string) =>
  awsError("InvalidEventPatternException", 400, `Event pattern is not valid. Reason: ${reason}`);

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A pattern's object: all of its fields must match, and one alternative of each `$or`. */
function readFields(pattern: JsonObject, path: string): Matcher {
  if (Object.keys(pattern).length === 0) throw invalid(`Empty objects are not allowed at '${path || "$"}'`);
  const fields = Object.entries(pattern).map(([name, rule]): Matcher => {
    const at = path ? `${path}.${name}` : name;
    if (name === "$or" && Array.isArray(rule) && rule.length > 1 && rule.every(isObject)) {
      const alternatives = rule.map((alternative) => readFields(alternative, path));
      return (value) => alternatives.some((matches) => matches(value));
    }
    const matches = isObject(rule) ? readFields(rule, at) : readChoices(rule, at);
    return (value) => matches(isObject(value) ? entryOf(value, name) : undefined);
  });
  const all: Matcher = (value) => fields.every((matches) => matches(value));
  // In a list of objects, one of them must match as a whole.
  return (value) => (Array.isArray(value) && value.length > 0 ? value.some(all) : all(value));
}

/** A field's list: one of its entries must match the value, or one of the values if the event has a list. */
function readChoices(rule: Json, path: string): Matcher {
  if (!Array.isArray(rule)) throw invalid(`'${path}' must be an object or an array`);
  if (rule.length === 0) throw invalid(`Empty arrays are not allowed at '${path}'`);
  const choices = rule.map((choice) => readChoice(choice, path));
  return (value) => choices.some((matches) => matches(value));
}

function readChoice(choice: Json, path: string): Matcher {
  if (Array.isArray(choice)) throw invalid(`'${path}' has an array within its array`);
  if (!isObject(choice)) return ofAny((value) => value === choice);
  const [[name, rule] = ["", null], ...others] = Object.entries(choice);
  if (others.length > 0) throw invalid(`Only one key allowed in match expression at '${path}'`);
  if (name === "exists") {
    if (typeof rule !== "boolean")
      throw invalid(`exists match pattern must be either true or false at '${path}'`);
    // Only leaves exist, to EventBridge; an empty list has none.
    return (value) => (value !== undefined && !isObject(value) && !isEmptyList(value)) === rule;
  }
  if (name === "anything-but") return ofAny(readAnythingBut(rule, path));
  return ofAny(readComparison(name, rule, path));
}

const isEmptyList = (value: Json) => Array.isArray(value) && value.length === 0;

/** Lets a test of one value decide on a list as well; an absent field never matches. */
function ofAny(test: (value: Json) => boolean): Matcher {
  return (value) => {
    if (value === undefined) return false;
    return Array.isArray(value) ? value.some(test) : test(value);
  };
}

function readComparison(name: string, rule: Json, path: string): (value: Json) => boolean {
  if (name === "numeric") return readNumeric(rule, path);
  const ofText = (test: (text: string) => boolean) => (value: Json) =>
    typeof value === "string" && test(value);
  if ((name === "prefix" || name === "suffix") && isObject(rule)) {
    const { "equals-ignore-case": folded, ...others } = rule;
    const edge = textOf(folded, name, path).toLowerCase();
    if (Object.keys(others).length > 0) throw invalid(`Unrecognized ${name} expression at '${path}'`);
    return ofText((text) =>
      name === "prefix" ? text.toLowerCase().startsWith(edge) : text.toLowerCase().endsWith(edge),
    );
  }
  switch (name) {
    case "prefix": {
      const prefix = textOf(rule, name, path);
      return ofText((text) => text.startsWith(prefix));
    }
    case "suffix": {
      const suffix = textOf(rule, name, path);
      return ofText((text) => text.endsWith(suffix));
    }
    case "equals-ignore-case": {
      const folded = textOf(rule, name, path).toLowerCase();
      return ofText((text) => text.toLowerCase() === folded);
    }
    case "wildcard": {
      const expression = wildcard(textOf(rule, name, path), path);
      return ofText((text) => expression.test(text));
    }
    default:
      throw invalid(`Unrecognized match type ${name} at '${path}'`);
  }
}

function readAnythingBut(rule: Json, path: string): (value: Json) => boolean {
  if (isObject(rule)) {
    const [[name, operand] = ["", null], ...others] = Object.entries(rule);
    if (others.length > 0 || name === "numeric") {
      throw invalid(`Unsupported anything-but pattern at '${path}'`);
    }
    const operands = Array.isArray(operand) ? operand : [operand];
    const excluded = operands.map((one) => readComparison(name, one, path));
    return (value) => !excluded.some((matches) => matches(value));
  }
  const excluded = Array.isArray(rule) ? rule : [rule];
  if (excluded.length === 0 || excluded.some((one) => typeof one !== "string" && typeof one !== "number")) {
    throw invalid(`Inside anything-but list, only strings or numbers are allowed at '${path}'`);
  }
  return (value) => !excluded.includes(value);
}

const COMPARE: Record<string, (value: number, bound: number) => boolean> = {
  "=": (value, bound) => value === bound,
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  ">": (value, bound) => value > bound,
  ">=": (value, bound) => value >= bound,
};

/** `["=", 5]`, `["<", 10]` or a range such as `[">", 0, "<=", 10]`. */
function readNumeric(rule: Json, path: string): (value: Json) => boolean {
  if (!Array.isArray(rule) || (rule.length !== 2 && rule.length !== 4)) {
    throw invalid(`Value of numeric must be an array of one or two comparisons at '${path}'`);
  }
  const bounds: ((value: number) => boolean)[] = [];
  for (let index = 0; index < rule.length; index += 2) {
    const compare = COMPARE[String(rule[index])];
    const bound = rule[index + 1];
    if (!compare) throw invalid(`Unrecognized numeric range operator: ${rule[index]} at '${path}'`);
    if (typeof bound !== "number") throw invalid(`Value of ${rule[index]} must be numeric at '${path}'`);
    bounds.push((value) => compare(value, bound));
  }
  return (value) => typeof value === "number" && bounds.every((holds) => holds(value));
}

function textOf(rule: Json | undefined, name: string, path: string): string {
  if (typeof rule !== "string") throw invalid(`${name} match pattern must be a string at '${path}'`);
  return rule;
}

/** A wildcard as an expression: `*` is any run of characters, `\*` an asterisk. */
function wildcard(rule: string, path: string): RegExp {
  const parts = rule.match(/\\[\\*]|./gs) ?? [];
  if (parts.some((part, index) => part === "*" && parts[index + 1] === "*")) {
    throw invalid(`Consecutive wildcard characters at '${path}'`);
  }
  const source = parts.map((part) => {
    if (part === "*") return ".*";
    return (part.length === 2 ? part.slice(1) : part).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  return new RegExp(`^${source.join("")}$`, "s");
}
