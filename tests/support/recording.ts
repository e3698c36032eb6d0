import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { S3 } from "@aws-sdk/client-s3";
import { SFN } from "@aws-sdk/client-sfn";
import { type Cloud, type CloudOptions, startCloud } from "../../local/cloud";
import { awsEnvironment } from "../../local/engine/environment";
import { deploy } from "../../local/provider/inProcess";
import { type RunningCommand, runCommand } from "./command";
import { type FilmOptions, filmInto, type Persisted } from "./film";
import { loadFreshProgram } from "./freshProgram";

/** A clip of the bucket, fetched to disk. */
export interface FetchedClip {
  key: string;
  file: string;
  metadata: Record<string, string>;
}

/** The program deployed into a local cloud of its own, on a data folder of its own. */
export interface RecordingStack {
  cloud: Cloud;
  dataDir: string;
  outputs: { bucket: string; workflow: string; streams: { name: string; alarm: string }[]; phone?: string };
  s3: S3;
  stepFunctions: SFN;
  /** Sends a file as a camera would, on the cloud's clock; resolves when all of it is persisted. */
  film(streamName: string, file: string, how?: FilmOptions): Promise<Persisted[]>;
  /** Every coded frame that cameras sent to a stream and that was persisted, as `framesIn` lists those of clips. */
  framesFilmed(streamName: string): string[];
  /** Runs `npm run archive -- verify STREAM` on the bucket. */
  verify(streamName: string, ...args: string[]): RunningCommand["ended"];
  /** Resolves when no alarm rings and every execution that ran has ended; answers how they ended. */
  settled(): Promise<string[]>;
  clips(streamName: string): Promise<FetchedClip[]>;
  close(): Promise<void>;
}

/** What of its cloud is chosen, and what is made in it before the program is deployed: it answers more configuration. */
export interface RecordingOptions extends Pick<CloudOptions, "speed" | "onJudgement"> {
  prepare?(cloud: Cloud): Promise<object>;
}

/** Starts a cloud and deploys `index.ts` with this configuration into it. */
export async function deployRecording(
  config: Record<string, unknown>,
  { speed = 30, prepare, onJudgement }: RecordingOptions = {},
): Promise<RecordingStack> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-system-"));
  const cloud = await startCloud({ dataDir, speed, onJudgement });
  const orClose = async (error: Error) => {
    await close();
    throw error;
  };
  const prepared = await prepare?.(cloud).catch(orClose);
  const entries = Object.entries({ ...config, ...prepared }).map(([key, value]) => [
    `lastframe:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const deployed = deploy({
    project: "lastframe",
    stack: "test",
    config: Object.fromEntries(entries),
    program: loadFreshProgram,
    target: cloud.clientConfig,
  });
  const outputs = (await deployed.catch(orClose)) as unknown as RecordingStack["outputs"];
  const [s3, stepFunctions, cloudWatch] = [
    new S3(cloud.clientConfig),
    new SFN(cloud.clientConfig),
    new CloudWatch(cloud.clientConfig),
  ];

  const filmed: { streamName: string; frames: string[] }[] = [];
  const film = (streamName: string, file: string, how?: FilmOptions) =>
    filmInto(cloud, streamName, file, {
      ...how,
      onFilmed: (frames) => filmed.push({ streamName, frames }),
    });

  const framesFilmed = (streamName: string) =>
    filmed.flatMap((film) => (film.streamName === streamName ? film.frames : [])).sort();

  const verify = (streamName: string, ...args: string[]) => {
    const prefix = config.prefix === undefined ? [] : ["--prefix", String(config.prefix)];
    const subject = [streamName, "--bucket", outputs.bucket, ...prefix];
    const environment = awsEnvironment(cloud.clientConfig);
    return runCommand("automation/archive.ts", ["verify", ...subject, ...args], environment).ended;
  };

  async function settled(): Promise<string[]> {
    for (;;) {
      const { MetricAlarms = [] } = await cloudWatch.describeAlarms({});
      const { executions = [] } = await stepFunctions.listExecutions({ stateMachineArn: outputs.workflow });
      const states = executions.map(({ status = "" }) => status);
      const isQuiet = MetricAlarms.every(({ StateValue }) => StateValue !== "ALARM");
      if (isQuiet && states.length > 0 && !states.includes("RUNNING")) return states;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function clips(streamName: string): Promise<FetchedClip[]> {
    const Bucket = outputs.bucket;
    const { Contents = [] } = await s3.listObjectsV2({
      Bucket,
      Prefix: `${config.prefix ?? ""}clips/stream=${streamName}/`,
    });
    const fetched = await Promise.all(
      Contents.map(async ({ Key = "" }) => {
        const { Body, Metadata = {} } = await s3.getObject({ Bucket, Key });
        const file = path.join(dataDir, path.basename(Key));
        fs.writeFileSync(file, (await Body?.transformToByteArray()) ?? "");
        return { key: Key, file, metadata: Metadata };
      }),
    );
    // A void key was decided without a clip.
    return fetched.filter(({ metadata }) => metadata.decision !== "void");
  }

  async function close() {
    await cloud.close();
    fs.rmSync(dataDir, { recursive: true, force: true });
  }

  return { cloud, dataDir, outputs, s3, stepFunctions, film, framesFilmed, verify, settled, clips, close };
}
