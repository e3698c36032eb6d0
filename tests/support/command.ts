import { type ChildProcess, spawn } from "node:child_process";
import * as path from "node:path";

const root = path.join(__dirname, "..", "..");

/** A command of this project, running in a process of its own. */
export interface RunningCommand {
  process: ChildProcess;
  /** Resolves with the first match in what the command has printed; rejects when it ends without one. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when the command has ended. */
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/**
 * Runs one of the TypeScript entry points as its npm script does, with more in its environment.
 * @param isGroup whether it and its children are a process group of their own, as they are in a terminal
 */
export function runCommand(
  entry: string,
  args: string[],
  environment: Record<string, string> = {},
  isGroup = false,
): RunningCommand {
  const child = spawn(process.execPath, ["-r", "ts-node/register/transpile-only", entry, ...args], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: isGroup,
  });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      printed[stream] += text;
    });
  }
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, ...printed }));
  });
  const prints = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(printed.stdout) ?? pattern.exec(printed.stderr);
        if (match) resolve(match);
      };
      child.stdout?.on("data", look);
      child.stderr?.on("data", look);
      look();
      void ended.then(({ stdout, stderr }) =>
        reject(new Error(`${entry} ended without ${pattern}: ${stdout}${stderr}`)),
      );
    });
  return { process: child, prints, ended };
}
