import * as fs from "node:fs";
import * as path from "node:path";

/** Writes a JSON file so that a kill leaves the old one or the new one, whole and on the disk. */
export function writeJson(file: string, value: object): void {
  const temporary = `${file}.new`;
  fs.writeFileSync(temporary, JSON.stringify(value), { flush: true });
  fs.renameSync(temporary, file);
}

/** Reads what `writeJson` wrote. */
export function readJson<T>(file: string): T {
  return JSON.parse(fs.readFileSync(file, "utf8")) as T;
}

/** The names in a folder, none if there is no folder. */
export function namesIn(folder: string): string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

/** Makes a folder of its own under `parent` and answers its path. */
export function subfolder(parent: string, ...names: string[]): string {
  const folder = path.join(parent, ...names);
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}
