import { expect } from "chai";
import { awsError } from "../../../local/core/errors";
import { failure, INVOKE, invokeState, type ServedStepFunctions, serveStepFunctions } from "./support";

describe("local Step Functions: errors", () => {
  let cloud: ServedStepFunctions;
  const serve = async (...options: Parameters<typeof serveStepFunctions>) => {
    cloud = await serveStepFunctions(...options);
  };
  afterEach(() => cloud.close());

  /** A function that fails `times` times and then answers the number of its calls. */
  const flaky = (times: number, error: () => Error) => {
    let calls = 0;
    return () => {
      calls += 1;
      if (calls <= times) throw error();
      return calls;
    };
  };

  it("retries with growing waits of the cloud's time, up to the longest", async () => {
    const callTimesMs: number[] = [];
    await serve({
      flaky() {
        callTimesMs.push(cloud.clock.clock.nowMs());
        if (callTimesMs.length < 5) throw failure("Busy");
        return callTimesMs.length;
      },
    });
    const Retry = [
      { ErrorEquals: ["Busy"], IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, MaxDelaySeconds: 5 },
    ];

    const { output } = await cloud.run(
      "Try",
      { Try: invokeState("flaky", { Retry, End: true }) },
      {},
      60_000,
    );

    const waitsMs = callTimesMs.slice(1).map((atMs, index) => atMs - (callTimesMs[index] ?? 0));
    expect(output).to.equal("5");
    expect(waitsMs).to.deep.equal([2000, 4000, 5000, 5000]);
  });

  it("counts attempts per retrier and then lets Catch take the error", async () => {
    await serve({ flaky: flaky(9, () => failure("Busy", "full")) });
    const states = {
      Try: invokeState("flaky", {
        Retry: [{ ErrorEquals: ["Other"] }, { ErrorEquals: ["Busy"], IntervalSeconds: 1, MaxAttempts: 2 }],
        Catch: [
          { ErrorEquals: ["Other"], Next: "Lost" },
          {
            ErrorEquals: ["States.ALL"],
            Next: "Caught",
            Assign: { why: "{% $states.errorOutput.Error %}" },
          },
        ],
        Next: "Lost",
      }),
      Caught: { Type: "Succeed", Output: { why: "{% $why %}", error: "{% $states.input.Error %}" } },
      Lost: { Type: "Fail" },
    };

    const { value } = await cloud.run("Try", states, {}, 10_000);

    expect(value).to.deep.equal({ why: "Busy", error: "Busy" });
    expect(cloud.invoked.length).to.equal(3);
  });

  it("shows a task how often it was retried", async () => {
    await serve({ flaky: flaky(2, () => failure("Busy")) });
    const Arguments = { FunctionName: "flaky", Payload: "{% $states.context.State.RetryCount %}" };
    const Retry = [{ ErrorEquals: ["States.ALL"] }];

    await cloud.run("Try", { Try: invokeState("flaky", { Arguments, Retry, End: true }) }, {}, 10_000);

    expect(cloud.invoked.map(({ payload }) => payload)).to.deep.equal([0, 1, 2]);
  });

  for (const [title, thrown, expected] of [
    [
      "throttling",
      awsError("TooManyRequestsException", 429, "Rate Exceeded."),
      "Lambda.TooManyRequestsException",
    ],
    [
      "an unknown function",
      awsError("ResourceNotFoundException", 404, "not found"),
      "Lambda.ResourceNotFoundException",
    ],
    ["a missing permission", awsError("AccessDeniedException", 403, "no"), "Lambda.AWSLambdaException"],
    ["a fault of the service", awsError("InternalFailure", 500, "oops"), "Lambda.ServiceException"],
  ] as const) {
    it(`calls ${title} ${expected}, which States.TaskFailed takes`, async () => {
      await serve({
        f: () => {
          throw thrown;
        },
      });
      const Catch = [{ ErrorEquals: ["States.TaskFailed"], Next: "Caught" }];
      const states = {
        Try: invokeState("f", { Catch, End: true }),
        Caught: { Type: "Succeed", Output: "{% $states.input.Error %}" },
      };

      const { value } = await cloud.run("Try", states);

      expect(value).to.equal(expected);
    });
  }

  it("calls a failure without a type Lambda.Unknown", async () => {
    await serve({
      f: () => {
        throw Object.assign(new Error(), { functionFailure: { errorMessage: "?" } });
      },
    });

    const { error } = await cloud.run("Try", { Try: invokeState("f", { End: true }) });

    expect(error).to.equal("Lambda.Unknown");
  });

  it("times a task out by the cloud's clock, which States.TaskFailed does not take", async () => {
    await serve({ never: () => new Promise(() => undefined) });
    const states = {
      Try: invokeState("never", {
        TimeoutSeconds: "{% 2 + 3 %}",
        Catch: [
          { ErrorEquals: ["States.TaskFailed"], Next: "Wrong" },
          { ErrorEquals: ["States.Timeout"], Next: "Right" },
        ],
        End: true,
      }),
      Wrong: { Type: "Fail" },
      Right: { Type: "Succeed" },
    };

    const { status, stopDate, executionArn } = await cloud.run("Try", states, {}, 10_000);

    expect(status).to.equal("SUCCEEDED");
    expect(stopDate).to.deep.equal(new Date("2026-11-22T14:00:05Z"));
    expect((await cloud.history(executionArn)).map(({ type }) => type)).to.include("TaskTimedOut");
  });

  it("retries a whole Parallel state", async () => {
    await serve({ flaky: flaky(1, () => failure("Busy")), steady: () => "ok" });
    const branch = (name: string) => ({
      StartAt: name,
      States: { [name]: invokeState(name, { End: true }) },
    });
    const Retry = [{ ErrorEquals: ["Busy"], IntervalSeconds: 1 }];

    const { value } = await cloud.run(
      "Both",
      { Both: { Type: "Parallel", Branches: [branch("steady"), branch("flaky")], Retry, End: true } },
      {},
      5000,
    );

    expect(value).to.deep.equal(["ok", 2]);
    expect(cloud.invoked.filter(({ functionName }) => functionName === "steady").length).to.equal(2);
  });

  it("fails on an expression that answers nothing, and says where", async () => {
    await serve();

    const { error, cause, executionArn } = await cloud.run("Read", {
      Read: { Type: "Pass", Output: { at: "{% $states.input.missing %}" }, End: true },
    });

    const event = (await cloud.history(executionArn)).find(({ type }) => type === "EvaluationFailed");
    expect(error).to.equal("States.QueryEvaluationError");
    expect(cause).to.match(/\$states\.input\.missing.*Output\/at.*returned nothing/);
    expect(event?.evaluationFailedEventDetails).to.include({ state: "Read", location: "Output/at" });
  });

  it("lets Catch take a failed expression of a task", async () => {
    await serve({ f: () => 1 });
    const states = {
      Try: invokeState("f", {
        Output: "{% $undefinedVariable %}",
        Catch: [{ ErrorEquals: ["States.QueryEvaluationError"], Next: "Caught" }],
        End: true,
      }),
      Caught: { Type: "Succeed", Output: { caught: true } },
    };

    const { value } = await cloud.run("Try", states);

    expect(value).to.deep.equal({ caught: true });
  });

  it("fails a choice that matches nothing and one that is no boolean", async () => {
    await serve();
    const choice = (Condition: string) => ({
      Which: { Type: "Choice", Choices: [{ Condition, Next: "Done" }] },
      Done: { Type: "Succeed" },
    });

    const none = await cloud.run("Which", choice("{% false %}"));
    await cloud.forget();
    const wrong = await cloud.run("Which", choice("{% 1 %}"));

    expect(none.error).to.equal("States.NoChoiceMatched");
    expect(wrong.error).to.equal("States.QueryEvaluationError");
  });

  it("fails beyond 256 KiB of output, and nothing catches that", async () => {
    await serve({ large: () => "x".repeat(262_144) });
    const Catch = [{ ErrorEquals: ["States.ALL"], Next: "Caught" }];

    const { error } = await cloud.run("Try", {
      Try: invokeState("large", { Catch, End: true }),
      Caught: { Type: "Succeed" },
    });

    expect(error).to.equal("States.DataLimitExceeded");
  });

  it("fails an execution that would need more than 25,000 events", async () => {
    await serve();

    const executionArn = await cloud.begin(
      await cloud.create("Again", {
        Again: { Type: "Choice", Choices: [{ Condition: "{% false %}", Next: "Never" }], Default: "Again" },
        Never: { Type: "Succeed" },
      }),
    );
    let ended = await cloud.describe(executionArn);
    while (ended.status === "RUNNING") {
      await cloud.rest();
      ended = await cloud.describe(executionArn);
    }

    const [last] = await cloud.history(executionArn, { reverseOrder: true, maxResults: 1 });
    expect(ended).to.include({ status: "FAILED", error: "States.Runtime" });
    expect(ended.cause).to.equal("The execution reached the maximum number of history events (25000).");
    expect(last).to.include({ id: 25_000, type: "ExecutionFailed" });
  });

  it("fails a task whose arguments turn out to be wrong", async () => {
    await serve();

    const { error, cause } = await cloud.run("Try", {
      Try: { Type: "Task", Resource: INVOKE, Arguments: "{% {'Payload': 1} %}", End: true },
    });

    expect(error).to.equal("States.Runtime");
    expect(cause).to.contain('The field "FunctionName" is required but was missing');
  });
});
