import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import {
  acknowledgedBy,
  type EventCloud,
  fragmentsIn,
  OPERATION_MS,
  startEventCloud,
  type TestCamera,
} from "./support";

describe("an event whose names another has", function () {
  this.timeout(OPERATION_MS);
  let cloud: EventCloud;
  let id: string;
  let camera: TestCamera;
  before(async function () {
    cloud = await startEventCloud(this);
    const { baseEnvironment } = await cloud.makeBase("prod", async () => ({
      baseEnvironment: {
        version: 1,
        region: "us-east-1",
        bucket: cloud.bucket,
        prefix: "prod/",
        logRetentionDays: 1,
        alertsTopicArn: "arn:aws:sns:us-east-1:000000000000:prod-alerts",
      },
    }));
    expect(baseEnvironment?.value.prefix).to.equal("prod/");
    const { code, stderr } = await cloud.done(["start", "derby", "--streams", "start-line"]);
    expect(code, stderr).to.equal(0);
    id = await cloud.idOf("derby");
    camera = await cloud.film("derby-start-line");
    await camera.has(5);
  });
  after(() => cloud?.close());

  const tags = async () => {
    const video = new KinesisVideo(cloud.cloud.clientConfig);
    return (await video.listTagsForStream({ StreamName: "derby-start-line" })).Tags;
  };

  /** That the event of `dev` is as it was: its stack is there, its stream is open, its camera is recorded. */
  async function expectUntouched(): Promise<void> {
    const { stdout } = await cloud.done(["status", "derby", "--json"]);
    const { phase, cameras } = JSON.parse(stdout);
    const [{ activity, acknowledged }] = cameras;
    expect([phase, activity]).to.deep.equal(["running", "sending"]);
    expect(acknowledged).to.be.at.least(5);
    expect(await tags()).to.include({ stack: `lastframe/event-${id}`, base: "dev", event: id });
    expect(await tags()).not.to.have.property("closed");
    expect((await cloud.leftovers()).join()).to.equal(`lastframe/event-${id}.json`);
  }

  const keysBelow = async (Prefix: string) => {
    const { Contents = [] } = await cloud.s3.listObjectsV2({ Bucket: cloud.bucket, Prefix });
    return Contents.map(({ Key = "" }) => Key.slice(Prefix.length)).filter((key) => key !== "events/clock");
  };

  it("is not begun where the stack of that name is another environment's", async () => {
    const start = ["start", "derby", "--streams", "finish", "--base", "prod"];
    const { code, stdout, stderr } = await cloud.done(start);

    expect([code, stdout, stderr]).to.deep.equal([
      64,
      "",
      `error: [NAME] derby is taken: the stack event-${id} is that of an event on dev; choose another name, or write --base dev\n`,
    ]);
    expect(await keysBelow("prod/")).to.deep.equal([]);
    await expectUntouched();
  });

  it("is not made either where it was begun before that one's stack was there, and its stop leaves that one alone", async () => {
    const streams = [{ camera: "start-line", name: "derby-start-line" }];
    await cloud.putRecord(id, { base: "prod", phase: "starting", streams }, "prod/");

    const resumed = await cloud.done(["resume", "derby", "--base", "prod"]);
    const stopped = await cloud.done(["stop", "derby", "--base", "prod", "--abandon"]);

    expect([resumed.code, resumed.stdout, resumed.stderr.trim().split("\n").at(-1)]).to.deep.equal([
      64,
      "",
      `error: the stack event-${id} is that of an event on dev, begun at the same time; stop this one, and choose another name`,
    ]);
    expect(stopped.code, stopped.stderr).to.equal(0);
    expect(stopped.stdout).to.match(/^derby is stopped: silent/);
    await expectUntouched();
  });

  it("stops without the stream that it did not get, which another event of its environment has", async () => {
    const loser = id.replace("derby", "derby-start");
    const streams = [{ camera: "line", name: "derby-start-line" }];
    await cloud.putRecord(loser, { phase: "starting", streams });

    const { code, stdout, stderr } = await cloud.done(["stop", "derby-start"]);

    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^derby-start is stopped: silent/);
    const { streams: judged, abandoned } = await cloud.manifest("derby-start");
    expect([judged.map(({ compared }) => compared.listed), abandoned]).to.deep.equal([[0], []]);
    await expectUntouched();
  });

  it("is the one that keeps all that was sent to it", async () => {
    await camera.stop();

    const { code, stdout, stderr } = await cloud.done(["stop", "derby"]);

    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^derby is stopped: complete/);
    expect(fragmentsIn(await cloud.manifest("derby"))).to.deep.equal(acknowledgedBy(camera));
    expect(await cloud.leftovers()).to.deep.equal([]);
  });
});
