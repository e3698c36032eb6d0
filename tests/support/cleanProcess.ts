import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";

/** What a run cost its process. */
export interface Cost {
  /** From the call to its answer; loading the code is not in it. */
  durationMs: number;
  /** Time of all cores meanwhile: what does not depend on what else the machine does. */
  cpuMs: number;
  /** Most memory that was resident at any time, in millions of bytes. */
  peakMb: number;
  /** What the run resolved with. */
  answer: unknown;
}

/**
 * Times a call, and asks the system at the end for the peak of the whole process. Linux hands the peak of the process
 * that started it down in `ru_maxrss` (proc(5) has the process's own as VmHWM); elsewhere `ru_maxrss` is its own.
 */
const MEASURE = `
  (call) => {
    const ownPeakKib = () => {
      if (process.platform !== "linux") return process.resourceUsage().maxRSS;
      return Number(/VmHWM:\\s+(\\d+)/.exec(require("node:fs").readFileSync("/proc/self/status", "utf8"))[1]);
    };
    const startedMs = performance.now();
    const startedCpu = process.cpuUsage();
    return call().then((answer) => {
      const durationMs = performance.now() - startedMs;
      const { user, system } = process.cpuUsage(startedCpu);
      const cpuMs = (user + system) / 1000;
      const peakMb = ownPeakKib() * 1024 / 1e6;
      process.stdout.write(JSON.stringify({ durationMs, cpuMs, peakMb, answer }), () => process.exit(0));
    });
  }`;

/**
 * Runs JavaScript in a process that holds nothing else, with the modules of this project as Lambda's runtime has its
 * SDK. The script calls `measure(call)` with what is to be measured, and finds `args` in `process.argv[1]`.
 * @throws when the process ends without an answer, with what it printed
 */
export async function inCleanProcess(
  script: string,
  args: object,
  environment: Record<string, string>,
): Promise<Cost> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      "-e",
      `const measure = ${MEASURE}; const args = JSON.parse(process.argv[1]); ${script}`,
      JSON.stringify(args),
    ],
    { env: { NODE_PATH: path.join(__dirname, "..", "..", "node_modules"), ...environment } },
  );
  return JSON.parse(stdout) as Cost;
}
