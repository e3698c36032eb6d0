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
import type { Bench, Figure } from "./figures";

const CAMERAS = 12;
const MAX_START_SECONDS = 15;
const MAX_STOP_SECONDS = 20;

/** `lastframe event`, beside what the engine alone takes for the same program. */
export const eventTimes: Bench = {
  title: "A recording event",
  how: "`lastframe event start` of twelve cameras, and `stop` of an idle event, on a local cloud whose clock is fast, so that waits count little; beside the engine alone with the same program.",
  measure,
};

async function measure(): Promise<Figure[]> {
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
    return [
      { what: `start of ${CAMERAS} cameras, s`, found: startSeconds, limit: MAX_START_SECONDS },
      { what: "the engine alone, s", found: engine.upSeconds },
      { what: "stop of an idle event, s", found: stopSeconds, limit: MAX_STOP_SECONDS },
      { what: "the engine alone, s", found: engine.destroySeconds },
    ];
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
