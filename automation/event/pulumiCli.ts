import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { failure } from "./failure";

/**
 * Finds the Pulumi CLI: on PATH, or where its installers put it (`~/.pulumi/bin`, `~/.pulumi/versions/VERSION/bin`).
 * @throws a failure that says what to install
 */
export async function findPulumiCli(): Promise<PulumiCommand> {
  const home = process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi");
  const roots = [undefined, home, ...installedVersions(path.join(os.homedir(), ".pulumi"))];
  const problems: string[] = [];
  for (const root of roots) {
    if (root && !fs.existsSync(path.join(root, "bin", "pulumi"))) continue;
    try {
      return await PulumiCommand.get(root ? { root } : {});
    } catch (error) {
      const { message } = error as Error;
      if (!/ENOENT|not found/.test(message)) problems.push(message.split("\n")[0] ?? message);
    }
  }
  const why = problems.length > 0 ? ` (${problems[0]})` : "";
  throw failure(
    "usage",
    `no usable Pulumi CLI${why}; install it as https://www.pulumi.com/docs/install/ says, or put it on PATH`,
  );
}

/** Folders of installed versions, the newest first. */
function installedVersions(home: string): string[] {
  const versions = path.join(home, "versions");
  if (!fs.existsSync(versions)) return [];
  const byVersion = (a: string, b: string) => b.localeCompare(a, "en", { numeric: true });
  return fs
    .readdirSync(versions)
    .sort(byVersion)
    .map((version) => path.join(versions, version));
}
