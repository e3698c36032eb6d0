import * as fs from "node:fs";
import { KinesisVideo, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import type { Cloud } from "../../local/cloud";
import { runCamera } from "../../producer/camera";
import { openFootage } from "../../producer/footage";
import { footage } from "../support/footage";
import { deployRecording, type RecordingStack } from "../support/recording";
import { signIn } from "../support/signIn";

describe("a phone that signs in as the page says", function () {
  this.timeout(180_000);
  let stack: RecordingStack;
  let phone: Cloud;
  before(async () => {
    const streams = [
      { name: "gate", alarmThreshold: 2, clipSeconds: 10 },
      { name: "podium", alarmThreshold: 2, clipSeconds: 10 },
    ];
    stack = await deployRecording({ streams, deviceSignIn: "true", deviceMfa: "off" }, { speed: 20 });
    phone = await signIn(stack.cloud, stack.outputs.phone ?? "", "gate");
  });
  after(() => stack?.close());

  const client = () => new KinesisVideoClient({ ...phone.clientConfig, maxAttempts: 1 });

  it("sends to the stream of its user's attribute, and that is archived", async () => {
    const source = await openFootage(() => fs.createReadStream(footage("clock.mkv")));

    const { clock } = stack.cloud;
    const { persistedFragments } = await runCamera({
      footage: source,
      stream: "gate",
      client: client(),
      clock,
    }).done;
    await stack.settled();

    const clips = await stack.clips("gate");
    const held = clips.reduce((sum, { metadata }) => sum + Number(metadata["fragment-count"]), 0);
    expect(persistedFragments).to.be.above(10);
    expect(held).to.equal(persistedFragments);
  });

  it("neither sends to another stream, nor watches its own", async () => {
    const video = new KinesisVideo({ ...phone.clientConfig, maxAttempts: 1 });
    const errorOf = (call: Promise<unknown>) =>
      call.then(
        () => "none",
        ({ name }: Error) => name,
      );

    const errors = await Promise.all([
      errorOf(video.getDataEndpoint({ StreamName: "podium", APIName: "PUT_MEDIA" })),
      errorOf(video.describeStream({ StreamName: "podium" })),
      errorOf(video.createStream({ StreamName: "mine" })),
      errorOf(video.deleteStream({ StreamARN: await arnOf("gate") })),
    ]);

    expect([...new Set(errors)]).to.deep.equal(["AccessDeniedException"]);
  });

  it("is shut out of its stream when that is closed", async () => {
    const owner = new KinesisVideo(stack.cloud.clientConfig);
    await owner.tagStream({ StreamName: "gate", Tags: { closed: "true" } });
    const source = await openFootage(() => fs.createReadStream(footage("clock.mkv")));

    const { clock } = stack.cloud;
    const failure = await runCamera({ footage: source, stream: "gate", client: client(), clock }).done.then(
      () => "none",
      ({ name }: Error) => name,
    );

    expect(failure).to.equal("AccessDeniedException");
  });

  async function arnOf(StreamName: string): Promise<string | undefined> {
    const owner = new KinesisVideo(stack.cloud.clientConfig);
    return (await owner.describeStream({ StreamName })).StreamInfo?.StreamARN;
  }
});
