/** One thing that was measured. */
export interface Figure {
  /** What, and in which unit. */
  what: string;
  found: number;
  /** The most that is allowed; a figure without one stands there for comparison. */
  limit?: number;
}

/** A subject and how it is measured. */
export interface Bench {
  title: string;
  /** How, in one or two sentences. */
  how: string;
  measure(): Promise<Figure[]>;
}

/** What a bench found. */
export interface Findings extends Pick<Bench, "title" | "how"> {
  figures: Figure[];
}

/** Whether a figure keeps to its limit. */
export const isWithin = ({ found, limit = Number.POSITIVE_INFINITY }: Figure): boolean => found <= limit;

/** Findings as Markdown, which reads well on a terminal too. */
export function asMarkdown({ title, how, figures }: Findings): string {
  const rows = figures.map((figure) => {
    const { what, found, limit } = figure;
    return [what, isWithin(figure) ? number(found) : `${number(found)} TOO MUCH`, number(limit)];
  });
  const cells = [["", "found", "limit"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = ([what = "", ...rest]: string[]) =>
    `| ${[what.padEnd(widths[0] ?? 0), ...rest.map((cell, index) => cell.padStart(widths[index + 1] ?? 0))].join(" | ")} |`;
  const rule = `|${widths.map((width, column) => `${"-".repeat(width + 1)}${column === 0 ? "-" : ":"}`).join("|")}|`;
  const [head = [], ...body] = cells;
  return [`## ${title}`, "", how, "", line(head), rule, ...body.map(line), ""].join("\n");
}

const number = (value: number | undefined) =>
  value === undefined ? "" : value.toLocaleString("en-US", { maximumFractionDigits: 2 });
