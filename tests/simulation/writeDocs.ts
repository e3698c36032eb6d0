import * as fs from "node:fs";
import * as path from "node:path";
import type { Kept } from "./awsSample";
import type { Compared } from "./comparison";
import type { Finding } from "./findMutations";

const PAGE = path.join(__dirname, "..", "..", "docs", "simulation.md");

/** Puts a table between its marks in `docs/simulation.md`. @throws where the page has no such marks */
export function writeSection(name: "comparison" | "deliberate faults", table: string): void {
  const text = fs.readFileSync(PAGE, "utf8");
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`${PAGE} has no marks ${begin} and ${end}`);
  fs.writeFileSync(PAGE, `${before}${begin}\n${table}\n${end}${after}`);
}

const COLUMNS = [
  "seconds lost: note",
  "the sample",
  "lastframe",
  "seconds twice: the sample",
  "lastframe",
  "dead workflows: the sample",
  "lastframe",
];

/** The comparison as a table; a range is that over the phases of the minute. */
export function comparisonTable(rows: Compared[]): string {
  const head = [`| session | ${COLUMNS.join(" | ")} |`, `|---|${COLUMNS.map(() => "---|").join("")}`];
  const lines = rows.map(({ title, expected = "", sample, ours, isSum }) => {
    const show = (kept: Kept[], of: (one: Kept) => number) =>
      isSum ? sum(kept.map(of)) : range(kept.map(of));
    const of: ((one: Kept) => number)[] = [
      ({ lostSeconds }) => lostSeconds,
      ({ copiedSeconds }) => copiedSeconds,
      ({ deadWorkflows }) => deadWorkflows,
    ];
    const cells = of.flatMap((one) => [show(sample, one), show(ours, one)]);
    return `| ${[title, expected, ...cells].join(" | ")} |`;
  });
  return [...head, ...lines].join("\n");
}

/** The deliberate faults as a table. */
export function mutationTable(findings: Finding[]): string {
  const lines = findings.map(
    ({ mutation, histories, violation }) =>
      `| ${mutation.name} | ${mutation.breaks} | ${histories ?? "not found"} | ${violation?.invariant ?? ""} |`,
  );
  return ["| fault | so that | histories | breaks |", "|---|---|---|---|", ...lines].join("\n");
}

const whole = (value: number) => Math.round(value).toLocaleString("en-US");

const sum = (values: number[]) => whole(values.reduce((total, value) => total + value, 0));

function range(values: number[]): string {
  const [least, most] = [whole(Math.min(...values)), whole(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
}
