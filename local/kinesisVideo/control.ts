import { awsError } from "../core/errors";
import type { Call, CloudDeps, Operations } from "../core/service";
import { requestTagContext } from "../core/tagContext";
import {
  invalidArgument,
  optionalInteger,
  optionalText,
  requiredInteger,
  requiredOneOf,
  requiredText,
} from "./input";
import { STREAM_NAME, type StreamRecord, type StreamReference, type Streams } from "./streams";
import { tagsOf } from "./tags";

/** Ten years (quota page, "Maximum data retention"). */
const MAX_RETENTION_HOURS = 87_600;
/** The service's own page size where the caller names none. */
const DEFAULT_PAGE = 1000;
const API_NAMES = [
  "PUT_MEDIA",
  "GET_MEDIA",
  "LIST_FRAGMENTS",
  "GET_MEDIA_FOR_FRAGMENT_LIST",
  "GET_HLS_STREAMING_SESSION_URL",
  "GET_DASH_STREAMING_SESSION_URL",
  "GET_CLIP",
  "GET_IMAGES",
] as const;

const DEVICE_NAME = { maxLength: 128, pattern: /^[a-zA-Z0-9_.-]+$/ };
const MEDIA_TYPE = {
  maxLength: 128,
  pattern: /^[\w\-.+]+\/[\w\-.+]+(,[\w\-.+]+\/[\w\-.+]+)*$/,
};
const VERSION = { maxLength: 64, pattern: /^[a-zA-Z0-9]+$/ };

interface CreateStreamInput {
  StreamName?: string;
  DeviceName?: string;
  MediaType?: string;
  KmsKeyId?: string;
  DataRetentionInHours?: number;
  Tags?: Record<string, string>;
  StreamStorageConfiguration?: { DefaultStorageTier?: string };
}

interface ListStreamsInput {
  MaxResults?: number;
  NextToken?: string;
  StreamNameCondition?: { ComparisonOperator?: string; ComparisonValue?: string };
}

type Versioned = StreamReference & { CurrentVersion?: string };
type UpdateStreamInput = Versioned & { DeviceName?: string; MediaType?: string };
type UpdateDataRetentionInput = Versioned & { Operation?: string; DataRetentionChangeInHours?: number };

/**
 * The control plane of Kinesis Video Streams: the streams themselves and where their data is served.
 * @param media what to do with a stream's media when the stream goes or keeps less
 */
