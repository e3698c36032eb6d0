import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { LocalWorkspace, type PulumiFn } from "@pulumi/pulumi/automation";
import { type BaseEnvironment, readBase } from "../automation/event/baseEnvironment";
import { openEngine } from "../automation/event/engine";
import { eventProgram } from "../automation/event/eventProgram";
import type { EventRecord } from "../automation/event/record";
import { startCloud } from "../local/cloud";
import { getCli } from "../local/engine/cli";
import { engineEnvironment } from "../local/engine/environment";

/**
 * `lastframe event` on the local cloud: how long `start` of twelve cameras takes and `stop` of an idle event, the wait for
 * connections excluded; beside what the engine alone takes for the same program in the same run. The cloud's clock is fast,
 * so that waits count little. Run with `node -r ts-node/register/transpile-only bench/eventTimes.ts`.
 */
const CAMERAS = 12;
const MAX_START_SECONDS = 15;
const MAX_STOP_SECONDS = 20;

async function main(): Promise<boolean> {
  const cli = await getCli(console.log);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-bench-"));
  const cloud = await startCloud({ dataDir: path.join(folder, "cloud"), speed: 60 });
  try {
    Object.assign(
      process.env,
      engineEnvironment({ dataDir: path.join(folder, "engine"), target: cloud.clientConfig }),
    );
    process.env.PATH = `${path.dirname(cli.command)}${path.delimiter}${process.env.PATH}`;
    await deployBase(() => import("../index"));

    const startSeconds = await seconds(() =>
      tool(["start", "derby", "--cameras", String(CAMERAS), "--out", folder]),
    );
    const stopSeconds = await seconds(() => tool(["stop", "derby"]));
    const engine = await engineAlone();
    return report([
      [`start of ${CAMERAS} cameras`, startSeconds, engine.upSeconds, MAX_START_SECONDS],
      ["stop of an idle event", stopSeconds, engine.destroySeconds, MAX_STOP_SECONDS],
    ]);
  } finally {
    await cloud.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function deployBase(program: PulumiFn): Promise<void> {
  const config = {
    "aws:region": "us-east-1",
    "lastframe:streams": JSON.stringify([{ name: "gate" }]),
  };
  const stack = await LocalWorkspace.createStack(
    { stackName: "dev", projectName: "lastframe", program },
    { stackSettings: { dev: { config } } },
  );
  await stack.up({ color: "never" });
  fs.rmSync(stack.workspace.workDir, { recursive: true });
}

/** The tool as a person runs it; packed, it starts without compiling. */
function tool(args: string[]): Promise<void> {
  const child: ChildProcess = spawn(
    process.execPath,
    ["-r", "ts-node/register/transpile-only", path.join(__dirname, "..", "automation", "event.ts"), ...args],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  return new Promise((resolve, reject) => {
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`event ${args[0]} ended with ${code}`)),
    );
  });
}

/** The same program without the tool around it. */
async function engineAlone(): Promise<{ upSeconds: number; destroySeconds: number }> {
  const engine = await openEngine();
  try {
    const base: BaseEnvironment = await readBase(engine, "dev");
    const record: EventRecord = {
      version: 1,
      id: "20260101-reference",
      base: "dev",
      streams: Array.from({ length: CAMERAS }, (_, index) => ({
        camera: `camera-${index}`,
        name: `reference-camera-${index}`,
      })),
      clipSeconds: 60,
      startedAt: "2026-01-01T00:00:00Z",
      endsAt: "2026-01-02T00:00:00Z",
      phase: "running",
    };
    const listener = { planned: () => undefined, done: () => undefined };
    const program = eventProgram(record, base);
    const upSeconds = await seconds(() => engine.up("event-reference", base.region, program, { listener }));
    const destroySeconds = await seconds(() => engine.destroy("event-reference", { listener }));
    return { upSeconds, destroySeconds };
  } finally {
    engine.close();
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return (performance.now() - beganMs) / 1000;
}

/** Prints each figure beside the engine's own and its limit; answers whether all are kept. */
function report(rows: [what: string, found: number, engine: number, limit: number][]): boolean {
  console.log("                              found    engine     ratio     limit");
  for (const [what, found, engine, limit] of rows) {
    const cells = [
      `${found.toFixed(1)} s`,
      `${engine.toFixed(1)} s`,
      (found / engine).toFixed(2),
      `${limit} s`,
    ];
    const mark = found > limit ? "   TOO LONG" : "";
    console.log(`${what.padEnd(26)}${cells.map((cell) => cell.padStart(10)).join("")}${mark}`);
  }
  return rows.every(([, found, , limit]) => found <= limit);
}

main().then(
  (isWithin) => process.exit(isWithin ? 0 : 1),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
