import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { makeManualClock } from "../../support/manualClock";
import { failure, invokeState, serveStepFunctions } from "./support";

describe("local Step Functions: a restart", () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
  });
  afterEach(() => fs.rmSync(dataDir, { recursive: true }));

  it("goes on with a wait to its instant, keeping variables", async () => {
    const clock = makeManualClock();
    const before = await serveStepFunctions({}, { dataDir, clock });
    const arn = await before.create("Set", {
      Set: { Type: "Pass", Assign: { stream: "gate" }, Next: "Wait" },
      Wait: { Type: "Wait", Seconds: 60, Output: "{% $stream %}", End: true },
    });
    const executionArn = await before.begin(arn);
    await before.rest();
    await before.close();
    await clock.advance(50_000);

    const after = await serveStepFunctions({}, { dataDir, clock });
    const waiting = await after.settle(executionArn);
    await clock.advance(10_000);
    const ended = await after.settle(executionArn);

    await after.close();
    expect(waiting.status).to.equal("RUNNING");
    expect(ended).to.include({ status: "SUCCEEDED", output: '"gate"' });
  });

  it("starts a task in flight again, and its history shows it once", async () => {
    const clock = makeManualClock();
    const before = await serveStepFunctions(
      { archive: () => new Promise(() => undefined) },
      { dataDir, clock },
    );
    const arn = await before.create("Archive", { Archive: invokeState("archive", { End: true }) });
    const executionArn = await before.begin(arn);
    await before.rest();
    await before.close();

    const after = await serveStepFunctions({ archive: () => "stored" }, { dataDir, clock });
    const ended = await after.settle(executionArn);
    const events = await after.history(executionArn);

    await after.close();
    expect(before.invoked.length).to.equal(1);
    expect(ended).to.include({ status: "SUCCEEDED", output: '"stored"' });
    expect(events.map(({ id, type }) => [id, type])).to.deep.equal([
      [1, "ExecutionStarted"],
      [2, "TaskStateEntered"],
      [3, "TaskScheduled"],
      [4, "TaskStarted"],
      [5, "TaskSucceeded"],
      [6, "TaskStateExited"],
      [7, "ExecutionSucceeded"],
    ]);
  });

  it("goes on with the wait before a retry, and counts the attempts before it", async () => {
    const clock = makeManualClock();
    const busy = () => {
      throw failure("Busy");
    };
    const Retry = [{ ErrorEquals: ["Busy"], IntervalSeconds: 60, MaxAttempts: 1 }];
    const before = await serveStepFunctions({ archive: busy }, { dataDir, clock });
    const arn = await before.create("Archive", { Archive: invokeState("archive", { Retry, End: true }) });
    const executionArn = await before.begin(arn);
    await before.rest();
    await before.close();

    const after = await serveStepFunctions({ archive: busy }, { dataDir, clock });
    await after.settle(executionArn, 30_000);
    const early = after.invoked.length;
    const ended = await after.settle(executionArn, 60_000);

    await after.close();
    expect(early).to.equal(0);
    expect(after.invoked.length).to.equal(1);
    expect(ended).to.include({ status: "FAILED", error: "Busy" });
  });

  it("does not run the finished branches of Parallel again", async () => {
    const clock = makeManualClock();
    const functions = { archive: (payload: unknown) => payload };
    const before = await serveStepFunctions(functions, { dataDir, clock });
    const arn = await before.create("Both", {
      Both: {
        Type: "Parallel",
        Branches: [
          {
            StartAt: "First",
            States: {
              First: { Type: "Wait", Seconds: 10, Next: "Archive" },
              Archive: invokeState("archive", { End: true }),
            },
          },
          {
            StartAt: "Wait",
            States: { Wait: { Type: "Wait", Seconds: 60, Next: "Then" }, Then: { Type: "Succeed" } },
          },
        ],
        End: true,
      },
    });
    const executionArn = await before.begin(arn, "gate");
    await before.settle(executionArn, 30_000);
    await before.close();

    const after = await serveStepFunctions(functions, { dataDir, clock });
    const ended = await after.settle(executionArn, 60_000);

    await after.close();
    expect(ended).to.include({ status: "SUCCEEDED", output: '["gate","gate"]' });
    expect([before.invoked.length, after.invoked.length]).to.deep.equal([1, 0]);
  });
});
