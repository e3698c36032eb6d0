import * as crypto from "node:crypto";
import * as fs from "node:fs";
import { expect } from "chai";
import { type ArchiveEventOnBus, collectEvents } from "../support/eventQueue";
import { packetsOf } from "../support/ffprobe";
import type { Persisted } from "../support/film";
import { footage, hasFootage } from "../support/footage";
import { framesIn, framesSent } from "../support/frames";
import { deployRecording, type FetchedClip, type RecordingStack } from "../support/recording";

describe("a recording, from camera to bucket", function () {
  this.timeout(120_000);
  let stack: RecordingStack;
  const sources = { talk: "talk-h264-aac.mkv", clock: "clock.mkv" };
  const present = Object.entries(sources).filter(([, name]) => hasFootage(name));
  const files = Object.fromEntries(present.map(([stream, name]) => [stream, footage(name)]));
  const persisted: Record<string, Persisted[]> = {};
  const clips: Record<string, FetchedClip[]> = {};
  let endings: string[];
  let events: ArchiveEventOnBus[];

  before(async () => {
    const streams = Object.keys(files).map((name) => ({ name, alarmThreshold: 2, clipSeconds: 10 }));
    stack = await deployRecording({ streams, prefix: "derby/", event: "derby", owner: "Ada" });
    const receiveEvents = await collectEvents(stack.cloud, "lastframe");
    await Promise.all(
      Object.entries(files).map(async ([name, file]) => {
        persisted[name] = await stack.film(name, file);
      }),
    );
    endings = await stack.settled();
    for (const name of Object.keys(files)) clips[name] = await stack.clips(name);
    events = await receiveEvents();
  });
  after(() => stack?.close());

  it("ends every execution well", () => {
    expect(endings).to.have.length.of.at.least(present.length);
    expect([...new Set(endings)]).to.deep.equal(["SUCCEEDED"]);
  });

  for (const [name, file] of Object.entries(files)) {
    it(`keeps every coded frame of ${name} in exactly one clip, byte for byte, at its millisecond`, () => {
      const sent = framesSent(file, persisted[name] ?? []);

      const kept = framesIn(clips[name] ?? []);

      expect(kept).to.have.length.above(700);
      expect(kept).to.deep.equal(sent);
    });

    it(`tags every clip of ${name} as whose it is`, async () => {
      for (const { key } of clips[name] ?? []) {
        const { TagSet = [] } = await stack.s3.getObjectTagging({ Bucket: stack.outputs.bucket, Key: key });

        const tags = Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value]));
        expect(tags).to.deep.equal({ stack: "lastframe/test", stream: name, event: "derby", owner: "Ada" });
      }
    });

    it(`begins every clip of ${name} with a key frame, and names it by its time`, () => {
      for (const { key, file: clip, metadata } of clips[name] ?? []) {
        const [first] = packetsOf(clip).filter(({ codecType }) => codecType === "video");

        expect(first?.isKeyframe, key).to.equal(true);
        const compact = new Date(Number(metadata["start-ms"])).toISOString().replace(/[-:]/g, "");
        expect(key).to.contain(compact);
      }
    });

    it(`tells the event bus of ${name}: opened, every clip with its own hash, closed`, () => {
      const told = events.filter(({ detail }) => detail.stream === name);
      const hashes = (clips[name] ?? []).map(({ key, file: clip }) => [
        key,
        crypto.createHash("sha256").update(fs.readFileSync(clip)).digest("hex"),
      ]);

      const archived = told.filter((event) => event["detail-type"] === "Clip Archived");

      expect(told.filter((event) => event["detail-type"] === "Recording Opened")).to.have.length(1);
      expect(archived.map(({ detail }) => [detail.key, detail.sha256])).to.have.deep.members(hashes);
      expect(told.filter((event) => event["detail-type"] === "Recording Closed")).to.have.length(1);
      for (const { detail } of told) expect(detail).to.include({ version: 1, stack: "lastframe/test" });
    });

    it(`says of ${name}'s clips how many fragments they hold, and the sum is what was acknowledged`, () => {
      const counts = (clips[name] ?? []).map(({ metadata }) => Number(metadata["fragment-count"]));

      const sum = counts.reduce((total, count) => total + count, 0);

      expect(sum).to.equal(persisted[name]?.length);
      expect(counts.length).to.be.above(1);
    });
  }
});
