/**
 * Loads the Pulumi program anew, as a process that deploys does: it makes its resources while it is loaded, so one that
 * was loaded before makes none.
 * @returns what it exports
 */
export function loadFreshProgram(): Promise<Record<string, unknown>> {
  delete require.cache[require.resolve("../../index")];
  return import("../../index");
}
