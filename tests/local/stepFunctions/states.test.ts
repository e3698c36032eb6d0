import { expect } from "chai";
import { failure, invokeState, ROLE, type ServedStepFunctions, serveStepFunctions } from "./support";

describe("local Step Functions: states", () => {
  let cloud: ServedStepFunctions;
  const serve = async (...options: Parameters<typeof serveStepFunctions>) => {
    cloud = await serveStepFunctions(...options);
    return cloud;
  };
  afterEach(() => cloud.close());

  it("passes a Pass state's Output on, and its input where there is none", async () => {
    await serve();

    const { value, status } = await cloud.run(
      "Add",
      {
        Add: {
          Type: "Pass",
          Output: { sum: "{% $states.input.a + $states.input.b %}", plain: "x" },
          Next: "Same",
        },
        Same: { Type: "Pass", End: true },
      },
      { a: 1, b: 2 },
    );

    expect(status).to.equal("SUCCEEDED");
    expect(value).to.deep.equal({ sum: 3, plain: "x" });
  });

  it("invokes a function as the machine's role and hands on its payload", async () => {
    await serve({ double: (payload) => ({ n: (payload as { n: number }).n * 2 }) });

    const { value } = await cloud.run("Double", { Double: invokeState("double", { End: true }) }, { n: 21 });

    expect(value).to.deep.equal({ n: 42 });
    expect(cloud.invoked).to.deep.equal([{ functionName: "double", payload: { n: 21 }, roleArn: ROLE }]);
  });

  it("answers the whole of Lambda's answer where a Task has no Output", async () => {
    await serve({ double: () => "done" });

    const { value } = await cloud.run("Double", {
      Double: { ...invokeState("double", { End: true }), Output: undefined },
    });

    expect(value).to.deep.equal({ ExecutedVersion: "$LATEST", Payload: "done", StatusCode: 200 });
  });

  it("takes the first choice whose condition holds, else the default", async () => {
    await serve();
    const states = {
      Which: {
        Type: "Choice",
        Choices: [
          { Condition: "{% $states.input.n > 10 %}", Next: "Many", Output: "{% $states.input.n %}" },
          { Condition: "{% $states.input.n > 1 %}", Next: "Some" },
        ],
        Default: "Few",
        Output: "few",
      },
      Many: { Type: "Succeed", Output: { many: "{% $states.input %}" } },
      Some: { Type: "Succeed", Output: "{% $states.input.n %}" },
      Few: { Type: "Succeed" },
    };
    const arn = await cloud.create("Which", states);

    const outputs: unknown[] = [];
    for (const n of [11, 2, 0]) outputs.push((await cloud.settle(await cloud.begin(arn, { n }))).output);

    expect(outputs).to.deep.equal(['{"many":11}', "2", '"few"']);
  });

  it("waits for seconds and until a timestamp of the cloud's time", async () => {
    await serve();
    const states = {
      Seconds: { Type: "Wait", Seconds: "{% $states.input.seconds %}", Next: "Timestamp" },
      Timestamp: { Type: "Wait", Timestamp: "{% $states.input.until %}", End: true },
    };
    const arn = await cloud.create("Seconds", states);
    const executionArn = await cloud.begin(arn, { seconds: 60, until: "2026-11-22T14:05:00Z" });

    await cloud.settle(executionArn);
    await cloud.clock.advance(299_000);
    const before = await cloud.settle(executionArn);
    await cloud.clock.advance(1000);
    const after = await cloud.settle(executionArn);

    expect([before.status, after.status]).to.deep.equal(["RUNNING", "SUCCEEDED"]);
    expect(after.stopDate).to.deep.equal(new Date("2026-11-22T14:05:00Z"));
  });

  it("fails with the error and cause of a Fail state", async () => {
    await serve();

    const { status, error, cause } = await cloud.run(
      "Refuse",
      { Refuse: { Type: "Fail", Error: "TooLate", Cause: "{% 'after ' & $states.input %}" } },
      "noon",
    );

    expect({ status, error, cause }).to.deep.equal({
      status: "FAILED",
      error: "TooLate",
      cause: "after noon",
    });
  });

  it("assigns variables after all expressions of the state were evaluated", async () => {
    await serve();

    const { value } = await cloud.run("First", {
      First: { Type: "Pass", Assign: { a: 1, b: 2 }, Next: "Swap" },
      Swap: {
        Type: "Pass",
        Assign: { a: "{% $b %}", b: "{% $a %}" },
        Output: "{% [$a, $b] %}",
        Next: "Show",
      },
      Show: { Type: "Succeed", Output: { before: "{% $states.input %}", after: "{% [$a, $b] %}" } },
    });

    expect(value).to.deep.equal({ before: [1, 2], after: [2, 1] });
  });

  it("shows AWS's context object", async () => {
    await serve();

    const { value, executionArn } = await cloud.run(
      "Show",
      { Show: { Type: "Pass", Output: "{% $states.context %}", End: true } },
      { stream: "gate" },
    );

    expect(value).to.deep.equal({
      Execution: {
        Id: executionArn,
        Input: { stream: "gate" },
        Name: executionArn.split(":").at(-1),
        RoleArn: ROLE,
        StartTime: "2026-11-22T14:00:00.000Z",
        RedriveCount: 0,
      },
      State: { Name: "Show", EnteredTime: "2026-11-22T14:00:00.000Z", RetryCount: 0 },
      StateMachine: { Id: "arn:aws:states:us-east-1:123456789012:stateMachine:machine", Name: "machine" },
    });
  });

  it("runs the branches of Parallel with the variables around them", async () => {
    await serve();

    const { value } = await cloud.run(
      "Set",
      {
        Set: { Type: "Pass", Assign: { stream: "gate" }, Next: "Both" },
        Both: {
          Type: "Parallel",
          Branches: [
            {
              StartAt: "Slow",
              States: { Slow: { Type: "Wait", Seconds: 5, Output: "{% $stream %}", End: true } },
            },
            {
              StartAt: "Own",
              States: {
                Own: { Type: "Pass", Assign: { mine: 1 }, Next: "Tell" },
                Tell: { Type: "Pass", Output: "{% $stream & $string($mine) %}", End: true },
              },
            },
          ],
          Output: "{% $states.result %}",
          End: true,
        },
      },
      {},
      10_000,
    );

    expect(value).to.deep.equal(["gate", "gate1"]);
  });

  it("maps items in order, no more at once than MaxConcurrency", async () => {
    let running = 0;
    let most = 0;
    await serve({
      async archive(payload) {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running -= 1;
        return payload;
      },
    });

    const { value } = await cloud.run(
      "Each",
      {
        Each: {
          Type: "Map",
          Items: "{% $states.input.streams %}",
          ItemSelector: {
            stream: "{% $states.context.Map.Item.Value %}",
            index: "{% $states.context.Map.Item.Index %}",
          },
          MaxConcurrency: 2,
          ItemProcessor: { StartAt: "Archive", States: { Archive: invokeState("archive", { End: true }) } },
          End: true,
        },
      },
      { streams: ["a", "b", "c", "d"] },
    );

    expect(value).to.deep.equal(["a", "b", "c", "d"].map((stream, index) => ({ stream, index })));
    expect(most).to.equal(2);
  });

  it("ends the other branches when one fails", async () => {
    await serve();

    const { error, executionArn } = await cloud.run("Both", {
      Both: {
        Type: "Parallel",
        Branches: [
          { StartAt: "Long", States: { Long: { Type: "Wait", Seconds: 3600, End: true } } },
          { StartAt: "Fail", States: { Fail: { Type: "Fail", Error: "Broken", Cause: "now" } } },
        ],
        End: true,
      },
    });

    const types = (await cloud.history(executionArn)).map(({ type }) => type);
    expect(error).to.equal("Broken");
    expect(types.slice(-2)).to.deep.equal(["ParallelStateFailed", "ExecutionFailed"]);
  });

  it("starts another execution from a task", async () => {
    await serve();
    const childArn = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";

    const { value } = await cloud.run("Which", {
      Which: {
        Type: "Choice",
        Choices: [{ Condition: "{% $states.input.child = true %}", Next: "Done" }],
        Default: "Start",
      },
      Start: {
        Type: "Task",
        Resource: "arn:aws:states:::states:startExecution",
        Arguments: { StateMachineArn: childArn, Name: "next", Input: { child: true } },
        End: true,
      },
      Done: { Type: "Succeed" },
    });

    const child = await cloud.settle(value.ExecutionArn);
    expect(child).to.include({ name: "next", status: "SUCCEEDED", input: '{"child":true}' });
  });

  it("fails with a function's error type, and shows its payload as the cause", async () => {
    await serve({
      broken: () => {
        throw failure("RangeError", "too far");
      },
    });

    const { error, cause } = await cloud.run("Try", { Try: invokeState("broken", { End: true }) });

    expect(error).to.equal("RangeError");
    expect(JSON.parse(cause ?? "")).to.deep.equal({ errorType: "RangeError", errorMessage: "too far" });
  });
});
