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
    .option("--write", "write all figures to docs/benchmarks.md")
    .allowExcessArguments(false)
    .parse();
  const chosen = program.args.length > 0 ? program.args : Object.keys(BENCHES);
  const { write: isWritten = false } = program.opts<{ write?: boolean }>();
  if (isWritten && program.args.length > 0) program.error("error: --write needs all figures: name no BENCH");

  const all: Findings[] = [];
  for (const name of chosen) {
    const bench = BENCHES[name];
    if (!bench) continue;
    const findings = { title: bench.title, how: bench.how, figures: await bench.measure() };
    all.push(findings);
    console.log(asMarkdown(findings));
  }
  if (isWritten) fs.writeFileSync(PAGE, page(all));
  process.exitCode = all.flatMap(({ figures }) => figures).every(isWithin) ? 0 : 1;
}

function page(all: Findings[]): string {
  const [cpu] = os.cpus();
  const machine = `${os.cpus().length} × ${cpu?.model.trim() || os.arch()}, Node ${process.versions.node}`;
  return `# Benchmarks

Made by \`npm run bench -- --write\` (${machine}). Whatever depends on the machine is also given as a ratio to a reference
that was measured in the same run, in turns with it.

${all.map(asMarkdown).join("\n")}`;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
