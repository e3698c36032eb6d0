import * as fs from "node:fs";
import * as path from "node:path";
import { PACKED_FUNCTIONS, serialize } from "../infra/functionCode";

/**
 * `npm pack` serializes every function ahead: once installed, the handlers lie under `node_modules`, and Pulumi takes what
 * lies there for a package that the function finds where it runs.
 */
async function packFunctions(): Promise<void> {
  const handlers = path.join(__dirname, "..", "handlers");
  fs.mkdirSync(PACKED_FUNCTIONS, { recursive: true });
  for (const file of fs.readdirSync(handlers).filter((one) => one.endsWith(".js"))) {
    const name = path.basename(file, ".js");
    const factory = require(path.join(handlers, file))[name] as (() => unknown) | undefined;
    if (factory) fs.writeFileSync(path.join(PACKED_FUNCTIONS, file), await serialize(factory));
  }
}

packFunctions().catch((error) => {
  console.error(error);
  process.exit(1);
});
