import { CreateStreamCommand } from "@aws-sdk/client-kinesis-video";
import { GetClipCommand, GetMediaForFragmentListCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import { expect } from "chai";
import { awsError } from "../../../local/core/errors";
import type { UseKey } from "../../../local/core/seams";
import { putAll } from "./producer";
import { allFragments, failureOf, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import { fragmentOf, headerOf, START_MS, videoTrack } from "./streamBytes";

const KEY = "arn:aws:kms:us-east-1:123456789012:key/5ab2a1c4-0000-4000-8000-000000000000";

describe("The KMS key of a Kinesis Video stream", () => {
  let kinesisVideo: ServedKinesisVideo;
  let used: Omit<Parameters<UseKey>[0], "call">[];
  /** The code of the error that KMS answers. */
  let refusal: string | undefined;
  beforeEach(async () => {
    [used, refusal] = [[], undefined];
    kinesisVideo = await serveKinesisVideo({
      async useKey({ call: _call, ...use }) {
        used.push(use);
        if (refusal) throw awsError(refusal, 400, "refused");
        return use.keyId;
      },
    });
    await kinesisVideo.control.send(
      new CreateStreamCommand({ StreamName: "gate", DataRetentionInHours: 24, KmsKeyId: KEY }),
    );
  });
  afterEach(() => kinesisVideo.close());

  const film = (second = 0) =>
    putAll(kinesisVideo.url, [headerOf(videoTrack()), fragmentOf({ timecodeMs: START_MS + second * 1000 })]);
  const clip = () => {
    const TimestampRange = { StartTimestamp: new Date(START_MS), EndTimestamp: new Date(START_MS + 60_000) };
    const ClipFragmentSelector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange } as const;
    return kinesisVideo.archive.send(new GetClipCommand({ StreamName: "gate", ClipFragmentSelector }));
  };

  it("encrypts what is written and decrypts what is read, both for the caller", async () => {
    await film();
    await clip();

    expect(used).to.deep.equal([
      { keyId: KEY, operations: ["GenerateDataKey"], via: "kinesisvideo" },
      { keyId: KEY, operations: ["Decrypt"], via: "kinesisvideo" },
    ]);
  });

  for (const [error, ErrorId, ErrorCode] of [
    ["AccessDeniedException", 4500, "KMS_KEY_ACCESS_DENIED"],
    ["DisabledException", 4501, "KMS_KEY_DISABLED"],
    ["KMSInvalidStateException", 4505, "KMS_KEY_INVALID_STATE"],
    ["NotFoundException", 4506, "KMS_KEY_NOT_FOUND"],
  ] as const) {
    it(`is told to a producer as ${ErrorCode} where KMS answers ${error}, and nothing is stored`, async () => {
      refusal = error;

      const acks = await film();

      expect(acks.at(-1)).to.deep.include({
        EventType: "ERROR",
        ErrorId,
        ErrorCode,
        FragmentTimecode: START_MS,
      });
      expect(await allFragments(kinesisVideo)).to.deep.equal([]);
    });
  }

  it("that refuses a reader lets it list fragments, and have no clip", async () => {
    await film();
    refusal = "AccessDeniedException";

    const failure = await failureOf(clip());

    expect(await allFragments(kinesisVideo)).to.have.length(1);
    expect(failure).to.include({ name: "NotAuthorizedException", status: 401 });
  });

  it("that refuses a reader of fragments says so in their place", async () => {
    await film();
    const [fragment] = await allFragments(kinesisVideo);
    refusal = "DisabledException";

    const { Payload } = await kinesisVideo.archive.send(
      new GetMediaForFragmentListCommand({ StreamName: "gate", Fragments: [fragment?.FragmentNumber ?? ""] }),
    );

    const text = Buffer.from((await Payload?.transformToByteArray()) ?? []).toString("latin1");
    expect(text).to.include("KMS_KEY_DISABLED").and.include("4501");
    expect(text).to.not.include("FRAGMENT_NOT_FOUND");
  });
});
