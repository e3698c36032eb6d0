import * as fs from "node:fs";
import * as path from "node:path";
import type { ClientConfig } from "../provider/clients";

const root = path.join(__dirname, "..", "..");

/** Where an engine keeps what it knows, and the cloud that it deploys to. */
export interface EngineOptions {
  /** Holds the engine's state and its home; made if absent, and all that there is to remove afterwards. */
  dataDir: string;
  /** The local cloud, and the keys to call it with: `cloud.clientConfig`, or a user's. */
  target: ClientConfig;
}

/**
 * The environment in which Pulumi's CLI and its Automation API (`envVars` of LocalWorkspace) deploy to a local cloud: with
 * the provider of `local/provider`, a file backend and a home of its own, so that nothing is asked of the network and
 * nothing of this machine's Pulumi is read or changed. The endpoint and the keys go in by the variables of AWS's tools.
 */
export function engineEnvironment({ dataDir, target }: EngineOptions): Record<string, string> {
  const [home, backend] = ["home", "backend"].map((name) => path.resolve(dataDir, name));
  for (const folder of [home, backend]) fs.mkdirSync(folder as string, { recursive: true });
  const folders = [path.join(__dirname, "bin"), path.join(root, "node_modules", ".bin")];
  return {
    PATH: [...folders, process.env.PATH].join(path.delimiter),
    PULUMI_HOME: home as string,
    // No attributes beside each file: an engine that is killed while it writes them leaves a state that cannot be read.
    PULUMI_BACKEND_URL: `file://${backend}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_IGNORE_AMBIENT_PLUGINS: "false",
    // `npm run check` looks at the types; every deployment would take five seconds more.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    ...awsEnvironment(target),
  };
}

/** The variables by which AWS's own tools find a cloud, and the keys to call it with. */
export function awsEnvironment({ endpoint, region, credentials }: ClientConfig): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken ?? "",
  };
}
