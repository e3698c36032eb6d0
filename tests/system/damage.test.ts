import { expect } from "chai";
import { collectEvents } from "../support/eventQueue";
import { footage } from "../support/footage";
import { framesIn } from "../support/frames";
import { deployRecording, type RecordingStack } from "../support/recording";
import { until } from "../support/until";

const HIGHEST = 999_999_999_999;

describe("a recording whose archive somebody damages", function () {
  this.timeout(600_000);
  let stack: RecordingStack;
  const power = new AbortController();
  after(async () => {
    power.abort();
    await stack?.close();
  });

  const keysOf = async (Prefix: string) => {
    const { Contents = [] } = await stack.s3.listObjectsV2({ Bucket: stack.outputs.bucket, Prefix });
    return Contents.map(({ Key = "" }) => Key);
  };

  it("goes on, says exactly what it found, and leaves it and the other streams as they are", async () => {
    const streams = ["gate", "podium"].map((name) => ({ name, alarmThreshold: 2, clipSeconds: 10 }));
    stack = await deployRecording({ streams }, { speed: 5 });
    const { s3, outputs } = stack;
    const Bucket = outputs.bucket;
    const put = (Key: string, Body: string) => s3.putObject({ Bucket, Key, Body });
    const receiveEvents = await collectEvents(stack.cloud, "lastframe");
    const { signal } = power;
    const cameras = streams.map(({ name }) =>
      stack.film(name, footage("garden.mkv"), { loop: true, signal }),
    );
    await until(async () => (await keysOf("clips/stream=gate/")).length >= 3);

    const [newest = ""] = await keysOf("ledger/gate/");
    const folder = newest.slice(0, newest.lastIndexOf("/") + 1);
    const seq = HIGHEST - Number(newest.slice(folder.length, -".json".length));
    const foreign = `${folder}000-notes.txt`;
    const nonsense = `${folder}${HIGHEST - seq - 50}.json`;
    const [deleted = "", altered = ""] = await keysOf("clips/stream=gate/");
    await put(foreign, "what I did today");
    await put(nonsense, "{");
    await s3.deleteObject({ Bucket, Key: deleted });
    await put(altered, "something else");
    const clipsThen = (await keysOf("clips/stream=gate/")).length;
    await until(async () => (await keysOf("clips/stream=gate/")).length >= clipsThen + 3);
    power.abort();
    await Promise.all(cameras);
    await stack.settled();
    const events = await receiveEvents();
    const gate = await stack.verify("gate");
    const podium = await stack.verify("podium", "--deep");

    const found = events.filter((event) => event["detail-type"] === "Damage Found");
    expect(found.map(({ detail }) => detail.stream)).to.deep.equal(["gate"]);
    expect(found.flatMap(({ detail }) => detail.keys)).to.have.members([foreign, nonsense]);
    expect(gate.code).to.equal(2);
    for (const key of [foreign, nonsense, deleted, altered]) expect(gate.stdout).to.contain(key);
    expect([podium.code, podium.stdout.split("\n")[0]]).to.deep.equal([
      0,
      `podium in s3://${Bucket}/: complete`,
    ]);
    expect(framesIn(await stack.clips("podium"))).to.deep.equal(stack.framesFilmed("podium"));
    for (const Key of [foreign, nonsense, deleted, altered]) {
      const { Versions = [] } = await s3.listObjectVersions({ Bucket, Prefix: Key });
      expect(Versions.length, Key).to.equal(Key === altered ? 2 : 1);
    }
  });
});
