import { InvokeCommand, UpdateFunctionCodeCommand } from "@aws-sdk/client-lambda";
import { expect } from "chai";
import { archive, ROLE, type ServedLambda, serveLambda } from "./support";

describe("local Lambda: invocations", () => {
  let cloud: ServedLambda;
  beforeEach(async () => {
    cloud = await serveLambda();
  });
  afterEach(() => cloud.close());

  const invoke = async (name: string, event: unknown = {}) => {
    const answer = await cloud.client.send(
      new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), LogType: "Tail" }),
    );
    return { ...answer, value: JSON.parse(Buffer.from(answer.Payload ?? []).toString()) };
  };

  it("answers what the handler returns", async () => {
    await cloud.create("double", "exports.handler = async ({ n }) => ({ n: n * 2 });");

    const answer = await invoke("double", { n: 21 });

    expect(answer.value).to.deep.equal({ n: 42 });
    expect(answer.StatusCode).to.equal(200);
    expect(answer.ExecutedVersion).to.equal("$LATEST");
    expect(answer.FunctionError).to.equal(undefined);
  });

  it("writes nothing after it was closed, also of events that nobody waits for", async () => {
    await cloud.create("late", "exports.handler = async () => undefined;");
    const invoke = () =>
      cloud.client.send(new InvokeCommand({ FunctionName: "late", InvocationType: "Event" }));
    await Promise.all(Array.from({ length: 5 }, invoke));

    await cloud.lambda.close();
    const atClose = cloud.logLines.length;
    await new Promise((resolve) => setTimeout(resolve, 200));

    expect(cloud.logLines.length).to.equal(atClose);
  });

  it("gives the process the environment of Lambda and nothing of its own", async () => {
    process.env.LASTFRAME_SECRET = "of the parent";
    await cloud.create("environment", "exports.handler = async () => process.env;", {
      Environment: { Variables: { BUCKET: "clips" } },
      MemorySize: 256,
    });

    const { value } = await invoke("environment");

    delete process.env.LASTFRAME_SECRET;
    expect(value).to.include({
      BUCKET: "clips",
      AWS_LAMBDA_FUNCTION_NAME: "environment",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
      AWS_REGION: "us-east-1",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "ASIA-environment",
      AWS_SECRET_ACCESS_KEY: `secret of ${ROLE}`,
      AWS_SESSION_TOKEN: "token",
      AWS_ENDPOINT_URL: cloud.url,
      _HANDLER: "index.handler",
      TZ: ":UTC",
    });
    expect(value).not.to.have.any.keys("LASTFRAME_SECRET", "USER", "NODE_OPTIONS", "NODE_CHANNEL_FD");
  });

  it("finds the SDK that Lambda's runtime brings", async () => {
    const source = `const { S3Client } = require("@aws-sdk/client-s3");
      exports.handler = async () => new S3Client({}).config.region();`;
    await cloud.create("sdk", source);

    const { value } = await invoke("sdk");

    expect(value).to.equal("us-east-1");
  });

  it("describes the invocation in the context", async () => {
    const source = `exports.handler = async (event, context) => ({
      ...context, remaining: context.getRemainingTimeInMillis() });`;
    const created = await cloud.create("context", source, { Timeout: 20 });

    const { value, $metadata } = await invoke("context");

    expect(value).to.include({
      functionName: "context",
      functionVersion: "$LATEST",
      invokedFunctionArn: created.FunctionArn,
      awsRequestId: $metadata.requestId,
      memoryLimitInMB: "128",
      logGroupName: "/aws/lambda/context",
    });
    expect(value.logStreamName).to.match(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    expect(value.remaining).to.be.within(0, 20_000);
  });

  it("answers a thrown error with its type, message and trace", async () => {
    await cloud.create("throws", 'exports.handler = async () => { throw new RangeError("too far"); };');

    const { value, FunctionError } = await invoke("throws");

    expect(FunctionError).to.equal("Unhandled");
    expect(value).to.include({ errorType: "RangeError", errorMessage: "too far" });
    expect(value.trace[0]).to.equal("RangeError: too far");
  });

  for (const [title, source, errorType, message] of [
    [
      "a module that is missing",
      "require('nowhere');",
      "Runtime.ImportModuleError",
      /Cannot find module 'nowhere'/,
    ],
    [
      "a handler that is missing",
      "exports.other = 1;",
      "Runtime.HandlerNotFound",
      /index.handler is undefined/,
    ],
    ["code that does not parse", "exports.handler = (", "Runtime.UserCodeSyntaxError", /SyntaxError/],
    [
      "a callback on nodejs24.x",
      "exports.handler = (event, context, callback) => callback(null, 1);",
      "Runtime.CallbackHandlerDeprecated",
      /removed support for callback-based/,
    ],
    [
      "an exit of the process",
      "exports.handler = async () => process.exit(3);",
      "Runtime.ExitError",
      /Error: Runtime exited with error: exit status 3$/,
    ],
    [
      "a kill of the process",
      "exports.handler = () => new Promise(() => process.kill(process.pid, 'SIGKILL'));",
      "Runtime.ExitError",
      /Error: Runtime exited with error: signal: killed$/,
    ],
    [
      "a rejection that nobody handles",
      "exports.handler = () => new Promise(() => { Promise.reject(new Error('lost')); });",
      "Runtime.UnhandledPromiseRejection",
      /lost/,
    ],
  ] as const) {
    it(`fails for ${title} as Lambda does`, async () => {
      await cloud.create("broken", source);

      const { value, FunctionError } = await invoke("broken");

      expect(FunctionError).to.equal("Unhandled");
      expect(value.errorType).to.equal(errorType);
      expect(value.errorMessage).to.match(message);
    });
  }

  it("kills a function at its timeout", async () => {
    await cloud.create("slow", "exports.handler = () => { for (;;); };", { Timeout: 1 });

    const { value, LogResult } = await invoke("slow");

    expect(value.errorType).to.equal("Sandbox.Timedout");
    expect(value.errorMessage).to.match(/^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/);
    expect(Buffer.from(LogResult ?? "", "base64").toString()).to.match(
      /Task timed out[\s\S]*Status: timeout/,
    );
  });

  it("ends a function that needs more memory than it has", async () => {
    const source = `exports.handler = async () => {
      const kept = [];
      for (;;) kept.push(Array.from({ length: 1000 }, (_, n) => ({ n })));
    };`;
    await cloud.create("greedy", source, { MemorySize: 128 });

    const { value, LogResult } = await invoke("greedy");

    expect(value.errorType).to.equal("Runtime.OutOfMemory");
    expect(value.errorMessage).to.match(/Runtime exited with error: signal: killed$/);
    expect(Buffer.from(LogResult ?? "", "base64").toString()).to.contain(
      "Status: error\tError Type: Runtime.OutOfMemory",
    );
  });

  it("runs one invocation at a time in a sandbox, and uses idle ones again", async () => {
    const source = `let runs = 0;
      exports.handler = async ({ waitMs }) => {
        const before = ++runs;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        return { pid: process.pid, runs: before };
      };`;
    await cloud.create("counter", source);

    const together = await Promise.all([
      invoke("counter", { waitMs: 1500 }),
      invoke("counter", { waitMs: 1500 }),
    ]);
    const after = await invoke("counter", { waitMs: 0 });

    const pids = together.map(({ value }) => value.pid);
    expect(new Set(pids).size).to.equal(2);
    expect(together.map(({ value }) => value.runs)).to.deep.equal([1, 1]);
    expect(pids).to.include(after.value.pid);
    expect(after.value.runs).to.equal(2);
  });

  it("serves new code in a new sandbox", async () => {
    await cloud.create("changing", "exports.handler = async () => 'old';");
    const before = await invoke("changing");

    await cloud.client.send(
      new UpdateFunctionCodeCommand({
        FunctionName: "changing",
        ZipFile: archive({ "index.mjs": "export const handler = async () => 'new';" }),
      }),
    );
    const after = await invoke("changing");

    expect([before.value, after.value]).to.deep.equal(["old", "new"]);
  });

  it("writes console output between START and REPORT to the function's log", async () => {
    const source = "exports.handler = async () => { console.log('stored %d', 3); console.error({ a: 1 }); };";
    await cloud.create("talker", source, { LoggingConfig: { LogGroup: "recorder" } });

    const { $metadata } = await invoke("talker");

    const messages = cloud.logLines.map(({ message }) => message);
    expect(messages[0]).to.equal(`START RequestId: ${$metadata.requestId} Version: $LATEST\n`);
    expect(messages[1]).to.match(/^\d{4}-\S+Z\t\S+\tINFO\tstored 3\n$/);
    expect(messages[2]).to.match(/^\d{4}-\S+Z\t\S+\tERROR\t\{ a: 1 \}\n$/);
    expect(messages[3]).to.equal(`END RequestId: ${$metadata.requestId}\n`);
    expect(messages[4]).to.match(
      /^REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB/,
    );
    expect(new Set(cloud.logLines.map(({ logGroupName }) => logGroupName))).to.deep.equal(
      new Set(["recorder"]),
    );
  });

  it("carries payloads of megabytes both ways", async () => {
    await cloud.create("echo", "exports.handler = async (event) => event;");
    const text = "0123456789".repeat(550_000);

    const { value } = await invoke("echo", { text });

    expect(value.text.length).to.equal(5_500_000);
  });

  it("fails an answer of more than 6 MB", async () => {
    await cloud.create("huge", "exports.handler = async () => 'x'.repeat(6_300_000);");

    const { value } = await invoke("huge");

    expect(value.errorType).to.equal("Function.ResponseSizeTooLarge");
  });
});
