import { InvokeCommand } from "@aws-sdk/client-lambda";
import { serveLambda } from "./support";

/** A process that holds a Lambda with one live sandbox and prints that sandbox's process id; for tests that kill it. */
async function main() {
  const cloud = await serveLambda({ dataDir: process.argv[2] });
  // A function that would live on by itself.
  await cloud.create("f", "setInterval(() => {}, 1000); exports.handler = async () => process.pid;");
  const { Payload } = await cloud.client.send(new InvokeCommand({ FunctionName: "f" }));
  console.log(Buffer.from(Payload ?? []).toString());
}

void main();
