import * as fs from "node:fs";
import * as path from "node:path";

/** What `docs/security.md` says in tables: the rules read there what is excepted, so that the page cannot lag behind. */

const page = fs.readFileSync(path.join(__dirname, "..", "..", "docs", "security.md"), "utf8");

/** A wildcard in a role's policy, with its reason. */
export interface ExplainedWildcard {
  actions: string[];
  /** The ARN without partition, Region and account; CAPITALS stand for a name. */
  resource: string;
  why: string;
}

/** The rules that are not applied, each with its reason. */
export const notApplied: { ids: string[]; why: string }[] = rows("Rules that are not applied").map(
  ([ids = "", why = ""]) => ({ ids: codes(ids), why }),
);

/** The wildcards in roles' policies. */
export const explainedWildcards: ExplainedWildcard[] = rows("Wildcards").map(
  ([actions = "", resource = "", why = ""]) => ({
    actions: codes(actions),
    resource: codes(resource)[0] ?? "",
    why,
  }),
);

/** The actions of the deployer's policy that the local provider does not call, and AWS's own does. */
export const inferredActions: string[] = rows("What deploying takes").flatMap(([actions = ""]) =>
  codes(actions),
);

/** The actions that roles are allowed for AWS itself, which no test can see called. */
export const actionsOfAws: string[] = rows("What AWS does in a role's name").flatMap(([actions = ""]) =>
  codes(actions),
);

/** The cells of the table under a heading. */
function rows(heading: string): string[][] {
  const [, section] = page.split(new RegExp(`^#+ ${heading}$`, "m"));
  if (!section) throw new Error(`docs/security.md has no heading "${heading}"`);
  const lines = (section.split(/^#/m)[0] ?? "").split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}
