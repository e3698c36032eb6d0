import * as path from "node:path";
import { engineEnvironment } from "./environment";

/**
 * The environment of whoever works with the local cloud that `npm run local` serves at its default port, or with the one
 * that AWS_ENDPOINT_URL names: Pulumi's stacks are kept in `.lastframe/pulumi`, and the CLI is on the PATH.
 * @param command the CLI, as `getCli` found it
 */
export function localEnvironment(command: string): Record<string, string> {
  const target = {
    endpoint: process.env.AWS_ENDPOINT_URL ?? "http://127.0.0.1:4566",
    region: process.env.AWS_REGION ?? "us-east-1",
    credentials: {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? "local",
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? "local",
      sessionToken: process.env.AWS_SESSION_TOKEN,
    },
  };
  const environment = engineEnvironment({ dataDir: ".lastframe/pulumi", target });
  // A CLI that was found on the PATH has no folder.
  const folders = [environment.PATH, ...(path.isAbsolute(command) ? [path.dirname(command)] : [])];
  return { ...environment, PATH: folders.join(path.delimiter) };
}
