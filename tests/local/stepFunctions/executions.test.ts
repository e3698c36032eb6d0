import {
  DescribeStateMachineForExecutionCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { invokeState, ROLE, type ServedStepFunctions, serveStepFunctions } from "./support";

const WAIT = { Wait: { Type: "Wait", Seconds: 60, End: true } };

describe("local Step Functions: executions", () => {
  let cloud: ServedStepFunctions;
  beforeEach(async () => {
    cloud = await serveStepFunctions({ double: (payload) => Number(payload) * 2 });
  });
  afterEach(() => cloud.close());

  const start = (stateMachineArn: string, name: string, input = "{}") =>
    cloud.client.send(new StartExecutionCommand({ stateMachineArn, name, input }));

  it("answers the same name and input again while the execution runs", async () => {
    const arn = await cloud.create("Wait", WAIT);

    const first = await start(arn, "gate-1");
    const second = await start(arn, "gate-1");

    expect(second.executionArn).to.equal(first.executionArn);
    expect(second.startDate).to.deep.equal(first.startDate);
  });

  it("refuses a name in use with another input, and one of an execution that ended", async () => {
    const arn = await cloud.create("Wait", WAIT);
    const { executionArn } = await start(arn, "gate-1");

    const otherInput = await refusalOf(start(arn, "gate-1", '{"n":1}'));
    await cloud.settle(executionArn as string, 60_000);
    const closed = await refusalOf(start(arn, "gate-1"));

    expect([otherInput.name, closed.name]).to.deep.equal([
      "ExecutionAlreadyExists",
      "ExecutionAlreadyExists",
    ]);
  });

  it("frees a name 90 days after its execution ended", async () => {
    const arn = await cloud.create("Done", { Done: { Type: "Succeed" } });
    await cloud.settle((await start(arn, "gate-1")).executionArn as string);

    await cloud.clock.advance(90 * 24 * 3600_000 + 1);
    const { executionArn } = await start(arn, "gate-1", '{"again":true}');

    expect(await cloud.settle(executionArn as string)).to.include({ input: '{"again":true}' });
  });

  for (const [title, request, name] of [
    ["a name with a space", { name: "a b" }, "InvalidName"],
    ["a name of 81 characters", { name: "a".repeat(81) }, "InvalidName"],
    ["an input that is no JSON", { input: "{" }, "InvalidExecutionInput"],
    ["an input beyond 256 KiB", { input: JSON.stringify("x".repeat(262_144)) }, "ValidationException"],
    ["a machine that is not there", { stateMachineArn: "elsewhere" }, "StateMachineDoesNotExist"],
    ["an ARN that is none", { stateMachineArn: "arn" }, "InvalidArn"],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const stateMachineArn = await cloud.create("Wait", WAIT);
      const given = "stateMachineArn" in request ? request.stateMachineArn : undefined;
      const other = given === "elsewhere" ? stateMachineArn.replace(/machine$/, given) : given;

      const error = await refusalOf(
        cloud.client.send(
          new StartExecutionCommand({ ...request, stateMachineArn: other ?? stateMachineArn }),
        ),
      );

      expect(error.name).to.equal(name);
    });
  }

  it("stops an execution with an error and a cause", async () => {
    const executionArn = await cloud.begin(await cloud.create("Wait", WAIT));
    await cloud.rest();

    await cloud.client.send(new StopExecutionCommand({ executionArn, error: "Enough", cause: "by hand" }));
    await cloud.clock.advance(120_000);

    const ended = await cloud.describe(executionArn);
    const events = await cloud.history(executionArn);
    expect(ended).to.include({ status: "ABORTED", error: "Enough", cause: "by hand" });
    expect(events.map(({ type }) => type)).to.deep.equal([
      "ExecutionStarted",
      "WaitStateEntered",
      "ExecutionAborted",
    ]);
  });

  it("ends an execution at the machine's own timeout", async () => {
    const { status, stopDate } = await cloud.run("Wait", WAIT, {}, 60_000, { TimeoutSeconds: 30 });

    expect(status).to.equal("TIMED_OUT");
    expect(stopDate).to.deep.equal(new Date("2026-11-22T14:00:30Z"));
  });

  it("keeps the history of AWS: types, order and details", async () => {
    const { executionArn } = await cloud.run("Try", { Try: invokeState("double", { End: true }) }, 21);

    const events = await cloud.history(executionArn);

    expect(events.map(({ id, previousEventId, type }) => [id, previousEventId, type])).to.deep.equal([
      [1, 0, "ExecutionStarted"],
      [2, 0, "TaskStateEntered"],
      [3, 2, "TaskScheduled"],
      [4, 3, "TaskStarted"],
      [5, 4, "TaskSucceeded"],
      [6, 5, "TaskStateExited"],
      [7, 6, "ExecutionSucceeded"],
    ]);
    expect(events[0]?.executionStartedEventDetails).to.deep.include({ input: "21", roleArn: ROLE });
    expect(events[1]?.stateEnteredEventDetails).to.deep.include({ name: "Try", input: "21" });
    expect(events[2]?.taskScheduledEventDetails).to.deep.equal({
      resourceType: "lambda",
      resource: "invoke",
      region: "us-east-1",
      parameters: '{"FunctionName":"double","Payload":21}',
    });
    expect(events[5]?.stateExitedEventDetails).to.deep.include({ name: "Try", output: "42" });
    expect(events[6]?.executionSucceededEventDetails).to.deep.include({ output: "42" });
    expect(events[0]?.timestamp).to.deep.equal(new Date("2026-11-22T14:00:00Z"));
  });

  it("answers the history in pages, backwards and without data", async () => {
    const { executionArn } = await cloud.run("Try", { Try: invokeState("double", { End: true }) }, 21);

    const events = await cloud.history(executionArn, {
      reverseOrder: true,
      maxResults: 3,
      nextToken: "3",
      includeExecutionData: false,
    });

    expect(events.map(({ id }) => id)).to.deep.equal([4, 3, 2]);
    expect(events[2]?.stateEnteredEventDetails).to.not.have.property("input");
  });

  it("lists executions newest first, by status, in pages", async () => {
    const arn = await cloud.create("Wait", WAIT);
    for (const name of ["a", "b", "c"]) {
      await start(arn, name);
      await cloud.clock.advance(50_000);
    }

    const list = (more: object) =>
      cloud.client.send(new ListExecutionsCommand({ stateMachineArn: arn, ...more }));
    const first = await list({ maxResults: 2 });
    const second = await list({ maxResults: 2, nextToken: first.nextToken });
    const running = await list({ statusFilter: "RUNNING" });

    expect(first.executions?.map(({ name }) => name)).to.deep.equal(["c", "b"]);
    expect(second.executions?.map(({ name }) => name)).to.deep.equal(["a"]);
    expect(running.executions?.map(({ name }) => name)).to.deep.equal(["c"]);
  });

  it("runs an execution to its end by the definition it began with", async () => {
    const arn = await cloud.create("Wait", WAIT);
    const executionArn = await cloud.begin(arn);
    await cloud.rest();
    const definition = JSON.stringify({
      QueryLanguage: "JSONata",
      StartAt: "New",
      States: { New: { Type: "Succeed", Output: { version: 2 } } },
    });

    await cloud.client.send(new UpdateStateMachineCommand({ stateMachineArn: arn, definition }));
    const old = await cloud.settle(executionArn, 60_000);
    const next = await cloud.settle(await cloud.begin(arn));

    const described = await cloud.client.send(new DescribeStateMachineForExecutionCommand({ executionArn }));
    expect(old.output).to.equal("{}");
    expect(next.output).to.equal('{"version":2}');
    expect(described.definition).to.contain("Wait");
  });

  it("publishes every change of status as AWS's event", async () => {
    const { executionArn } = await cloud.run("Try", { Try: invokeState("double", { End: true }) }, 21);

    expect(
      cloud.published.map(({ source, detailType, resources }) => [source, detailType, resources]),
    ).to.deep.equal(
      Array.from({ length: 2 }, () => [
        "aws.states",
        "Step Functions Execution Status Change",
        [executionArn],
      ]),
    );
    expect(cloud.published.map(({ detail }) => detail)).to.containSubset([
      { status: "RUNNING", stopDate: null, output: null, input: "21" },
      { status: "SUCCEEDED", stopDate: Date.parse("2026-11-22T14:00:00Z"), output: "42", error: null },
    ]);
  });
});
