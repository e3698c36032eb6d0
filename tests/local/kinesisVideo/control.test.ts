import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeImageGenerationConfigurationCommand,
  DescribeNotificationConfigurationCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  ListStreamsCommand,
  type StreamInfo,
  UpdateDataRetentionCommand,
  UpdateStreamCommand,
} from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { makeManualClock } from "../../support/manualClock";
import { createStream, failureOf, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import { START_MS } from "./streamBytes";

describe("The streams of Kinesis Video", () => {
  let kinesisVideo: ServedKinesisVideo;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo({ clock: makeManualClock(START_MS).clock });
  });

  afterEach(() => kinesisVideo.close());

  async function describeStream(StreamName = "gate"): Promise<StreamInfo> {
    const { StreamInfo } = await kinesisVideo.control.send(new DescribeStreamCommand({ StreamName }));
    return StreamInfo ?? {};
  }

  it("are described as they were made, under an ARN that ends in their creation time", async () => {
    const command = new CreateStreamCommand({
      StreamName: "gate",
      DeviceName: "phone-1",
      MediaType: "video/h264,audio/aac",
      KmsKeyId: "alias/footage",
      DataRetentionInHours: 24,
    });

    const { StreamARN } = await kinesisVideo.control.send(command);
    const { Version, ...described } = await describeStream();

    expect(StreamARN).to.equal(`arn:aws:kinesisvideo:us-east-1:123456789012:stream/gate/${START_MS}`);
    expect(described).to.deep.equal({
      StreamName: "gate",
      StreamARN,
      DeviceName: "phone-1",
      MediaType: "video/h264,audio/aac",
      KmsKeyId: "alias/footage",
      Status: "ACTIVE",
      CreationTime: new Date(START_MS),
      DataRetentionInHours: 24,
    });
    expect(Version).to.match(/^[a-zA-Z0-9]{1,64}$/);
  });

  it("are refused under a taken or impossible name, and with a retention of more than ten years", async () => {
    await createStream(kinesisVideo);

    const taken = await failureOf(createStream(kinesisVideo));
    const impossible = await failureOf(createStream(kinesisVideo, "front gate"));
    const tooLong = await failureOf(createStream(kinesisVideo, "door", 87_601));

    expect(taken).to.include({ name: "ResourceInUseException", status: 400 });
    expect(impossible).to.include({ name: "InvalidArgumentException", status: 400 });
    expect(impossible.message).to.contain("front gate");
    expect(tooLong.message).to.contain("DataRetentionInHours");
  });

  it("are found by name or by ARN, by exactly one of them, and not by the ARN of another life", async () => {
    const StreamARN = await createStream(kinesisVideo);
    const describe = (input: { StreamName?: string; StreamARN?: string }) =>
      kinesisVideo.control.send(new DescribeStreamCommand(input));

    const byArn = await describe({ StreamARN });
    const both = await failureOf(describe({ StreamName: "gate", StreamARN }));
    const neither = await failureOf(describe({}));
    const otherLife = await failureOf(describe({ StreamARN: StreamARN.replace(/\d$/, "9") }));

    expect(byArn.StreamInfo?.StreamName).to.equal("gate");
    expect(both.name).to.equal("InvalidArgumentException");
    expect(neither.name).to.equal("InvalidArgumentException");
    expect(otherLife).to.include({ name: "ResourceNotFoundException", status: 404 });
  });

  it("are listed by name in pages, and by the beginning of their name", async () => {
    for (const name of ["gate", "door", "garage", "gate2"]) await createStream(kinesisVideo, name);
    const namesOf = (list: StreamInfo[] = []) => list.map(({ StreamName }) => StreamName);

    const first = await kinesisVideo.control.send(new ListStreamsCommand({ MaxResults: 3 }));
    const { NextToken } = first;
    const second = await kinesisVideo.control.send(new ListStreamsCommand({ MaxResults: 3, NextToken }));
    const gates = await kinesisVideo.control.send(
      new ListStreamsCommand({
        StreamNameCondition: { ComparisonOperator: "BEGINS_WITH", ComparisonValue: "gate" },
      }),
    );

    expect(namesOf(first.StreamInfoList)).to.deep.equal(["door", "garage", "gate"]);
    expect(namesOf(second.StreamInfoList)).to.deep.equal(["gate2"]);
    expect(second.NextToken).to.equal(undefined);
    expect(namesOf(gates.StreamInfoList)).to.deep.equal(["gate", "gate2"]);
  });

  it("are updated only by those who know their version, which then changes", async () => {
    await createStream(kinesisVideo);
    const { Version: CurrentVersion } = await describeStream();
    const update = () =>
      kinesisVideo.control.send(
        new UpdateStreamCommand({ StreamName: "gate", CurrentVersion, MediaType: "video/h265" }),
      );

    await update();
    const again = await failureOf(update());

    expect(await describeStream()).to.include({ MediaType: "video/h265" });
    expect(again).to.include({ name: "VersionMismatchException", status: 400 });
  });

  it("keep as many hours more or less as they are told, from 0 to ten years", async () => {
    await createStream(kinesisVideo, "gate", 24);
    const change = async (
      Operation: "INCREASE_DATA_RETENTION" | "DECREASE_DATA_RETENTION",
      DataRetentionChangeInHours: number,
    ) => {
      const { Version: CurrentVersion } = await describeStream();
      const input = { StreamName: "gate", CurrentVersion, Operation, DataRetentionChangeInHours };
      await kinesisVideo.control.send(new UpdateDataRetentionCommand(input));
      return (await describeStream()).DataRetentionInHours;
    };

    const more = await change("INCREASE_DATA_RETENTION", 48);
    const less = await change("DECREASE_DATA_RETENTION", 71);
    const below = await failureOf(change("DECREASE_DATA_RETENTION", 2));
    const nothing = await change("DECREASE_DATA_RETENTION", 1);

    expect([more, less, nothing]).to.deep.equal([72, 1, 0]);
    expect(below).to.include({ name: "InvalidArgumentException", status: 400 });
  });

  it("are gone once deleted, and deleted only at the version given", async () => {
    const StreamARN = await createStream(kinesisVideo);
    const remove = (CurrentVersion?: string) =>
      kinesisVideo.control.send(new DeleteStreamCommand({ StreamARN, CurrentVersion }));

    const wrongVersion = await failureOf(remove("other"));
    await remove((await describeStream()).Version);
    const gone = await failureOf(describeStream());
    const twice = await failureOf(remove());

    expect(wrongVersion.name).to.equal("VersionMismatchException");
    expect(gone).to.include({ name: "ResourceNotFoundException", status: 404 });
    expect(twice).to.include({ name: "ResourceNotFoundException", status: 404 });
  });

  it("have their data served at the endpoint, for every kind of call", async () => {
    await createStream(kinesisVideo);
    const endpointOf = (APIName: string) =>
      kinesisVideo.control.send(
        new GetDataEndpointCommand({ StreamName: "gate", APIName: APIName as "GET_CLIP" }),
      );

    const put = await endpointOf("PUT_MEDIA");
    const clip = await endpointOf("GET_CLIP");
    const unknown = await failureOf(endpointOf("GET_MOVIE"));

    expect([put.DataEndpoint, clip.DataEndpoint]).to.deep.equal([kinesisVideo.url, kinesisVideo.url]);
    expect(unknown).to.include({ name: "InvalidArgumentException", status: 400 });
  });

  it("have neither notifications nor images configured", async () => {
    await createStream(kinesisVideo);

    const notification = await kinesisVideo.control.send(
      new DescribeNotificationConfigurationCommand({ StreamName: "gate" }),
    );
    const images = await kinesisVideo.control.send(
      new DescribeImageGenerationConfigurationCommand({ StreamName: "gate" }),
    );

    expect(notification.NotificationConfiguration).to.equal(undefined);
    expect(images.ImageGenerationConfiguration).to.equal(undefined);
  });
});
