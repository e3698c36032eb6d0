import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { S3 } from "@aws-sdk/client-s3";
import { LocalWorkspace, type OutputMap, type PulumiCommand, type PulumiFn } from "@pulumi/pulumi/automation";
import type { Manifest } from "../../../automation/event/manifest";
import type { EventRecord } from "../../../automation/event/record";
import { Alerts } from "../../../infra/alerts";
import { Archive } from "../../../infra/archive";
import { type Cloud, startCloud } from "../../../local/cloud";
import type { Strike } from "../../../local/core/faults";
import { getCli } from "../../../local/engine/cli";
import { engineEnvironment } from "../../../local/engine/environment";
import { type Camera, runCamera } from "../../../producer/camera";
import type { CameraEvent, CameraSummary } from "../../../producer/cameraEvents";
import { openFootage } from "../../../producer/footage";
import { type RunningCommand, runCommand } from "../../support/command";
import { footage } from "../../support/footage";

/** Long enough for an engine on a busy machine. */
export const OPERATION_MS = 600_000;

/** A fragment that the service acknowledged to a camera. */
export type Persisted = Extract<CameraEvent, { kind: "persisted" }>;

/** A camera that films until it is stopped. */
export interface TestCamera {
  stream: string;
  persisted: Persisted[];
  /** Why connections ended or could not be had. */
  troubles: string[];
  /** Resolves when so many fragments are acknowledged. */
  has(count: number): Promise<void>;
  /** Finishes the fragment at hand; resolves when all is persisted. */
  stop(): Promise<CameraSummary>;
  /** Drops its connection, as a lost network does; it connects anew, until that is hopeless. */
  lostConnection(): void;
  /** Resolves with what ended it. */
  ended: Promise<unknown>;
}

