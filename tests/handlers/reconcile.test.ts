import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import { makeReconcile, type ReconcileDeps } from "../../handlers/reconcile";
import type { ReconcileStreamRequest } from "../../handlers/reconcileStream";

const time = "2026-11-22T14:15:00Z";
const arnOf = (name: string) => `arn:aws:cloudwatch:us-east-1:123456789012:alarm:lastframe/dev/${name}`;

const alarm = (name: string): MetricAlarm => ({
  AlarmName: `lastframe/dev/${name}`,
  AlarmArn: arnOf(name),
  Dimensions: [{ Name: "StreamName", Value: name }],
  StateValue: name === "gate" ? "ALARM" : "OK",
});

async function* alarms(...names: string[]): AsyncGenerator<MetricAlarm> {
  for (const name of names) yield alarm(name);
}

describe("Reconcile", () => {
  let started: ReconcileStreamRequest[];
  beforeEach(() => {
    started = [];
  });

  const reconcile = (deps: Partial<ReconcileDeps> = {}) =>
    makeReconcile({
      listAlarms: () => alarms("gate", "podium"),
      readTags: async () => ({ RepeatedAlarm: "True", ClipSeconds: "60" }),
      start: async (request) => void started.push(request),
      streamCount: 2,
      ...deps,
    })({ time });
  const names = () => started.map(({ streamName }) => streamName);
  const refusal = (deps: Partial<ReconcileDeps>) => reconcile(deps).catch((error: Error) => error.message);

  it("starts a round for every stream, as of the event's time", async () => {
    const answer = await reconcile();

    expect(answer).to.deep.equal({ streams: 2 });
    const common = { clipSeconds: 60, now: time };
    expect(started).to.deep.equal([
      {
        ...{ streamName: "gate", alarmName: "lastframe/dev/gate", alarmArn: arnOf("gate") },
        ...{ isAlarmOn: true, ...common },
      },
      {
        ...{ streamName: "podium", alarmName: "lastframe/dev/podium", alarmArn: arnOf("podium") },
        ...{ isAlarmOn: false, ...common },
      },
    ]);
  });

  it("lets alarms be that have no tag, or watch no stream", async () => {
    const readTags = async (arn: string): Promise<Record<string, string>> =>
      arn === arnOf("podium") ? {} : { RepeatedAlarm: "True", ClipSeconds: "60" };
    async function* listAlarms(): AsyncGenerator<MetricAlarm> {
      yield* alarms("gate", "podium");
      yield { ...alarm("door"), Dimensions: [] };
    }

    await reconcile({ listAlarms, readTags, streamCount: 1 });

    expect(names()).to.deep.equal(["gate"]);
  });

  it("does not let one stream's failure keep the others waiting, and fails in the end, naming it", async () => {
    const start: ReconcileDeps["start"] = async (request) => {
      if (request.streamName === "gate") throw new Error("TooManyRequestsException");
      started.push(request);
    };

    const failure = await refusal({ start });

    expect(names()).to.deep.equal(["podium"]);
    expect(failure).to.equal("not reconciled: lastframe/dev/gate: Error: TooManyRequestsException");
  });

  it("does not let an alarm whose tags cannot be read keep the others waiting either", async () => {
    const readTags = async (arn: string): Promise<Record<string, string>> => {
      if (arn === arnOf("gate")) throw new Error("Throttling");
      return { RepeatedAlarm: "True", ClipSeconds: "60" };
    };

    const failure = await refusal({ readTags });

    expect(names()).to.deep.equal(["podium"]);
    expect(failure).to.equal("not reconciled: lastframe/dev/gate: Error: Throttling");
  });

  it("says so when a stream has lost its alarm, or the alarm its tag: nobody else would look at it", async () => {
    const failure = await refusal({ streamCount: 3 });

    expect(names()).to.deep.equal(["gate", "podium"]);
    expect(failure).to.equal(
      "not reconciled: 2 streams have an alarm with the tag RepeatedAlarm, and 3 were deployed: restore the alarm with pulumi up --refresh",
    );
  });
});
