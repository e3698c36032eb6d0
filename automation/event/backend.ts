import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** The CLI's own folder, where it keeps what it was told once. */
export const pulumiHome = (): string => process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi");

/**
 * What the CLI is to be told of its backend, when that is a folder: to keep no attributes beside each file
 * (`metadata=skip`, https://pkg.go.dev/gocloud.dev/blob/fileblob#URLOpener). It replaces a stack's state in one move, but
 * writes `.attrs` in place; a machine that goes down in between leaves an empty one, and the state cannot be read any more.
 */
export function backendVariables(): Record<string, string> {
  const url = process.env.PULUMI_BACKEND_URL || loggedInTo();
  if (!url?.startsWith("file:") || url.includes("metadata=")) return {};
  return { PULUMI_BACKEND_URL: `${url}${url.includes("?") ? "&" : "?"}metadata=skip` };
}

/** The backend of `pulumi login`. */
function loggedInTo(): string | undefined {
  const file = path.join(pulumiHome(), "credentials.json");
  if (!fs.existsSync(file)) return undefined;
  return (JSON.parse(fs.readFileSync(file, "utf8")) as { current?: string }).current;
}
