import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { build } from "esbuild";
import { zipSync } from "fflate";
import { inCleanProcess } from "../tests/support/cleanProcess";
import { shippedFunction } from "../tests/support/shippedFunction";
import type { Bench } from "./figures";
import { median } from "./median";

const RUNS = 11;

/** Answers how long after its start a process has the handler. */
const START = `
  const { handler } = require(args.file);
  if (typeof handler !== "function") throw new Error(args.file + " exports no handler");
  const readyMs = performance.now();
  measure(async () => readyMs);`;

/** The archive function's start beside that of a bundle which brings its SDK along. */
export const coldStart: Bench = {
  title: "Cold start of the archive function",
  how: `From the start of the process to the handler, in milliseconds, medians of ${RUNS} runs: the archive as it ships, with the SDK of Lambda's runtime, beside an esbuild bundle of the same handler with the SDK in it.`,
  async measure() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-bench-"));
    try {
      const shipped = await shippedFunction("recorder-archive-clip", folder);
      const bundle = await bundled(folder);
      const times: Record<"shipped" | "bundle", number[]> = { shipped: [], bundle: [] };
      for (let run = 0; run < RUNS; run += 1) {
        times.shipped.push(await startMs(shipped.file, shipped.environment));
        times.bundle.push(await startMs(bundle, shipped.environment));
      }
      const [own, other] = [median(times.shipped), median(times.bundle)];
      return [
        { what: "archive as it ships, ms", found: Math.round(own) },
        { what: "bundle with its SDK, ms", found: Math.round(other) },
        { what: "ratio", found: own / other },
        { what: "archive as it ships, KB zipped", found: kilobytes(shipped.file), limit: 100 },
        { what: "bundle with its SDK, KB zipped", found: kilobytes(bundle) },
      ];
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function startMs(file: string, environment: Record<string, string>): Promise<number> {
  const cost = await inCleanProcess(START, { file }, { ...environment, AWS_REGION: "us-east-1" });
  return cost.answer as number;
}

/** The same handler, made by the same factory, in one file with everything that it needs. */
async function bundled(folder: string): Promise<string> {
  const outfile = path.join(folder, "bundle.js");
  const contents = 'import { archiveClip } from "./archiveClip"; export const handler = archiveClip();';
  await build({
    stdin: { contents, resolveDir: path.join(__dirname, "..", "handlers"), loader: "ts" },
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    outfile,
  });
  return outfile;
}

/** As Lambda counts what is uploaded: zipped. */
const kilobytes = (file: string) =>
  Math.round(zipSync({ [path.basename(file)]: fs.readFileSync(file) }).length / 1024);
