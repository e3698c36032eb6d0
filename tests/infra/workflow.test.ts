import aslValidator = require("asl-validator");

import { expect } from "chai";

import jsonata = require("jsonata");

import { recorderWorkflow } from "../../infra/workflow";

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
const workflow = recorderWorkflow(functions) as { StartAt: string; States: Record<string, State> };
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
      walked.push(next.Next ?? next.Choices?.at(-1)?.Next ?? "");
    }

    expect(walked).to.deep.equal(chain);
    expect(state("IsRecorded").Default).to.equal("Ignored");
    expect(state("IsStillRecording").Choices?.map(({ Next }) => Next)).to.deep.equal([
      "ArchiveClip",
      "WaitForClip",
    ]);
    expect(state("IsStillRecording").Default).to.equal("RecordingArchived");
  });

  it("calls each function by its ARN and tries every call again, whatever the error", () => {
    const tasks = Object.values(workflow.States).filter(({ Type }) => Type === "Task");

    const called = tasks.map((task) => task.Arguments?.FunctionName);

    expect(called).to.have.members(Object.values(functions));
    for (const task of tasks) expect(task.Retry?.at(-1)?.ErrorEquals).to.deep.equal(["States.ALL"]);
  });

  it("stays in its loop when a clip cannot be archived for now", () => {
    const { Catch } = state("ArchiveClip");

    const pause = state("PauseAfterFailure");

    expect(Catch).to.deep.equal([{ ErrorEquals: ["States.ALL"], Next: "PauseAfterFailure" }]);
    expect(pause.Next).to.equal("CheckAlarmState");
  });

  it("archives what is due, and records on, when nobody can say how the alarm stands", () => {
    const { Catch } = state("CheckAlarmState");

    expect(Catch).to.deep.equal([
      { ErrorEquals: ["States.ALL"], Assign: { isRecording: true }, Next: "ArchiveClip" },
    ]);
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
});
