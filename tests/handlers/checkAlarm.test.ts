import { expect } from "chai";
import { makeCheckAlarmState } from "../../handlers/checkAlarmState";
import { type AlarmEvent, makeCheckAlarmTag } from "../../handlers/checkAlarmTag";
import { memoryVault } from "../archive/memoryPorts";

const alarmArn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:lastframe/dev/gate";
const metricStat = { metric: { dimensions: { StreamName: "gate" } } };
const event = (metrics: object[] = [{ metricStat }]): AlarmEvent => ({
  resources: [alarmArn],
  detail: { alarmName: "lastframe/dev/gate", configuration: { metrics } },
});
const heard = (alarmEvent: AlarmEvent = event(), execution = "one", now = "2026-11-22T14:00:00.000Z") => ({
  event: alarmEvent,
  execution,
  now,
});
const withTags = (tags: Record<string, string>, vault = memoryVault()) =>
  makeCheckAlarmTag({ readTags: async () => tags, vault, prefix: "" });

describe("CheckAlarmTag", () => {
  it("records the stream of an alarm that is tagged, with the clip length of the tag beside it", async () => {
    const asked: string[] = [];
    const checkAlarmTag = makeCheckAlarmTag({
      readTags: async (arn) => {
        asked.push(arn);
        return { RepeatedAlarm: "True", ClipSeconds: "60" };
      },
      vault: memoryVault(),
      prefix: "",
    });

    const recording = await checkAlarmTag(heard());

    expect(recording).to.deep.equal({
      isRecorded: true,
      isDuplicate: false,
      alarmName: "lastframe/dev/gate",
      streamName: "gate",
      clipSeconds: 60,
    });
    expect(asked).to.deep.equal([alarmArn]);
  });

  it("discards an alarm without the tag, whatever it watches", async () => {
    const untagged = await withTags({ ClipSeconds: "60" })(heard(event([])));
    const otherwise = await withTags({ RepeatedAlarm: "False" })(heard());

    expect([untagged.isRecorded, otherwise.isRecorded]).to.deep.equal([false, false]);
  });

  it("finds the metric behind an expression", async () => {
    const withExpression = event([{ expression: "m1 > 10" }, { metricStat }]);

    const recording = await withTags({ RepeatedAlarm: "True", ClipSeconds: "180" })(heard(withExpression));

    expect(recording.streamName).to.equal("gate");
  });

  it("records for the first execution only, until that one is heard of no more", async () => {
    const checkAlarmTag = withTags({ RepeatedAlarm: "True", ClipSeconds: "60" });
    const ask = async (execution: string, now: string) =>
      (await checkAlarmTag(heard(event(), execution, now))).isDuplicate;

    const first = await ask("one", "2026-11-22T14:00:00.000Z");
    const again = await ask("one", "2026-11-22T14:00:05.000Z");
    const second = await ask("two", "2026-11-22T14:18:05.000Z");
    const stale = await ask("two", "2026-11-22T14:18:05.001Z");

    // Two clips of 60 s and the 960 s that a task may take.
    expect([first, again, second, stale]).to.deep.equal([false, false, true, false]);
  });

  it("fails on a tagged alarm that it cannot record, and says what is missing", async () => {
    const noStream = await withTags({ RepeatedAlarm: "True", ClipSeconds: "60" })(heard(event([]))).catch(
      String,
    );
    const noLength = await withTags({ RepeatedAlarm: "True" })(heard()).catch(String);

    expect(noStream).to.contain("alarm lastframe/dev/gate is tagged RepeatedAlarm but watches no stream");
    expect(noLength).to.contain("has no tag ClipSeconds (undefined)");
  });
});

describe("CheckAlarmState", () => {
  const states: [string | undefined, boolean][] = [
    ["ALARM", true],
    ["INSUFFICIENT_DATA", true],
    ["OK", false],
    [undefined, false],
  ];
  for (const [state, isRecording] of states) {
    it(`says that the camera ${isRecording ? "still sends" : "has stopped"} when the alarm is ${state ?? "gone"}`, async () => {
      const checkAlarmState = makeCheckAlarmState({ readState: async () => state });

      const answer = await checkAlarmState({ alarmName: "lastframe/dev/gate" });

      expect(answer).to.deep.equal({ isRecording });
    });
  }
});
