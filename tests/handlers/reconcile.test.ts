import { expect } from "chai";
import { makeReconcile, type StackStream } from "../../handlers/reconcile";

const time = "2026-11-22T14:15:00Z";

const stream = (streamName: string): StackStream => ({
  streamName,
  clipSeconds: 60,
  alarmName: `lastframe/dev/${streamName}`,
  alarmArn: `arn:aws:cloudwatch:us-east-1:123456789012:alarm:lastframe/dev/${streamName}`,
  isAlarmOn: false,
});

async function* streams(...names: string[]): AsyncGenerator<StackStream> {
  for (const streamName of names) yield stream(streamName);
}

describe("Reconcile", () => {
  it("starts a round for every stream, as of the event's time", async () => {
    const started: object[] = [];
    const reconcile = makeReconcile({
      listStreams: () => streams("gate", "podium"),
      start: async (request) => void started.push(request),
    });

    const answer = await reconcile({ time });

    expect(answer).to.deep.equal({ streams: 2 });
    expect(started).to.deep.equal([
      { ...stream("gate"), now: time },
      { ...stream("podium"), now: time },
    ]);
  });

  it("does not let one stream's failure keep the others waiting, and fails in the end, naming it", async () => {
    const started: string[] = [];
    const reconcile = makeReconcile({
      listStreams: () => streams("gate", "podium"),
      start: async ({ streamName }) => {
        if (streamName === "gate") throw new Error("TooManyRequestsException");
        started.push(streamName);
      },
    });

    const failure = await reconcile({ time }).catch((error: Error) => error.message);

    expect(started).to.deep.equal(["podium"]);
    expect(failure).to.equal("not reconciled: gate: Error: TooManyRequestsException");
  });
});
