import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Argument, Command } from "commander";
import { BENCHES } from "./benches";
import { asMarkdown, type Findings, isWithin } from "./figures";

const PAGE = path.join(__dirname, "..", "docs", "benchmarks.md");

/** `npm run bench`: measures, prints what was found beside what is allowed, and ends with 1 if something is over it. */
async function main(): Promise<void> {
  const program = new Command("npm run bench --")
    .description(
      "Measures memory, requests and start-up of the archive function, and the program at its largest.",
    )
    .addArgument(new Argument("[BENCH...]", "which").choices(Object.keys(BENCHES)))
    .option("--write", "write what was found to docs/benchmarks.md")
    .allowExcessArguments(false)
    .parse();
  const chosen = program.args.length > 0 ? program.args : Object.keys(BENCHES);
  const { write: isWritten = false } = program.opts<{ write?: boolean }>();

  for (const name of chosen) {
    const bench = BENCHES[name];
    if (!bench) continue;
    const findings = { title: bench.title, how: bench.how, figures: await bench.measure() };
    console.log(asMarkdown(findings));
    if (isWritten) writePage(findings);
    if (!findings.figures.every(isWithin)) process.exitCode = 1;
  }
}

/** Puts what was found now into the page; the sections of the other benches stay as they are. */
function writePage(findings: Findings): void {
  const [cpu] = os.cpus();
  const machine = `${os.cpus().length} × ${cpu?.model.trim() || os.arch()}, Node ${process.versions.node}`;
  const kept = fs.existsSync(PAGE) ? fs.readFileSync(PAGE, "utf8").split(/^(?=## )/m) : [];
  const sections = Object.values(BENCHES).flatMap(({ title }) => {
    if (title === findings.title) return asMarkdown(findings);
    return (
      kept
        .find((section) => section.startsWith(`## ${title}\n`))
        ?.trimEnd()
        .concat("\n") ?? []
    );
  });
  const text = `# Benchmarks

Made by \`npm run bench -- --write\` (${machine}). Whatever depends on the machine is also given as a ratio to a reference
that was measured in the same run, in turns with it.

${sections.join("\n")}`;
  fs.writeFileSync(PAGE, text);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
