import { loadSettings } from "../../infra/settings";
import { runProgram } from "../support/program";
import { asConfig, pairwise, type Values } from "./configurations";
import type { Program } from "./rule";

/**
 * Runs the program with these settings. Pulumi takes a stack trace of every property of every resource, which is most of
 * the time of a run and is not looked at here.
 */
export async function programOf(values: Values): Promise<Program> {
  const config = asConfig(values);
  const { stackTraceLimit, prepareStackTrace } = Error;
  Object.assign(Error, { stackTraceLimit: 0, prepareStackTrace: String });
  const { resources } = await runProgram(config, { stack: "derby" }).finally(() =>
    Object.assign(Error, { stackTraceLimit, prepareStackTrace }),
  );
  return { settings: loadSettings(config, "lastframe"), resources: plain(resources) };
}

/** A copy as plain data, which can be changed; functions lose their code. */
export function plain<T>(resources: T): T {
  return JSON.parse(JSON.stringify(resources)) as T;
}

let every: Promise<Program[]> | undefined;

/** The programs of every two choices together, run once. */
export function everyProgram(): Promise<Program[]> {
  every ??= (async () => {
    const programs: Program[] = [];
    for (const values of pairwise) programs.push(await programOf(values));
    return programs;
  })();
  return every;
}
