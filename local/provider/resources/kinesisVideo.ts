import type * as aws from "@pulumi/aws";
import type { Plain, ResourceType, ResourceTypes } from "../resourceType";

const videoStream: ResourceType<Plain<aws.kinesis.VideoStreamArgs>> = {
  nameInput: "name",
  async create(inputs, { kinesisVideo }) {
    const { StreamARN } = await kinesisVideo.createStream({
      StreamName: inputs.name,
      DataRetentionInHours: inputs.dataRetentionInHours,
      MediaType: inputs.mediaType,
      DeviceName: inputs.deviceName,
      KmsKeyId: inputs.kmsKeyId,
      Tags: inputs.tags,
    });
    const { StreamInfo } = await kinesisVideo.describeStream({ StreamARN });
    const outputs = {
      ...inputs,
      arn: StreamARN,
      version: StreamInfo?.Version,
      creationTime: StreamInfo?.CreationTime?.toISOString(),
    };
    return { id: StreamARN ?? "", outputs };
  },
  async delete(StreamARN, _outputs, { kinesisVideo }) {
    await kinesisVideo.deleteStream({ StreamARN });
  },
};

export const kinesisVideoResources: ResourceTypes = { "aws:kinesis/videoStream:VideoStream": videoStream };
