import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { pulumiHome } from "./backend";
import { failure, firstLine } from "./failure";

/**
 * Opens the Pulumi CLI: the one on PATH, or where its installers put it (`~/.pulumi/bin`, `~/.pulumi/versions/VERSION`).
 * It is started so that it does not die of a broken pipe: should this process be killed, the engine ends what it is at and
 * writes down what it made, instead of leaving resources that no state knows. And apart from the terminal, where that can be
 * done: of Ctrl-C it hears from here, once; hearing of it from the terminal too, it would drop everything.
 * @param workDir holds the script that starts it
 * @throws a failure that says what to install
 */
export async function openPulumiCli(workDir: string): Promise<PulumiCommand> {
  const cli = places().find((file) => fs.existsSync(file));
  const install = "install it as https://www.pulumi.com/docs/install/ says, or put it on PATH";
  if (!cli) throw failure("usage", `no Pulumi CLI; ${install}`);
  fs.mkdirSync(path.join(workDir, "bin"));
  const script = `#!/bin/sh
trap "" PIPE
exec $(command -v setsid) '${cli.replace(/'/g, `'\\''`)}' "$@"
`;
  fs.writeFileSync(path.join(workDir, "bin", "pulumi"), script, { mode: 0o755 });
  try {
    return await PulumiCommand.get({ root: workDir });
  } catch (error) {
    throw failure(
      "usage",
      `${cli} is no usable Pulumi CLI (${firstLine((error as Error).message)}); ${install}`,
      error,
    );
  }
}

/** Files that may be the CLI, the best first. */
function places(): string[] {
  const home = path.join(os.homedir(), ".pulumi");
  const versions = path.join(home, "versions");
  const byVersion = (a: string, b: string) => b.localeCompare(a, "en", { numeric: true });
  const kept = fs.existsSync(versions) ? fs.readdirSync(versions).sort(byVersion) : [];
  return [
    ...(process.env.PATH ?? "").split(path.delimiter),
    path.join(pulumiHome(), "bin"),
    path.join(home, "bin"),
    ...kept.map((version) => path.join(versions, version, "bin")),
  ]
    .filter(Boolean)
    .map((folder) => path.join(folder, "pulumi"));
}
