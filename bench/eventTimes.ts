import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { LocalWorkspace, type PulumiFn } from "@pulumi/pulumi/automation";
import { type BaseEnvironment, readBase } from "../automation/event/baseEnvironment";
import { openEngine } from "../automation/event/engine";
import { eventProgram } from "../automation/event/eventProgram";
import { type EventRecord, stackOf } from "../automation/event/record";
import { getCli } from "../local/engine/cli";
import { engineEnvironment } from "../local/engine/environment";
import { runCommand } from "../tests/support/command";
import { loadFreshProgram } from "../tests/support/freshProgram";
import type { Bench, Figure } from "./figures";
import { median } from "./median";

const CAMERAS = 12;
const MAX_START_SECONDS = 15;
const MAX_STOP_SECONDS = 20;

/** Rounds, of tool and engine in turns. */
const ROUNDS = 3;

/** `lastframe event`, beside what the engine alone takes for the same program. */
export const eventTimes: Bench = {
  title: "A recording event",
  how: `\`lastframe event start\` of ${CAMERAS} cameras, and \`stop\` of an idle event without the time in which it drains, on a local cloud whose clock is fast, so that waits count little; beside the engine alone with the same program, in a process that has loaded it. Medians of ${ROUNDS} rounds in turns; work is what the command and all that it started took of the processors.`,
  measure,
};

/** What a command took. */
interface Took {
  seconds: number;
  /** Of processors: its own and that of what it started. */
  workSeconds: number;
}

async function measure(): Promise<Figure[]> {
  const cli = await getCli(console.log);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-bench-"));
  const cloud = await startCloud(path.join(folder, "cloud"));
  try {
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const target = { endpoint: cloud.url, region: "us-east-1", credentials };
    Object.assign(process.env, engineEnvironment({ dataDir: path.join(folder, "engine"), target }));
    process.env.PATH = `${path.dirname(cli.command)}${path.delimiter}${process.env.PATH}`;
    await deployBase(loadFreshProgram);
    // Loaded, and its functions serialized, as for whoever does nothing else.
    await engineAlone("warm-up", 1);

    const starts: Took[] = [];
    const stops: Took[] = [];
    const ups: number[] = [];
    const destroys: number[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      starts.push(await start(`derby-${round}`, folder));
      stops.push(await stop(`derby-${round}`));
      const { upSeconds, destroySeconds } = await engineAlone(`reference-${round}`, CAMERAS);
      ups.push(upSeconds);
      destroys.push(destroySeconds);
    }
    const of = (took: Took[], what: keyof Took) => median(took.map((one) => one[what]));
    return [
      { what: `start of ${CAMERAS} cameras, s`, found: of(starts, "seconds"), limit: MAX_START_SECONDS },
      { what: "the engine alone, s", found: median(ups) },
      { what: "start to engine alone", found: of(starts, "seconds") / median(ups) },
      { what: "work of start, s", found: of(starts, "workSeconds") },
      { what: "stop of an idle event, s", found: of(stops, "seconds"), limit: MAX_STOP_SECONDS },
      { what: "the engine alone, s", found: median(destroys) },
      { what: "stop to engine alone", found: of(stops, "seconds") / median(destroys) },
      { what: "work of stop, s", found: of(stops, "workSeconds") },
    ];
  } finally {
    await cloud.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const start = (name: string, folder: string): Promise<Took> =>
  tool(["start", name, "--cameras", String(CAMERAS), "--out", folder]);

/** Without the time from the first function that drains to the last. */
async function stop(name: string): Promise<Took> {
  let [beganMs, endedMs] = [0, 0];
  const took = await tool(["stop", name], ({ elapsedMs, text }) => {
    if (text.startsWith("devices may not write")) beganMs = elapsedMs;
    if (text.startsWith("comparing")) endedMs = elapsedMs;
  });
  return { ...took, seconds: took.seconds - (endedMs - beganMs) / 1000 };
}

/** The cloud in a process of its own, as for whoever uses it. */
async function startCloud(dataDir: string): Promise<{ url: string; close(): Promise<void> }> {
  const cloud = runCommand("local/main.ts", ["--port", "0", "--speed", "60", "--data", dataDir]);
  const [, url = ""] = await cloud.prints(/^ready (\S+)$/m);
  return {
    url,
    async close() {
      cloud.process.kill("SIGTERM");
      await cloud.ended;
    },
  };
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

/** The tool as `npm run event` runs it, under a shell that sums up what its children took. */
async function tool(
  args: string[],
  onProgress: (line: { elapsedMs: number; text: string }) => void = () => undefined,
): Promise<Took> {
  const event = path.join(__dirname, "..", "automation", "event.ts");
  const command = [process.execPath, "-r", "ts-node/register/transpile-only", event, ...args, "--json"];
  const beganMs = performance.now();
  const child = spawn("sh", ["-c", '"$@" >/dev/null; code=$?; times; exit $code', "sh", ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const seconds = (performance.now() - beganMs) / 1000;
  if (code !== 0) throw new Error(`event ${args[0]} ended with ${code}: ${printed.stderr}`);
  for (const line of printed.stderr.trim().split("\n").filter(Boolean)) onProgress(JSON.parse(line));
  // The second line is that of the children: user and system time, such as 0m1.250s.
  const times = [...(printed.stdout.trim().split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  return { seconds, workSeconds: times.reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0) };
}

/** The same program without the tool around it. */
async function engineAlone(
  name: string,
  cameras: number,
): Promise<{ upSeconds: number; destroySeconds: number }> {
  const engine = await openEngine();
  try {
    const base: BaseEnvironment = await readBase(engine, "dev");
    const record: EventRecord = {
      version: 1,
      id: `20260101-${name}`,
      base: "dev",
      streams: Array.from({ length: cameras }, (_, index) => ({
        camera: `camera-${index}`,
        name: `${name}-camera-${index}`,
      })),
      clipSeconds: 60,
      startedAt: "2026-01-01T00:00:00Z",
      endsAt: "2026-01-02T00:00:00Z",
      phase: "running",
    };
    const listener = { planned: () => undefined, done: () => undefined };
    const program = eventProgram(record, base);
    const stack = stackOf(record);
    const upSeconds = await seconds(() => engine.up(stack, base.region, program, { listener }));
    const destroySeconds = await seconds(() => engine.destroy(stack, { listener }));
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
