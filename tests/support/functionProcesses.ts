import { execFileSync } from "node:child_process";

/** Kills every process that runs a function of a cloud in this process; answers how many. */
export function killFunction(functionName: string): number {
  const lines = execFileSync("ps", ["-axww", "-o", "ppid=,pid=,command="], { encoding: "utf8" }).split("\n");
  const pids = lines
    // Each of the cloud's sandboxes carries its function's name.
    .filter((line) => line.includes(`bootstrap.js ${functionName}`))
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([parent]) => parent === process.pid)
    .map(([, pid]) => Number(pid));
  for (const pid of pids) process.kill(pid, "SIGKILL");
  return pids.length;
}
