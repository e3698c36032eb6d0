import type * as aws from "@pulumi/aws";
import type { Plain, ResourceType, ResourceTypes } from "../resourceType";

const videoStream: ResourceType<Plain<aws.kinesis.VideoStreamArgs>> = {
  inputs: {
    name: "replaces",
    dataRetentionInHours: "updates",
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
  async update(StreamARN, inputs, { kinesisVideo }, old) {
    const version = async () => (await kinesisVideo.describeStream({ StreamARN })).StreamInfo?.Version;
    if (inputs.mediaType !== old.mediaType || inputs.deviceName !== old.deviceName) {
      const { mediaType: MediaType, deviceName: DeviceName } = inputs;
      await kinesisVideo.updateStream({ StreamARN, CurrentVersion: await version(), MediaType, DeviceName });
    }
    const moreHours = (inputs.dataRetentionInHours ?? 0) - (old.dataRetentionInHours ?? 0);
    if (moreHours === 0) return;
    await kinesisVideo.updateDataRetention({
      StreamARN,
      CurrentVersion: await version(),
      Operation: moreHours > 0 ? "INCREASE_DATA_RETENTION" : "DECREASE_DATA_RETENTION",
      DataRetentionChangeInHours: Math.abs(moreHours),
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
