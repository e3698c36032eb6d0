import { spawn } from "node:child_process";
import { getCli } from "./cli";
import { engineEnvironment } from "./environment";

/**
 * `npm run pulumi -- ARGUMENTS`: Pulumi's own CLI on the local cloud that `npm run local` serves at its default port, or on
 * the one that AWS_ENDPOINT_URL names; the stacks are kept in `.lastframe/pulumi`.
 */
async function main() {
  const target = {
    endpoint: process.env.AWS_ENDPOINT_URL ?? "http://127.0.0.1:4566",
    region: process.env.AWS_REGION ?? "us-east-1",
    credentials: {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? "local",
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? "local",
      sessionToken: process.env.AWS_SESSION_TOKEN,
    },
  };
  const { command } = await getCli((line) => console.error(line));
  const env = { ...process.env, ...engineEnvironment({ dataDir: ".lastframe/pulumi", target }) };
  const pulumi = spawn(command, process.argv.slice(2), { stdio: "inherit", env });
  // Ctrl-C reaches the CLI too, which then ends in good order; what it says is what counts.
  process.on("SIGINT", () => undefined);
  pulumi.on("exit", (code) => process.exit(code ?? 1));
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
