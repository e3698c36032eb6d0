import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { unzipSync } from "fflate";
import { awsError } from "../core/errors";

const MAX_ARCHIVE_BYTES = 50 * 1024 * 1024;
/** 250 MB, "Deployment package size, unzipped" of the Lambda quotas. */
const MAX_UNZIPPED_BYTES = 262_144_000;

/** Where an archive was unpacked and what Lambda says about it. */
export interface DeployedCode {
  codeSha256: string;
  codeSizeBytes: number;
}

/** The folder of a function's code, which is its task root. */
export function codeFolder(root: string, name: string, codeSha256: string): string {
  return path.join(root, name, Buffer.from(codeSha256, "base64").toString("hex"));
}

/**
 * Unpacks the `Code` of CreateFunction or UpdateFunctionCode below `root`.
 * @throws InvalidParameterValueException when it is not a zip archive, leaves its folder or is too large
 */
export function deployCode(root: string, name: string, zipFile: unknown): DeployedCode {
  if (typeof zipFile !== "string") {
    throw awsError("InvalidParameterValueException", 400, "Code is taken from ZipFile only on this machine");
  }
  const archive = Buffer.from(zipFile, "base64");
  if (archive.length > MAX_ARCHIVE_BYTES) {
    throw awsError(
      "RequestTooLargeException",
      413,
      `The archive has ${archive.length} bytes; at most ${MAX_ARCHIVE_BYTES}`,
    );
  }
  const files = unzip(archive);
  const codeSha256 = createHash("sha256").update(archive).digest("base64");
  const folder = codeFolder(root, name, codeSha256);
  if (!fs.existsSync(folder)) {
    const unfinished = `${folder}.new`;
    fs.rmSync(unfinished, { recursive: true, force: true });
    fs.mkdirSync(unfinished, { recursive: true });
    for (const [entry, content] of Object.entries(files)) writeEntry(unfinished, entry, content);
    fs.renameSync(unfinished, folder);
  }
  return { codeSha256, codeSizeBytes: archive.length };
}

function unzip(archive: Buffer): Record<string, Uint8Array> {
  let unzippedBytes = 0;
  try {
    return unzipSync(archive, {
      filter(entry) {
        unzippedBytes += entry.originalSize;
        if (unzippedBytes > MAX_UNZIPPED_BYTES) {
          throw new Error(`Unzipped size must be smaller than ${MAX_UNZIPPED_BYTES} bytes`);
        }
        return true;
      },
    });
  } catch (error) {
    throw awsError(
      "InvalidParameterValueException",
      400,
      `Could not unzip uploaded file. Please check your file, then try to upload again. (${(error as Error).message})`,
    );
  }
}

function writeEntry(folder: string, entry: string, content: Uint8Array) {
  const file = path.join(folder, entry);
  if (!file.startsWith(folder + path.sep)) {
    throw awsError("InvalidParameterValueException", 400, `The archive's entry ${entry} leaves its folder`);
  }
  fs.mkdirSync(entry.endsWith("/") ? file : path.dirname(file), { recursive: true });
  if (!entry.endsWith("/")) fs.writeFileSync(file, content);
}

/** Removes all code of a function. */
export function removeCode(root: string, name: string): void {
  fs.rmSync(path.join(root, name), { recursive: true, force: true });
}

/** Removes a function's code but for the archive that it runs. */
export function removeOldCode(root: string, name: string, codeSha256: string): void {
  const folder = path.join(root, name);
  const kept = path.basename(codeFolder(root, name, codeSha256));
  for (const entry of fs.readdirSync(folder)) {
    if (entry !== kept) fs.rmSync(path.join(folder, entry), { recursive: true, force: true });
  }
}
