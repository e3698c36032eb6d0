import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { PulumiCommand } from "@pulumi/pulumi/automation";

const run = promisify(execFile);

/** Where the CLI's Go module is pinned. */
const MODULE_DIR = path.join(__dirname, "cli");
const PACKAGE = "github.com/pulumi/pulumi/pkg/v3";
/** The oldest CLI from the PATH that is taken. */
const OLDEST_VERSION = "3.200.0";

/**
 * Finds the Pulumi CLI, or gets it: the one of the pinned version under `~/.pulumi/versions`, the one on the PATH, the
 * vendor's download, or, where that is out of reach, compiled from its Go module (minutes the first time, then kept
 * under `~/.pulumi/versions`, where the Automation API keeps its own).
 * @param tell told of what takes long
 * @throws when there is none to be had, with what to install
 */
export async function getCli(tell: (line: string) => void = () => undefined): Promise<PulumiCommand> {
  const version = pinnedVersion();
  const root = path.join(os.homedir(), ".pulumi", "versions", version);
  const kept = await PulumiCommand.get({ root }).catch(() => undefined);
  if (kept) return kept;
  const onPath = await PulumiCommand.get().catch(() => undefined);
  if ((onPath?.version?.compare(OLDEST_VERSION) ?? -1) >= 0) return onPath as PulumiCommand;

  const downloadError = await PulumiCommand.install().catch((error: Error) => error);
  if (downloadError instanceof PulumiCommand) return downloadError;
  const hasGo = await run("go", ["version"]).then(
    () => true,
    () => false,
  );
  if (!hasGo) {
    throw new Error(
      "there is no Pulumi CLI, and neither get.pulumi.com nor Go to get it with: install the Pulumi CLI, or Go 1.26 to compile it",
    );
  }
  tell(
    `${downloadError.message}; compiling the Pulumi CLI ${version} from its Go module, which takes minutes`,
  );
  await compile(version, root);
  return PulumiCommand.get({ root });
}

/** The CLI's version, as the Go module says it. */
function pinnedVersion(): string {
  const text = fs.readFileSync(path.join(MODULE_DIR, "go.mod"), "utf8");
  const version = new RegExp(`${PACKAGE} v(\\S+)`).exec(text)?.[1];
  if (!version) throw new Error(`${MODULE_DIR}/go.mod does not require ${PACKAGE}`);
  return version;
}

/** The Automation API refuses a CLI that was not stamped with its version. */
async function compile(version: string, root: string): Promise<void> {
  const bin = path.join(root, "bin");
  fs.mkdirSync(bin, { recursive: true });
  const unfinished = path.join(bin, `.pulumi-${process.pid}`);
  const stamp = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
  const args = ["build", "-trimpath", "-ldflags", stamp, "-o", unfinished, `${PACKAGE}/cmd/pulumi`];
  await run("go", args, { cwd: MODULE_DIR });
  // Another process that looks for the CLI sees all of it or nothing.
  fs.renameSync(unfinished, path.join(bin, "pulumi"));
}
