import * as fs from "node:fs";
import * as path from "node:path";
import { register } from "ts-node";
import { type Edit, MUTATIONS, type Mutation } from "./mutations";

const ROOT = path.join(__dirname, "..", "..");

/** @throws for a name that no mutation has */
export function mutationOf(name: string): Mutation {
  const mutation = MUTATIONS.find((one) => one.name === name);
  if (mutation) return mutation;
  throw new Error(`no mutation is called ${name}; there are ${MUTATIONS.map((one) => one.name).join(", ")}`);
}

/** The edits of a mutation. */
export const editsOf = (mutation: Mutation): Edit[] => [mutation, ...(mutation.and ? [mutation.and] : [])];

/** The text of a file with a fault in it. @throws when what is to be replaced is not there exactly once */
export function edited({ file, find, replace }: Edit): string {
  const parts = fs.readFileSync(path.join(ROOT, file), "utf8").split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`expected once in ${file}, found ${parts.length - 1} times: ${find}`);
}

/** Has this thread load the product with a fault in it. To be called before the product is loaded. */
export function loadMutated(name: string): void {
  const edits = editsOf(mutationOf(name));
  const service = register({ transpileOnly: true });
  const load = require.extensions[".ts"];
  require.extensions[".ts"] = (loaded, filename) => {
    const edit = edits.find(({ file }) => file === path.relative(ROOT, filename));
    if (!edit) return load?.(loaded, filename);
    const compiler = loaded as unknown as { _compile(code: string, filename: string): void };
    compiler._compile(service.compile(edited(edit), filename), filename);
  };
}
