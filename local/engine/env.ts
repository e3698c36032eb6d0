import { getCli } from "./cli";
import { localEnvironment } from "./localEnvironment";

/** `eval "$(npm run -s local:env)"`: whatever speaks to AWS or Pulumi in this shell then speaks to the local cloud. */
async function main() {
  const { command } = await getCli((line) => console.error(line));
  for (const [name, value] of Object.entries(localEnvironment(command)))
    console.log(`export ${name}='${value.replace(/'/g, `'\\''`)}'`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
