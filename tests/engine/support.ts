import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { LocalWorkspace, type PulumiCommand, type Stack } from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";
import { type Cloud, type CloudOptions, startCloud } from "../../local/cloud";
import { getCli } from "../../local/engine/cli";
import { engineEnvironment } from "../../local/engine/environment";
import { type ClientConfig, makeClients } from "../../local/provider/clients";

const root = path.join(__dirname, "..", "..");

/** Compiling the CLI takes minutes, on a machine that has neither it nor a way to the vendor's download. */
export const GETTING_CLI_MS = 20 * 60_000;
/** An operation of the engine on the whole program takes some ten seconds, and far longer on a busy machine. */
export const OPERATION_MS = 600_000;

let cli: Promise<PulumiCommand> | undefined;

/**
 * The real Pulumi CLI. On a machine where it cannot be had, the suite that asks for it in its `before` hook is shown as
 * pending, with a line that says what to install; in CI it fails.
 */
export async function engineCli(context: Mocha.Context): Promise<PulumiCommand> {
  context.timeout(GETTING_CLI_MS);
  try {
    cli ??= getCli(console.log);
    return await cli;
  } catch (error) {
    if (process.env.CI !== undefined) throw error;
    console.log(`    pending: ${(error as Error).message}`);
    return context.skip();
  }
}

/** A copy of the project's folder, its stack `dev` on the real engine, and a local cloud of its own to deploy it to. */
export interface EngineProject {
  cloud: Cloud;
  /** Pulumi's own handle on the stack: `up`, `preview`, `refresh`, `destroy` run the CLI in the folder. */
  stack: Stack;
  folder: string;
  /** The environment of the CLI, to run it otherwise than through `stack`. */
  env: Record<string, string>;
  /** Edits Pulumi.dev.yaml, as a person would. */
  configure(change: (config: Record<string, unknown>) => void): void;
  close(): Promise<void>;
}

/** Options of a project: those of its cloud, and as whom to call it, if not as the account's owner. */
export interface ProjectOptions extends Omit<CloudOptions, "dataDir"> {
  credentials?: ClientConfig["credentials"];
}

/** What of the repository `pulumi up` needs. */
const PROGRAM =
  "index.ts infra handlers archive media package.json tsconfig.json Pulumi.yaml Pulumi.dev.yaml";

/** Copies the project, starts a cloud for it and makes its stack, with nothing deployed yet. */
export async function openProject(cli: PulumiCommand, options: ProjectOptions = {}): Promise<EngineProject> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-engine-"));
  const folder = path.join(dataDir, "lastframe");
  fs.mkdirSync(folder);
  for (const name of PROGRAM.split(" ")) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));

  const { credentials, ...cloudOptions } = options;
  const cloud = await startCloud({ ...cloudOptions, dataDir: path.join(dataDir, "cloud") });
  const target = { ...cloud.clientConfig, ...(credentials ? { credentials } : {}) };
  const env = engineEnvironment({ dataDir: path.join(dataDir, "engine"), target });
  const stack = await LocalWorkspace.createStack(
    { stackName: "dev", workDir: folder },
    { pulumiCommand: cli, envVars: env },
  );

  function configure(change: (config: Record<string, unknown>) => void) {
    const file = path.join(folder, "Pulumi.dev.yaml");
    const settings = parse(fs.readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    change(settings.config);
    fs.writeFileSync(file, stringify(settings));
  }

  async function close() {
    await cloud.close();
    fs.rmSync(dataDir, { recursive: true, force: true });
  }

  return { cloud, stack, folder, env, configure, close };
}

/** Everything in a cloud that a deployment could have left: each a word and a name. */
export async function leftBehind({ cloud }: EngineProject): Promise<string[]> {
  const clients = makeClients(cloud.clientConfig);
  const named = <T>(kind: string, items: T[] | undefined, name: (item: T) => string | undefined) =>
    (items ?? []).map((item) => `${kind} ${name(item)}`);
  return [
    named("alarm", (await clients.cloudWatch.describeAlarms({})).MetricAlarms, (one) => one.AlarmName),
    named("bucket", (await clients.s3.listBuckets({})).Buckets, (one) => one.Name),
    named(
      "dashboard",
      (await clients.cloudWatch.listDashboards({})).DashboardEntries,
      (one) => one.DashboardName,
    ),
    named("function", (await clients.lambda.listFunctions({})).Functions, (one) => one.FunctionName),
    named("log group", (await clients.logs.describeLogGroups({})).logGroups, (one) => one.logGroupName),
    named("queue", (await clients.sqs.listQueues({})).QueueUrls, (one) => one),
    named("role", (await clients.iam.listRoles({})).Roles, (one) => one.RoleName),
    named("rule", (await clients.eventBridge.listRules({})).Rules, (one) => one.Name),
    named("stream", (await clients.kinesisVideo.listStreams({})).StreamInfoList, (one) => one.StreamName),
    named("topic", (await clients.sns.listTopics({})).Topics, (one) => one.TopicArn?.split(":").at(-1)),
    named("workflow", (await clients.stepFunctions.listStateMachines({})).stateMachines, (one) => one.name),
  ].flat();
}
