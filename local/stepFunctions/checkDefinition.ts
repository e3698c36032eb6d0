import validateAsl from "asl-validator";
import { type Definition, FIELDS, innerLists, type State, type StateList } from "./definition";
import { expressionOf, syntaxError } from "./expressions";
import type { Integrations } from "./tasks";

/** A fault of a definition, as ValidateStateMachineDefinition tells it. */
export interface Diagnostic {
  severity: "ERROR";
  code: string;
  message: string;
  /** A JSON pointer into the definition. */
  location: string;
}

const MACHINE_FIELDS = ["Comment", "Version", "QueryLanguage", "StartAt", "States", "TimeoutSeconds"];
const LIST_FIELDS = ["Comment", "StartAt", "States", "ProcessorConfig"];

const fault = (location: string, message: string, code = "SCHEMA_VALIDATION_FAILED"): Diagnostic => ({
  severity: "ERROR",
  code,
  message,
  location,
});

/**
 * Reads a definition and says what is wrong with it: first what no Step Functions takes, then what is not supported on
 * this machine. Nothing is ignored: a definition without faults runs as written.
 */
export function checkDefinition(
  text: string,
  integrations: Integrations,
): { definition: Definition; faults: Diagnostic[] } {
  const definition = parse(text);
  if (!definition) {
    const message = "The definition is not a JSON object";
    return {
      definition: { StartAt: "", States: {} },
      faults: [fault("/", message, "INVALID_JSON_DESCRIPTION")],
    };
  }
  const { isValid, errors } = validateAsl(outline(definition) as object, {
    checkPaths: false,
    checkArn: true,
  });
  if (!isValid) return { definition, faults: errors.map(readValidatorError) };
  const faults = [
    ...unknownFields(definition, MACHINE_FIELDS, ""),
    ...checkList(definition, definition.QueryLanguage ?? "JSONPath", "", integrations),
  ];
  return { definition, faults };
}

function parse(text: string): Definition | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? (value as Definition) : undefined;
  } catch {
    return undefined;
  }
}

const TEMPLATES = ["Output", "Assign", "Arguments", "ItemSelector"];

/**
 * A copy of the definition for the validator, which takes only a part of what templates and expressions may hold (no
 * line breaks, no empty strings): they are left out here and checked below.
 */
function outline(value: unknown, byStateName = false): unknown {
  if (typeof value === "string") return expressionOf(value) === undefined ? value : "{% true %}";
  if (Array.isArray(value)) return value.map((member) => outline(member));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, member]) => {
    if (!byStateName && TEMPLATES.includes(key)) return [key, {}];
    return [key, outline(member, key === "States" && !byStateName)];
  });
  return Object.fromEntries(entries) as object;
}

/** The validator answers findings of its own and of its JSON schema. */
function readValidatorError(error: object): Diagnostic {
  const known = error as {
    "Error code"?: string;
    Message?: string;
    message?: string;
    instancePath?: string;
    schemaError?: { instancePath?: string };
  };
  const location = known.schemaError?.instancePath ?? known.instancePath ?? "/";
  return fault(location, known.Message ?? known.message ?? "invalid", known["Error code"]);
}

function unknownFields(value: object, fields: string[], location: string): Diagnostic[] {
  return Object.keys(value)
    .filter((name) => !fields.includes(name))
    .map((name) => fault(`${location}/${name}`, `${name} is not supported here; leave it out`));
}

function checkList(
  { States }: StateList,
  queryLanguage: string,
  location: string,
  integrations: Integrations,
): Diagnostic[] {
  return Object.entries(States).flatMap(([name, state]) =>
    checkState(state, state.QueryLanguage ?? queryLanguage, `${location}/States/${name}`, integrations),
  );
}

function checkState(
  state: State,
  queryLanguage: string,
  location: string,
  integrations: Integrations,
): Diagnostic[] {
  if (queryLanguage !== "JSONata") {
    return [fault(`${location}/QueryLanguage`, `${queryLanguage} is not supported here; use JSONata`)];
  }
  const listFaults = innerLists(state).flatMap((list, index) => {
    const listLocation = state.Type === "Map" ? `${location}/ItemProcessor` : `${location}/Branches/${index}`;
    return [
      ...unknownFields(list, LIST_FIELDS, listLocation),
      ...checkList(list, queryLanguage, listLocation, integrations),
    ];
  });
  return [
    ...unknownFields(state, FIELDS[state.Type], location),
    ...listFaults,
    ...(state.Type === "Task" ? checkTask(state, location, integrations) : []),
    ...(state.Type === "Map" ? checkMap(state, location) : []),
    ...("Retry" in state || "Catch" in state ? checkHandlers(state, location) : []),
    ...Object.entries(state)
      .filter(([field]) => field !== "Branches" && field !== "ItemProcessor" && field !== "Comment")
      .flatMap(([field, template]) => checkExpressions(template, `${location}/${field}`)),
  ];
}

function checkTask(
  state: State & { Type: "Task" },
  location: string,
  integrations: Integrations,
): Diagnostic[] {
  const integration = integrations[state.Resource];
  if (!integration) {
    const known = Object.keys(integrations).join(", ");
    return [fault(`${location}/Resource`, `${state.Resource} is not supported here; use one of ${known}`)];
  }
  const { Arguments } = state;
  if (typeof Arguments === "string") return [];
  const given = Object.keys((Arguments ?? {}) as object);
  return [
    ...given
      .filter((name) => !integration.members.includes(name))
      .map((name) => fault(`${location}/Arguments/${name}`, `The field "${name}" is not supported here`)),
    ...integration.required
      .filter((name) => !given.includes(name))
      .map((name) => fault(`${location}/Arguments`, `The field "${name}" is required but was missing`)),
  ];
}

function checkMap({ ItemProcessor }: State & { Type: "Map" }, location: string): Diagnostic[] {
  const mode = ItemProcessor.ProcessorConfig?.Mode ?? "INLINE";
  if (mode === "INLINE") return [];
  return [
    fault(`${location}/ItemProcessor/ProcessorConfig/Mode`, `${mode} is not supported here; use INLINE`),
  ];
}

/** States.ALL must stand alone, in the last retrier or catcher. */
function checkHandlers(
  state: { Retry?: { ErrorEquals: string[] }[]; Catch?: { ErrorEquals: string[] }[] },
  location: string,
): Diagnostic[] {
  return (["Retry", "Catch"] as const).flatMap((field) => {
    const handlers = state[field] ?? [];
    return handlers.flatMap(({ ErrorEquals }, index) => {
      if (!ErrorEquals.includes("States.ALL")) return [];
      if (ErrorEquals.length === 1 && index === handlers.length - 1) return [];
      return [fault(`${location}/${field}/${index}/ErrorEquals`, "States.ALL must appear alone, and last")];
    });
  });
}

function checkExpressions(template: unknown, location: string): Diagnostic[] {
  if (typeof template === "string") {
    const expression = expressionOf(template);
    if (expression === undefined) {
      if (!template.startsWith("{%")) return [];
      return [fault(location, "An expression begins with {% and must end with %}")];
    }
    const complaint = syntaxError(expression);
    return complaint ? [fault(location, `The JSONata expression does not parse. ${complaint}`)] : [];
  }
  if (template === null || typeof template !== "object") return [];
  return Object.entries(template).flatMap(([key, member]) => checkExpressions(member, `${location}/${key}`));
}
