import { spawn } from "node:child_process";
import { getCli } from "./cli";
import { localEnvironment } from "./localEnvironment";

/** `npm run pulumi -- ARGUMENTS`: Pulumi's own CLI on the local cloud. */
async function main() {
  const { command } = await getCli((line) => console.error(line));
  const env = { ...process.env, ...localEnvironment(command) };
  const pulumi = spawn(command, process.argv.slice(2), { stdio: "inherit", env });
  // Ctrl-C reaches the CLI too, which then ends in good order; what it says is what counts.
  process.on("SIGINT", () => undefined);
  pulumi.on("exit", (code) => process.exit(code ?? 1));
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
