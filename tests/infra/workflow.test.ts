import aslValidator = require("asl-validator");

import { expect } from "chai";

import jsonata = require("jsonata");

import { planClips } from "../../archive/plan";
import { recorderWorkflow } from "../../infra/workflow";
import {
  failure,
  type ServedStepFunctions,
  serveStepFunctions,
  type TestFunction,
} from "../local/stepFunctions/support";

interface State {
  Type: string;
  Next?: string;
  Default?: string;
  Timestamp?: string;
  Choices?: { Condition: string; Next: string }[];
  Catch?: { ErrorEquals: string[]; Assign?: object; Next: string }[];
  Retry?: { ErrorEquals: string[] }[];
  Arguments?: { FunctionName: string };
}

const functions = { checkAlarmTag: "arn:tag", checkAlarmState: "arn:state", archiveClip: "arn:clip" };
const workflow = recorderWorkflow({ partition: "aws", ...functions }) as {
  StartAt: string;
  States: Record<string, State>;
};
const state = (name: string) => workflow.States[name] as State;

describe("the workflow", () => {
  it("is valid Amazon States Language", () => {
    const { isValid, errorsText } = aslValidator(workflow as never);

    expect(isValid, errorsText?.()).to.equal(true);
  });

  it("has the figure's states in the figure's order", () => {
    const chain = [
      "CheckAlarmTag",
      "IsRecorded",
      "WaitForClip",
      "CheckAlarmState",
      "ArchiveClip",
      "IsStillRecording",
    ];

    const walked = [workflow.StartAt];
    for (
      let next = state(workflow.StartAt);
      next && walked.length < chain.length;
      next = state(walked.at(-1) ?? "")
    ) {
      walked.push(next.Next ?? next.Default ?? "");
    }

    expect(walked).to.deep.equal(chain);
    expect(state("IsRecorded").Choices?.map(({ Next }) => Next)).to.deep.equal(["Ignored", "Duplicate"]);
    expect(state("IsStillRecording").Default).to.equal("WaitForClip");
  });

  it("calls each function by its ARN and tries every call again, whatever the error", () => {
    const tasks = Object.values(workflow.States).filter(({ Type }) => Type === "Task");

    const called = tasks.flatMap((task) => task.Arguments?.FunctionName ?? []);

    expect([...new Set(called)]).to.have.members(Object.values(functions));
    for (const task of tasks) expect(task.Retry?.at(-1)?.ErrorEquals).to.deep.equal(["States.ALL"]);
  });

  const waits: [string, number, string][] = [
    ["2026-11-22T14:02:00.000Z", 180, "2026-11-22T14:03:30.000Z"],
    ["2026-11-22T14:03:29.999Z", 180, "2026-11-22T14:03:30.000Z"],
    ["2026-11-22T14:03:30.000Z", 180, "2026-11-22T14:06:30.000Z"],
    ["2026-11-22T14:03:10.000Z", 60, "2026-11-22T14:03:30.000Z"],
    ["2026-11-22T14:03:10.000Z", 10, "2026-11-22T14:03:20.000Z"],
    ["2026-11-22T23:59:59.999Z", 900, "2026-11-23T00:00:30.000Z"],
  ];
  for (const [enteredAt, clipSeconds, due] of waits) {
    it(`waits from ${enteredAt} to ${due} for a clip of ${clipSeconds} s: its cell's end and 30 s`, async () => {
      const expression = state("WaitForClip").Timestamp?.match(/^{%(.*)%}$/s)?.[1] ?? "";
      const variables = {
        recording: { clipSeconds },
        states: { context: { State: { EnteredTime: enteredAt } } },
      };

      const timestamp = await jsonata(expression).evaluate({}, variables);

      expect(timestamp).to.equal(due);
    });
  }

  it("wakes at the very instant when the archiver takes a cell to be due", () => {
    const clipMs = 180_000;
    const dueMs = Date.parse("2026-11-22T14:03:30.000Z");
    const inCell = {
      fragmentNumber: "1",
      serverMs: dueMs - 30_001,
      producerMs: 0,
      durationMs: 1,
      sizeBytes: 1,
    };
    const plansAt = (nowMs: number) => planClips({ fragments: [inCell], listed: [inCell], clipMs, nowMs });

    const plans = [plansAt(dueMs - 1), plansAt(dueMs)];

    expect(plans.map(({ length }) => length)).to.deep.equal([0, 1]);
  });
});

