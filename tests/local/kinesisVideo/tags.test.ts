import {
  CreateStreamCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  TagResourceCommand,
  TagStreamCommand,
  UntagResourceCommand,
  UntagStreamCommand,
} from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { failureOf, type ServedKinesisVideo, serveKinesisVideo } from "./service";

describe("The tags of a stream", () => {
  let kinesisVideo: ServedKinesisVideo;
  let ResourceARN: string;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo();
    const command = new CreateStreamCommand({ StreamName: "gate", Tags: { event: "derby", stack: "dev" } });
    ResourceARN = (await kinesisVideo.control.send(command)).StreamARN ?? "";
  });

  afterEach(() => kinesisVideo.close());

  async function tagsOfStream(): Promise<Record<string, string> | undefined> {
    return (await kinesisVideo.control.send(new ListTagsForStreamCommand({ StreamName: "gate" }))).Tags;
  }

  it("are added, replaced and taken away by the stream's name", async () => {
    await kinesisVideo.control.send(
      new TagStreamCommand({ StreamName: "gate", Tags: { event: "final", camera: "1" } }),
    );
    await kinesisVideo.control.send(new UntagStreamCommand({ StreamName: "gate", TagKeyList: ["stack"] }));

    expect(await tagsOfStream()).to.deep.equal({ event: "final", camera: "1" });
  });

  it("are the same by the resource's ARN, where they come as a list", async () => {
    await kinesisVideo.control.send(
      new TagResourceCommand({ ResourceARN, Tags: [{ Key: "camera", Value: "1" }] }),
    );
    await kinesisVideo.control.send(new UntagResourceCommand({ ResourceARN, TagKeyList: ["event"] }));
    const { Tags } = await kinesisVideo.control.send(new ListTagsForResourceCommand({ ResourceARN }));

    expect(Tags).to.deep.equal({ stack: "dev", camera: "1" });
    expect(await tagsOfStream()).to.deep.equal(Tags);
  });

  it("are at most 50, each of at most 256 characters", async () => {
    const many = Object.fromEntries(Array.from({ length: 49 }, (_, at) => [`key${at}`, ""]));

    const tooMany = await failureOf(
      kinesisVideo.control.send(new TagStreamCommand({ StreamName: "gate", Tags: many })),
    );
    const tooLong = await failureOf(
      kinesisVideo.control.send(
        new TagStreamCommand({ StreamName: "gate", Tags: { note: "x".repeat(257) } }),
      ),
    );

    expect(tooMany).to.include({ name: "TagsPerResourceExceededLimitException", status: 400 });
    expect(tooLong).to.include({ name: "InvalidArgumentException", status: 400 });
    expect(await tagsOfStream()).to.deep.equal({ event: "derby", stack: "dev" });
  });
});
