import * as fs from "node:fs";
import * as path from "node:path";
import { runningTest } from "./hooks";

const homes = ["../../../shared/media", "../../demo/footage"].map((home) => path.resolve(__dirname, home));

const find = (name: string) => homes.map((home) => path.join(home, name)).find((file) => fs.existsSync(file));

/** Whether a piece of footage is on this machine. CI must have all of it. */
export const hasFootage = (name: string): boolean => find(name) !== undefined || process.env.CI !== undefined;

/**
 * Path of a piece of footage by its file name. The project's own is in `demo/footage`. Real recordings of Kinesis Video
 * Streams lie beside the repository (`../shared/media`) and do not come with a clone: where they are absent, a test
 * that asks for one is shown as pending; in CI it fails.
 */
export function footage(name: string): string {
  const file = find(name);
  if (file) return file;
  if (!hasFootage(name)) runningTest()?.skip();
  throw new Error(`No footage called ${name} in ${homes.join(" or ")}.`);
}
