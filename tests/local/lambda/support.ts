import * as path from "node:path";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";
import type { Clock } from "../../../local/core/clock";
import type { CallAs, InvokeTarget } from "../../../local/core/seams";
import { type Lambda, makeLambda } from "../../../local/lambda";
import { serveServices } from "../../support/localService";

/** The role that test functions run as. */
export const ROLE = "arn:aws:iam::123456789012:role/archiver";

/** A zip archive of text files. */
export const archive = (files: Record<string, string>) =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));

/** Lambda behind an endpoint, with what it wrote to logs and a client of it. */
export async function serveLambda({
  credentialsLastMs = 3_600_000,
  callAs,
  ...options
}: {
  clock?: Clock;
  dataDir?: string;
  credentialsLastMs?: number;
  callAs?: CallAs;
} = {}) {
  const logLines: { logGroupName: string; logStreamName: string; message: string }[] = [];
  const deadLetters: Parameters<InvokeTarget>[0][] = [];
  let lambda: Lambda | undefined;
  const services = await serveServices((deps) => {
    lambda = makeLambda({
      ...deps,
      issueCredentials: ({ roleArn, sessionName }) => ({
        accessKeyId: `ASIA-${sessionName}`,
        secretAccessKey: `secret of ${roleArn}`,
        sessionToken: "token",
        expiration: new Date(Date.now() + credentialsLastMs),
      }),
      callAs,
      writeLog: (entry) => void logLines.push(entry),
      nodePath: path.resolve(__dirname, "../../../node_modules"),
      invokeTarget: async (target) => void deadLetters.push(target),
    });
    return [lambda.http];
  }, options);
  const served = lambda as Lambda;
  const client = new LambdaClient(services.clientConfig);
  return {
    ...services,
    client,
    logLines,
    deadLetters,
    lambda: served,
    /** Creates a function whose module `index.js` is `source`. */
    create: (name: string, source: string, more: Partial<CreateFunctionCommand["input"]> = {}) =>
      client.send(
        new CreateFunctionCommand({
          FunctionName: name,
          Runtime: "nodejs24.x",
          Role: ROLE,
          Handler: "index.handler",
          Timeout: 30,
          Code: { ZipFile: archive({ "index.js": source }) },
          ...more,
        }),
      ),
    async close() {
      client.destroy();
      await served.close();
      await services.close();
    },
  };
}

export type ServedLambda = Awaited<ReturnType<typeof serveLambda>>;