export function makeControlOperations(
  { endpointUrl, region, accountId }: CloudDeps,
  streams: Streams,
  media: {
    streamDeleted(stream: StreamRecord): Promise<void>;
    retentionChanged(stream: StreamRecord): Promise<void>;
  },
): Operations {
  const describe = (stream: StreamRecord) => ({
    DeviceName: stream.deviceName,
    StreamName: stream.name,
    StreamARN: streams.arn(stream),
    MediaType: stream.mediaType,
    KmsKeyId: stream.kmsKeyId,
    Version: stream.version,
    Status: "ACTIVE",
    CreationTime: new Date(stream.creationTimeMs),
    DataRetentionInHours: stream.retentionHours,
  });

  return {
    async CreateStream(input: CreateStreamInput, call: Call) {
      const name = requiredText(input.StreamName, "StreamName", STREAM_NAME);
      const tags = input.Tags ? tagsOf(input.Tags) : {};
      await call.authorize({
        action: "kinesisvideo:CreateStream",
        resource: `arn:aws:kinesisvideo:${region}:${accountId}:stream/${name}/0`,
        context: requestTagContext(tags),
      });
      const retentionLimits = { min: 0, max: MAX_RETENTION_HOURS };
      const tier = input.StreamStorageConfiguration?.DefaultStorageTier ?? "HOT";
      if (tier !== "HOT") throw invalidArgument(`Storage tier ${tier} is not available here; write HOT.`);
      const stream = streams.add({
        name,
        deviceName: optionalText(input.DeviceName, "DeviceName", DEVICE_NAME),
        mediaType: optionalText(input.MediaType, "MediaType", MEDIA_TYPE),
        kmsKeyId:
          optionalText(input.KmsKeyId, "KmsKeyId", { maxLength: 2048 }) ??
          `arn:aws:kms:${region}:${accountId}:alias/aws/kinesisvideo`,
        retentionHours:
          optionalInteger(input.DataRetentionInHours, "DataRetentionInHours", retentionLimits) ?? 0,
        tags,
      });
      return { StreamARN: streams.arn(stream) };
    },

    async DescribeStream(input: StreamReference, call: Call) {
      return { StreamInfo: describe(await streams.open(input, call, "DescribeStream")) };
    },

    async ListStreams(input: ListStreamsInput, call: Call) {
      await call.authorize({ action: "kinesisvideo:ListStreams", resource: "*" });
      const limits = { min: 1, max: 10_000 };
      const pageSize = optionalInteger(input.MaxResults, "MaxResults", limits) ?? DEFAULT_PAGE;
      const token = optionalText(input.NextToken, "NextToken", { maxLength: 1024 });
      const after = token === undefined ? "" : Buffer.from(token, "base64").toString("utf8");
      const prefix = namePrefix(input.StreamNameCondition);
      const found = streams
        .all()
        .filter(({ name }) => name > after && name.startsWith(prefix))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = found.slice(0, pageSize);
      return {
        StreamInfoList: page.map(describe),
        NextToken:
          found.length > pageSize ? Buffer.from(page.at(-1)?.name ?? "").toString("base64") : undefined,
      };
    },

    async UpdateStream(input: UpdateStreamInput, call: Call) {
      const stream = await streams.open(input, call, "UpdateStream");
      checkVersion(stream, requiredText(input.CurrentVersion, "CurrentVersion", VERSION));
      streams.update(stream, {
        deviceName: optionalText(input.DeviceName, "DeviceName", DEVICE_NAME) ?? stream.deviceName,
        mediaType: optionalText(input.MediaType, "MediaType", MEDIA_TYPE) ?? stream.mediaType,
      });
      return {};
    },

    async UpdateDataRetention(input: UpdateDataRetentionInput, call: Call) {
      const stream = await streams.open(input, call, "UpdateDataRetention");
      checkVersion(stream, requiredText(input.CurrentVersion, "CurrentVersion", VERSION));
      const direction = requiredOneOf(input.Operation, "Operation", [
        "INCREASE_DATA_RETENTION",
        "DECREASE_DATA_RETENTION",
      ]);
      const changeHours = requiredInteger(input.DataRetentionChangeInHours, "DataRetentionChangeInHours", {
        min: 1,
        max: MAX_RETENTION_HOURS,
      });
      const retentionHours =
        stream.retentionHours + (direction === "INCREASE_DATA_RETENTION" ? changeHours : -changeHours);
      if (retentionHours < 0 || retentionHours > MAX_RETENTION_HOURS) {
        throw invalidArgument(
          `The retention of ${stream.name} is ${stream.retentionHours} h and cannot become ${retentionHours} h: ` +
            `it goes from 0 to ${MAX_RETENTION_HOURS} h.`,
        );
      }
      streams.update(stream, { retentionHours });
      await media.retentionChanged(stream);
      return {};
    },

    async DeleteStream(input: Versioned, call: Call) {
      const stream = await streams.open({ StreamARN: input.StreamARN }, call, "DeleteStream");
      const version = optionalText(input.CurrentVersion, "CurrentVersion", VERSION);
      if (version !== undefined) checkVersion(stream, version);
      streams.remove(stream);
      await media.streamDeleted(stream);
      return {};
    },

    async GetDataEndpoint(input: StreamReference & { APIName?: string }, call: Call) {
      await streams.open(
        { StreamName: input.StreamName, StreamARN: input.StreamARN },
        call,
        "GetDataEndpoint",
      );
      requiredOneOf(input.APIName, "APIName", API_NAMES);
      return { DataEndpoint: endpointUrl() };
    },

    async DescribeImageGenerationConfiguration(input: StreamReference, call: Call) {
      await streams.open(input, call, "DescribeImageGenerationConfiguration");
      return {};
    },
  };
}

function namePrefix(condition: ListStreamsInput["StreamNameCondition"]): string {
  if (!condition) return "";
  requiredOneOf(condition.ComparisonOperator, "StreamNameCondition.ComparisonOperator", ["BEGINS_WITH"]);
  return requiredText(condition.ComparisonValue, "StreamNameCondition.ComparisonValue", STREAM_NAME);
}

function checkVersion(stream: StreamRecord, version: string): void {
  if (version === stream.version) return;
  throw awsError(
    "VersionMismatchException",
    400,
    `The stream ${stream.name} is at version ${stream.version}, not ${version}; describe it and try again.`,
  );
}
