import * as fs from "node:fs";
import * as path from "node:path";

const homes = ["../../../shared/media", "../../demo/footage"].map((home) => path.resolve(__dirname, home));

/**
 * Path of a piece of footage by its file name: real recordings are shared beside the repository
 * (`../shared/media`), the project's own are in `demo/footage`.
 */
export function footage(name: string): string {
  const found = homes.map((home) => path.join(home, name)).find((file) => fs.existsSync(file));
  if (found === undefined) throw new Error(`No footage called ${name} in ${homes.join(" or ")}.`);
  return found;
}
