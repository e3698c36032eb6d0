import { expect } from "chai";
import type { BaseEnvironment } from "../../../automation/event/baseEnvironment";
import { eventProgram } from "../../../automation/event/eventProgram";
import type { EventRecord } from "../../../automation/event/record";
import { type DeployedProgram, runProgram } from "../../support/program";

const HOOK = "arn:aws:lambda:us-east-1:123456789012:function:playlist";
const STACK = "lastframe/event-20261122-derby";

const record: EventRecord = {
  version: 1,
  id: "20261122-derby",
  base: "dev",
  streams: [{ camera: "gate", name: "derby-gate" }],
  clipSeconds: 60,
  startedAt: "2026-11-22T14:00:00Z",
  endsAt: "2026-11-22T20:00:00Z",
  phase: "starting",
};

const base: BaseEnvironment = {
  version: 1,
  region: "us-east-1",
  bucket: "archive-4e1f2a7",
  prefix: "",
  logRetentionDays: 30,
  alertsTopicArn: "arn:aws:sns:us-east-1:123456789012:alerts-1234567",
  tags: {},
};

describe("the program of an event", () => {
  const run = (of: Partial<BaseEnvironment> = {}): Promise<DeployedProgram> =>
    runProgram({}, { stack: "event-20261122-derby", program: eventProgram(record, { ...base, ...of }) });

  it("has a dashboard of its own, of its own stack", async () => {
    const program = await run();

    const { inputs } = program.resource("aws:cloudwatch/dashboard:Dashboard");

    expect(inputs.dashboardName).to.equal("lastframe-event-20261122-derby");
    expect(inputs.dashboardBody).to.contain(STACK);
  });

  it("tells the environment's clip hook of its clips, where there is one", async () => {
    const [without, hooked] = [await run(), await run({ clipHook: HOOK })];

    const rule = hooked.resource("aws:cloudwatch/eventRule:EventRule", "clip-hook").inputs;
    const target = hooked.resource("aws:cloudwatch/eventTarget:EventTarget", "clip-hook").inputs;

    expect(JSON.parse(rule.eventPattern)).to.deep.include({ detail: { stack: [STACK] } });
    expect(target.arn).to.equal(HOOK);
    expect(without.resources.map(({ name }) => name)).not.to.include("clip-hook");
  });
});
