import type * as aws from "@pulumi/aws";
import type { Plain, ResourceType, ResourceTypes } from "../resourceType";

const videoStream: ResourceType<Plain<aws.kinesis.VideoStreamArgs>> = {
  inputs: {
    name: "replaces",
    // As the vendor's provider has it, though the service could change it.
    dataRetentionInHours: "replaces",
    mediaType: "updates",
    deviceName: "updates",
    kmsKeyId: "replaces",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, { kinesisVideo }) {
    const { StreamARN = "" } = await kinesisVideo.createStream({
      StreamName: inputs.name,
      DataRetentionInHours: inputs.dataRetentionInHours,
      MediaType: inputs.mediaType,
      DeviceName: inputs.deviceName,
      KmsKeyId: inputs.kmsKeyId,
      Tags: inputs.tags,
    });
    return StreamARN;
  },
  async read(StreamARN, known, { kinesisVideo }) {
    const { StreamInfo } = await kinesisVideo.describeStream({ StreamARN });
    return (
      StreamInfo && {
        name: StreamInfo.StreamName,
        arn: StreamInfo.StreamARN,
        dataRetentionInHours: StreamInfo.DataRetentionInHours,
        mediaType: StreamInfo.MediaType,
        deviceName: StreamInfo.DeviceName,
        // The service answers the key's ARN, whichever way it was named.
        kmsKeyId: known.kmsKeyId ?? StreamInfo.KmsKeyId,
        version: StreamInfo.Version,
        creationTime: StreamInfo.CreationTime?.toISOString(),
      }
    );
  },
  async update(StreamARN, { mediaType: MediaType, deviceName: DeviceName }, { kinesisVideo }, { changed }) {
    if (!changed.includes("mediaType") && !changed.includes("deviceName")) return;
    const { StreamInfo } = await kinesisVideo.describeStream({ StreamARN });
    await kinesisVideo.updateStream({
      StreamARN,
      CurrentVersion: StreamInfo?.Version,
      MediaType,
      DeviceName,
    });
  },
  delete: (StreamARN, _known, { kinesisVideo }) => kinesisVideo.deleteStream({ StreamARN }),
  tagging: {
    async list({ id }, { kinesisVideo }) {
      return (await kinesisVideo.listTagsForStream({ StreamARN: id })).Tags ?? {};
    },
    add: ({ id }, Tags, { kinesisVideo }) => kinesisVideo.tagStream({ StreamARN: id, Tags }),
    remove: ({ id }, TagKeyList, { kinesisVideo }) => kinesisVideo.untagStream({ StreamARN: id, TagKeyList }),
  },
};

export const kinesisVideoResources: ResourceTypes = { "aws:kinesis/videoStream:VideoStream": videoStream };
