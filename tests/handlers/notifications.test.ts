import { expect } from "chai";
import { changeClaim } from "../../archive/claim";
import { makeSetNotification } from "../../handlers/setNotification";
import { makeStartOnNotification } from "../../handlers/startOnNotification";
import { memoryVault } from "../archive/memoryPorts";

const T0 = Date.UTC(2026, 10, 22, 14, 0, 0);
const STREAM = "arn:aws:kinesisvideo:us-east-1:123456789012:stream/gate/1795356120000";
const ALARMS = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:lastframe/dev/";

/** What SNS hands on of a fragment that a producer tagged. */
const notification = (
  nowMs = T0,
  message: object = { StreamArn: STREAM, NotificationType: "PERSISTED" },
) => ({
  Records: [{ Sns: { Message: JSON.stringify(message), Timestamp: new Date(nowMs).toISOString() } }],
});

function setUp() {
  const vault = memoryVault();
  const started: { name: string; input: object }[] = [];
  const asked: string[] = [];
  const start = makeStartOnNotification({
    readTags: async (alarmArn) => {
      asked.push(alarmArn);
      return { ClipSeconds: "60", RepeatedAlarm: "True" };
    },
    alarmArnPrefix: ALARMS,
    vault,
    prefix: "",
    startExecution: async (name, input) => void started.push({ name, input }),
  });
  const claim = () => JSON.parse(vault.objects.get("claims/gate.json")?.bytes.toString() ?? "{}");
  return { vault, started, asked, start, claim };
}

describe("StartOnNotification", () => {
  it("starts the Recorder of the stream, under a name that the claim holds first, as its alarm would", async () => {
    const { start, started, claim } = setUp();

    await start(notification());

    expect(started).to.have.length(1);
    expect(started[0]?.name).to.match(/^gate-[0-9a-f]{8}-1$/);
    expect(started[0]?.input).to.deep.equal({
      resources: [`${ALARMS}gate`],
      detail: {
        alarmName: "lastframe/dev/gate",
        configuration: { metrics: [{ metricStat: { metric: { dimensions: { StreamName: "gate" } } } }] },
      },
    });
    expect(claim()).to.deep.equal({
      holder: started[0]?.name,
      generation: 1,
      renewedAt: "2026-11-22T14:00:00.000Z",
    });
  });

  it("leaves a stream alone that is recorded", async () => {
    const { start, started, vault } = setUp();
    await changeClaim({ vault, prefix: "", streamName: "gate", nowMs: T0 }, () => "by-the-rule");

    await start(notification(T0 + 60_000));

    expect(started).to.deep.equal([]);
  });

  it("starts one Recorder however many fragments are tagged, and asks for the alarm's tags once", async () => {
    const { start, started, asked } = setUp();

    for (const seconds of [0, 60, 120]) await start(notification(T0 + seconds * 1000));

    expect(new Set(started.map(({ name }) => name))).to.have.property("size", 1);
    expect(asked).to.deep.equal([`${ALARMS}gate`]);
  });

  it("fails on what is no notification of a stream, so that it is kept as a dead letter", async () => {
    const { start } = setUp();

    const failure = await start(notification(T0, { hello: 1 })).catch((error: Error) => error.message);

    expect(failure).to.equal('a notification names no stream: {"hello":1}');
  });
});

describe("SetNotification", () => {
  const call = async (action: "create" | "update" | "delete", failure?: string) => {
    const calls: string[][] = [];
    const setNotification = makeSetNotification({
      configure: async (...args) => {
        calls.push(args);
        if (failure) throw Object.assign(new Error("no"), { name: failure });
      },
      pause: async () => undefined,
    });
    const outcome = await setNotification({ streamArn: STREAM, topicArn: "arn:topic", tf: { action } }).then(
      () => "done",
      (error: Error) => error.name,
    );
    return { calls, outcome };
  };

  it("switches a stream's notifications on when it is made or changed, and off when it is deleted", async () => {
    const statuses = [];
    for (const action of ["create", "update", "delete"] as const) {
      statuses.push((await call(action)).calls);
    }

    expect(statuses).to.deep.equal([
      [[STREAM, "arn:topic", "ENABLED"]],
      [[STREAM, "arn:topic", "ENABLED"]],
      [[STREAM, "arn:topic", "DISABLED"]],
    ]);
  });

  it("has nothing to switch off on a stream that is gone, and cannot switch on what is not there", async () => {
    const [off, on] = [
      await call("delete", "ResourceNotFoundException"),
      await call("create", "ResourceNotFoundException"),
    ];

    expect([off.outcome, on.outcome]).to.deep.equal(["done", "ResourceNotFoundException"]);
  });

  it("asks again for a minute while IAM has not heard of its role, and then says so", async () => {
    const { calls, outcome } = await call("create", "AccessDeniedException");

    expect(calls).to.have.length(12);
    expect(outcome).to.equal("AccessDeniedException");
  });
});