/** A local cloud with an environment that events can be based on, and the real engine beside it. */
export interface EventCloud {
  cloud: Cloud;
  bucket: string;
  folder: string;
  cli: PulumiCommand;
  /** The environment of somebody who works with this cloud. */
  env: Record<string, string>;
  s3: S3;
  /** Makes another stack that events may be told to be based on; answers its outputs. */
  makeBase(stackName: string, program: PulumiFn): Promise<OutputMap>;
  /** Runs `npm run event -- …` in a process of its own, or in a group of them, as a terminal does. */
  event(args: string[], environment?: Record<string, string>, isGroup?: boolean): RunningCommand;
  /** Runs it to its end. */
  done(
    args: string[],
    environment?: Record<string, string>,
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Switches a camera on; `client` is whom it calls as. */
  film(stream: string, options?: FilmOptions): Promise<TestCamera>;
  /**
   * Writes the record of an event as the tool does: of one that runs with the camera `gate` and whose time is over, where
   * nothing else is said, below the base's prefix.
   */
  putRecord(id: string, said?: Partial<EventRecord>, prefix?: string): Promise<void>;
  /** The id of the only event of a name. */
  idOf(name: string): Promise<string>;
  /** The phase of an event, as the tool lists it. */
  phaseOf(name: string): Promise<string | undefined>;
  /** The manifest of the only event of a name. */
  manifest(name: string): Promise<Manifest>;
  /** What of events is left: stacks, locks, folders, streams. */
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
}

export interface FilmOptions {
  client?: KinesisVideoClient;
  file?: string;
}

/** A program that makes what an event needs of its base: bucket, alerts topic, and the output that says where they are. */
const smallBase: PulumiFn = async () => {
  const archive = new Archive("archive", {
    prefix: "",
    keepBucket: false,
    clipTransitions: [],
    logRetentionDays: 1,
    tags: {},
  });
  const alerts = new Alerts("alerts", { project: "lastframe", emails: [], tags: {} });
  return {
    baseEnvironment: {
      version: 1,
      region: "us-east-1",
      bucket: archive.bucket,
      prefix: "",
      logRetentionDays: 1,
      alertsTopicArn: alerts.topicArn,
    },
  };
};

/**
 * Starts a cloud and makes its environment `dev` on the real engine.
 * @param base the program of the environment; by default only what events need of one
 * @param settings the environment's, beside its one stream
 * @param beginsAtHour the time of day, UTC, that the cloud has then; by default so early that no test meets midnight
 */
export async function startEventCloud(
  context: Mocha.Context,
  {
    speed = 20,
    base = smallBase,
    settings = {},
    beginsAtHour = 0.5,
    onStrike,
  }: {
    speed?: number;
    base?: PulumiFn;
    settings?: Record<string, unknown>;
    beginsAtHour?: number;
    onStrike?: (strike: Strike) => void;
  } = {},
): Promise<EventCloud> {
  context.timeout(OPERATION_MS);
  const pulumiCommand = await getCli(console.log).catch((error: Error) => {
    if (process.env.CI !== undefined) throw error;
    console.log(`    pending: ${error.message}`);
    return context.skip();
  });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-events-"));
  const tmp = path.join(folder, "tmp");
  fs.mkdirSync(tmp);
  const dataDir = path.join(folder, "cloud");
  startTomorrow(dataDir, beginsAtHour);
  const cloud = await startCloud({ dataDir, speed, onStrike });
  const engine = engineEnvironment({ dataDir: path.join(folder, "engine"), target: cloud.clientConfig });
  const env = {
    ...engine,
    PATH: `${path.dirname(pulumiCommand.command)}${path.delimiter}${engine.PATH}`,
    TMPDIR: tmp,
  };
  let bases = 0;

  async function makeBase(stackName: string, program: PulumiFn): Promise<OutputMap> {
    bases += 1;
    const set = Object.entries({ streams: [{ name: "gate" }], ...settings }).map(([key, value]) => [
      `lastframe:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const config = { "aws:region": "us-east-1", ...Object.fromEntries(set) };
    const stack = await LocalWorkspace.createStack(
      { stackName, projectName: "lastframe", program },
      { pulumiCommand, envVars: env, stackSettings: { [stackName]: { config } } },
    );
    const { outputs } = await stack.up({ color: "never" });
    fs.rmSync(stack.workspace.workDir, { recursive: true, force: true });
    return outputs;
  }

  const outputs = await makeBase("dev", base);
  const bucket = String(outputs.baseEnvironment?.value.bucket);
  const s3 = new S3(cloud.clientConfig);
  const running = new Set<RunningCommand>();

  function event(args: string[], environment: Record<string, string> = {}, isGroup = false): RunningCommand {
    // By default the cameras' settings are written where one stands, which is this repository.
    const writes = args[0] === "start" && !args.includes("--out");
    const all = writes ? [...args, "--out", path.join(folder, "settings")] : args;
    const command = runCommand("automation/event.ts", all, { ...env, ...environment }, isGroup);
    running.add(command);
    void command.ended.then(() => running.delete(command));
    return command;
  }

  async function film(stream: string, { client, file = "clock.mkv" }: FilmOptions = {}): Promise<TestCamera> {
    const persisted: Persisted[] = [];
    const troubles: string[] = [];
    const power = new AbortController();
    let onPersisted: () => void = () => undefined;
    const source = footage(file);
    const camera: Camera = runCamera({
      footage: await openFootage(() => fs.createReadStream(source), { loop: true }),
      stream,
      client: client ?? new KinesisVideoClient(cloud.clientConfig),
      clock: cloud.clock,
      signal: power.signal,
      onEvent(happened) {
        if (happened.kind === "reconnecting") troubles.push(happened.reason);
        if (happened.kind !== "persisted") return;
        persisted.push(happened);
        onPersisted();
      },
    });
    return {
      stream,
      persisted,
      troubles,
      has: (count) =>
        new Promise((resolve, reject) => {
          onPersisted = () => {
            if (persisted.length >= count) resolve();
          };
          onPersisted();
          camera.done.then(() => reject(new Error(`${stream} ended before ${count} fragments`)), reject);
        }),
      async stop() {
        power.abort();
        return camera.done;
      },
      lostConnection: () => camera.cutOff(),
      ended: camera.done.then(
        () => undefined,
        (error) => error,
      ),
    };
  }

  async function putRecord(id: string, said: Partial<EventRecord> = {}, prefix = ""): Promise<void> {
    const time = new Date(cloud.clock.nowMs()).toISOString();
    const record: EventRecord = {
      version: 1,
      id,
      base: "dev",
      streams: [{ camera: "gate", name: `${id.slice(9)}-gate` }],
      clipSeconds: 60,
      startedAt: time,
      endsAt: time,
      phase: "running",
      ...said,
    };
    await s3.putObject({
      Bucket: bucket,
      Key: `${prefix}events/${id}/event.json`,
      Body: JSON.stringify(record),
    });
  }

  async function idOf(name: string): Promise<string> {
    const found = await s3.listObjectsV2({ Bucket: bucket, Prefix: "events/", Delimiter: "/" });
    const ids = (found.CommonPrefixes ?? []).map(({ Prefix = "" }) => Prefix.split("/")[1] ?? "");
    const [id = "", ...others] = ids.filter((one) => one.slice(9) === name);
    if (!id || others.length > 0) throw new Error(`there is not one event ${name}: ${ids.join(", ")}`);
    return id;
  }

  async function phaseOf(name: string): Promise<string | undefined> {
    const { events } = JSON.parse((await done(["list", "--json"])).stdout) as {
      events: { name: string; phase: string }[];
    };
    return events.find((one) => one.name === name)?.phase;
  }

  async function manifest(name: string): Promise<Manifest> {
    const Key = `events/${await idOf(name)}/manifest.json`;
    const { Body } = await s3.getObject({ Bucket: bucket, Key });
    return JSON.parse((await Body?.transformToString()) ?? "");
  }

  async function leftovers(): Promise<string[]> {
    const backend = path.join(folder, "engine", "backend", ".pulumi");
    const files = (name: string) =>
      fs.existsSync(path.join(backend, name))
        ? fs
            .readdirSync(path.join(backend, name), { recursive: true, encoding: "utf8" })
            .filter((file) => fs.statSync(path.join(backend, name, file)).isFile())
        : [];
    const workspaces = path.join(folder, "engine", "home", "workspaces");
    return [
      ...files("stacks").filter((file) => /event-[^/]*\.json$/.test(file)),
      ...files("locks"),
      // The Pulumi SDK's language host keeps compiled code of its own there.
      ...fs.readdirSync(tmp).filter((name) => !name.startsWith("v8-compile-cache")),
      ...fs.readdirSync(workspaces).slice(bases),
    ];
  }

  async function close() {
    for (const command of running) command.process.kill("SIGKILL");
    await cloud.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }

  const done = (args: string[], environment?: Record<string, string>) => event(args, environment).ended;
  return {
    cloud,
    bucket,
    folder,
    cli: pulumiCommand,
    env,
    s3,
    makeBase,
    event,
    done,
    film,
    putRecord,
    idOf,
    phaseOf,
    manifest,
    leftovers,
    close,
  };
}

/** Has a cloud's clock begin at a time of day. */
function startTomorrow(dataDir: string, hour: number): void {
  const hourMs = 3_600_000;
  const nowMs = (Math.floor(Date.now() / (24 * hourMs)) + 1) * 24 * hourMs + hour * hourMs;
  fs.mkdirSync(dataDir);
  fs.writeFileSync(path.join(dataDir, "clock.json"), JSON.stringify({ nowMs }));
}

/** The numbers of all fragments in a manifest's clips, as often as they are there. */
export const fragmentsIn = (manifest: Manifest, stream?: string): string[] =>
  manifest.streams
    .filter((one) => stream === undefined || one.stream === stream)
    .flatMap(({ clips }) => clips.flatMap(({ fragments }) => fragments))
    .sort();

/** The numbers that cameras heard of as persisted. */
export const acknowledgedBy = (...cameras: TestCamera[]): string[] =>
  cameras.flatMap(({ persisted }) => persisted.map(({ fragmentNumber }) => fragmentNumber)).sort();
