import * as path from "node:path";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { expect } from "chai";
import { makeClock } from "../../../local/core/clock";
import { makeLambda } from "../../../local/lambda";
import { makeStepFunctions } from "../../../local/stepFunctions";
import { judgedCall } from "../../support/judgedCall";
import { serveServices } from "../../support/localService";
import { archive } from "../lambda/support";
import { invokeState, ROLE } from "./support";

describe("local Step Functions with local Lambda", () => {
  it("retries a function whose process was killed, and goes on with its answer", async () => {
    const made: { close(): void | Promise<void> }[] = [];
    const services = await serveServices(
      (deps) => {
        const lambda = makeLambda({
          ...deps,
          issueCredentials: () => ({
            accessKeyId: "ASIA",
            secretAccessKey: "secret",
            sessionToken: "token",
            expiration: new Date(Date.now() + 3_600_000),
          }),
          writeLog: () => undefined,
          nodePath: path.resolve(__dirname, "../../../node_modules"),
        });
        const stepFunctions = makeStepFunctions({
          ...deps,
          callAs: () => judgedCall(),
          invokeLambda: lambda.invoke,
          publishEvent: () => undefined,
        });
        made.push(stepFunctions, lambda);
        return [lambda.http, stepFunctions.http];
      },
      { clock: makeClock({ speed: 100 }) },
    );
    const source = `exports.handler = async ({ attempt }) => {
      if (attempt === 0) process.kill(process.pid, "SIGKILL");
      return { stored: attempt };
    };`;
    await new LambdaClient(services.clientConfig).send(
      new CreateFunctionCommand({
        FunctionName: "archive",
        Runtime: "nodejs24.x",
        Role: ROLE,
        Handler: "index.handler",
        Timeout: 30,
        Code: { ZipFile: archive({ "index.js": source }) },
      }),
    );
    const client = new SFNClient(services.clientConfig);
    const States = {
      Archive: invokeState("archive", {
        Arguments: {
          FunctionName: "archive",
          Payload: { attempt: "{% $states.context.State.RetryCount %}" },
        },
        Retry: [{ ErrorEquals: ["Runtime.ExitError"], IntervalSeconds: 2 }],
        End: true,
      }),
    };
    const definition = JSON.stringify({ QueryLanguage: "JSONata", StartAt: "Archive", States });
    const { stateMachineArn } = await client.send(
      new CreateStateMachineCommand({ name: "recorder", roleArn: ROLE, definition }),
    );

    const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn }));
    let ended = await client.send(new DescribeExecutionCommand({ executionArn }));
    while (ended.status === "RUNNING") {
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended = await client.send(new DescribeExecutionCommand({ executionArn }));
    }

    for (const service of made) await service.close();
    await services.close();
    expect(ended).to.include({ status: "SUCCEEDED", output: '{"stored":1}' });
  });
});