describe("the workflow at work", function () {
  this.timeout(60_000);
  const alarm = { alarmName: "lastframe/dev/gate" };
  const recording = {
    ...alarm,
    isRecorded: true,
    isDuplicate: false,
    streamName: "gate",
    clipSeconds: 60,
  };
  const round = { hasBacklog: false, isDuplicate: false, isDone: false, successor: "" };
  let served: ServedStepFunctions | undefined;
  afterEach(() => served?.close());

  /** Starts the workflow over these functions; answers what each was called with, and a way to let minutes pass. */
  async function start(answers: { tag?: TestFunction; state?: TestFunction; clip?: TestFunction } = {}) {
    const standIns = {
      "arn:tag": answers.tag ?? (() => recording),
      "arn:state": answers.state ?? (() => ({ isRecording: true })),
      "arn:clip": answers.clip ?? (() => round),
    };
    const running = await serveStepFunctions(standIns);
    served = running;
    const { StartAt, States } = workflow;
    const machine = await running.create(StartAt, States);
    const executionArn = await running.begin(machine, { detail: alarm });
    const minutes = async (count: number) => {
      for (let minute = 0; minute < count; minute += 1) {
        await running.rest();
        await running.clock.advance(60_000);
      }
      await running.rest();
    };
    const calls = (name: string) =>
      running.invoked.filter(({ functionName }) => functionName === name).length;
    const status = async () => (await running.describe(executionArn)).status;
    return { running, executionArn, minutes, calls, status };
  }

  it("discards the event of an alarm without the tag", async () => {
    const { minutes, calls, status } = await start({ tag: () => ({ ...alarm, isRecorded: false }) });

    await minutes(3);

    expect([await status(), calls("arn:state")]).to.deep.equal(["SUCCEEDED", 0]);
  });

  it("records though the tag could not be read in the first ten minutes, and fails when nothing helps", async () => {
    let isBroken = true;
    const { minutes, calls, status } = await start({
      tag: () => (isBroken ? Promise.reject(failure("AccessDenied")) : recording),
    });
    await minutes(10);
    isBroken = false;
    await minutes(3);
    const mended = [await status(), calls("arn:clip") > 0];
    await served?.close();
    const never = await start({ tag: () => Promise.reject(failure("AccessDenied")) });
    await never.minutes(45);

    expect(mended).to.deep.equal(["RUNNING", true]);
    expect(await never.status()).to.equal("FAILED");
  });

  it("ends at once when another execution records the stream, or does so by now", async () => {
    const late = await start({ tag: () => ({ ...recording, isDuplicate: true }) });
    await late.minutes(3);
    const lateEnd = [await late.status(), late.calls("arn:clip")];
    await served?.close();
    const replaced = await start({ clip: () => ({ ...round, isDuplicate: true }) });
    await replaced.minutes(3);

    expect(lateEnd).to.deep.equal(["SUCCEEDED", 0]);
    expect([await replaced.status(), replaced.calls("arn:clip")]).to.deep.equal(["SUCCEEDED", 1]);
  });

  it("archives once for every clip's length, in four transitions, and ends when its round says that all is done", async () => {
    let isDone = false;
    const { minutes, calls, status, running, executionArn } = await start({
      state: () => ({ isRecording: !isDone }),
      clip: () => ({ ...round, isDone }),
    });

    await minutes(5);
    const whileRecording = [await status(), calls("arn:clip")];
    const entered = (await running.history(executionArn, { maxResults: 1000 })).filter(({ type }) =>
      type?.endsWith("StateEntered"),
    );
    isDone = true;
    await minutes(2);

    expect(whileRecording).to.deep.equal(["RUNNING", 5]);
    expect(entered.length).to.be.within(2 + 4 * 5 - 1, 2 + 4 * 5 + 1);
    expect([await status(), calls("arn:clip")]).to.deep.equal(["SUCCEEDED", 6]);
  });

  it("records on when the alarm rings again while it ends", async () => {
    let rings = 0;
    const { minutes, calls, status } = await start({
      state: () => ({ isRecording: rings++ === 1 }),
      clip: () => ({ ...round, isDone: true }),
    });

    await minutes(3);

    expect(calls("arn:tag")).to.equal(2);
    expect(calls("arn:clip")).to.equal(2);
    expect(await status()).to.equal("SUCCEEDED");
  });

  it("works off a backlog without waiting", async () => {
    let left = 5;
    const { minutes, calls } = await start({ clip: () => ({ ...round, hasBacklog: --left > 0 }) });

    await minutes(1);

    expect(calls("arn:clip")).to.equal(5);
  });

  it("stays in its loop when a clip cannot be archived for now", async () => {
    let isBroken = true;
    const { minutes, calls, status } = await start({
      clip: () => (isBroken ? Promise.reject(failure("AccessDenied")) : round),
    });

    await minutes(20);
    const whileBroken = await status();
    isBroken = false;
    const callsBefore = calls("arn:clip");
    await minutes(5);

    expect(whileBroken).to.equal("RUNNING");
    expect(calls("arn:clip") - callsBefore).to.be.within(4, 5);
  });

  it("archives what is due, and records on, when nobody can say how the alarm stands", async () => {
    const { minutes, calls, status } = await start({ state: () => Promise.reject(failure("Throttling")) });

    await minutes(20);

    expect(calls("arn:clip")).to.be.above(2);
    expect(await status()).to.equal("RUNNING");
  });

  it("hands over to the execution that the claim names, long before its history is full", async () => {
    const asked: boolean[] = [];
    const { running, executionArn, minutes, status } = await start({
      clip: (payload) => {
        const { handsOver, execution } = payload as { handsOver: boolean; execution: string };
        asked.push(handsOver);
        return {
          ...round,
          successor: handsOver ? "gate-00000000-2" : "",
          isDone: execution.startsWith("gate-"),
        };
      },
      state: () => ({ isRecording: asked.length < 201 }),
    });

    await minutes(205);
    const [last] = await running.history(executionArn, { reverseOrder: true, maxResults: 1 });
    const executions = running.published.filter(
      ({ detail }) => (detail as { status: string }).status === "RUNNING",
    );

    expect(asked.indexOf(true)).to.equal(200);
    expect(await status()).to.equal("SUCCEEDED");
    expect(Number(last?.id)).to.be.below(25_000 / 5);
    expect(executions.map(({ detail }) => (detail as { name: string }).name)[1]).to.equal("gate-00000000-2");
  });
});
