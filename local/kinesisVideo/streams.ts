import { randomBytes } from "node:crypto";
import { awsError } from "../core/errors";
import type { Call, CloudDeps } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import { invalidArgument, optionalText } from "./input";
import type { NotificationConfiguration } from "./notifications";

/** One life of a stream: a stream that is deleted and made again under its name is another one. */
export interface StreamRecord {
  name: string;
  /** Unique among all streams; the last part of the ARN. */
  creationTimeMs: number;
  /** Changes with every update; updates must name the one they know. */
  version: string;
  deviceName?: string;
  mediaType?: string;
  kmsKeyId: string;
  /** 0 when the stream keeps nothing. */
  retentionHours: number;
  tags: Record<string, string>;
  notification?: NotificationConfiguration;
}

/** How calls name a stream: exactly one of the two. */
export interface StreamReference {
  StreamName?: string;
  StreamARN?: string;
}

/** The account's streams. */
export interface Streams {
  all(): StreamRecord[];
  arn(stream: StreamRecord): string;
  /**
   * Finds the stream that `reference` names, after IAM allowed `action` on it (with the stream's tags as
   * `aws:ResourceTag`).
   * @throws InvalidArgumentException, ResourceNotFoundException; what `call.authorize` throws
   */
  open(
    reference: StreamReference,
    call: Call,
    action: string,
    context?: Record<string, string | string[]>,
  ): Promise<StreamRecord>;
  /** @throws ResourceInUseException when the name is taken */
  add(stream: Omit<StreamRecord, "creationTimeMs" | "version">): StreamRecord;
  remove(stream: StreamRecord): void;
  /** Saves a changed stream under a new version. */
  update(stream: StreamRecord, change: Partial<StreamRecord>): void;
  /** Saves what leaves the version as it is. */
  annotate(stream: StreamRecord, change: Partial<Pick<StreamRecord, "tags" | "notification">>): void;
}

/** Stream names as the service's model has them. */
export const STREAM_NAME = { maxLength: 256, pattern: /^[a-zA-Z0-9_.-]+$/ };
const STREAM_ARN = {
  maxLength: 1024,
  pattern: /^arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:[a-z]+\/[a-zA-Z0-9_.-]+\/[0-9]+$/,
};

/** The streams of the data folder, kept in `kinesisVideo.json`. */
export function makeStreams({ store, clock, region, accountId }: CloudDeps): Streams {
  const document = store.document<{ streams: StreamRecord[] }>("kinesisVideo", { streams: [] });
  const arnOf = (name: string, creationTime: number | string) =>
    `arn:aws:kinesisvideo:${region}:${accountId}:stream/${name}/${creationTime}`;
  const arn = (stream: StreamRecord) => arnOf(stream.name, stream.creationTimeMs);

  function lookUp(reference: StreamReference): { stream?: StreamRecord; resource: string } {
    const name = optionalText(reference.StreamName, "StreamName", STREAM_NAME);
    const givenArn = optionalText(reference.StreamARN, "StreamARN", STREAM_ARN);
    if ((name === undefined) === (givenArn === undefined)) {
      throw invalidArgument("Name the stream by exactly one of StreamName and StreamARN.");
    }
    const stream = document.value.streams.find((known) =>
      givenArn === undefined ? known.name === name : arn(known) === givenArn,
    );
    // IAM is asked before the caller learns that a stream is absent, so a stand-in for its creation time is needed.
    return { stream, resource: stream ? arn(stream) : (givenArn ?? arnOf(name as string, 0)) };
  }

  return {
    all: () => document.value.streams,
    arn,
    async open(reference, call, action, context = {}) {
      const { stream, resource } = lookUp(reference);
      await call.authorize({
        action: `kinesisvideo:${action}`,
        resource,
        context: { ...resourceTagContext(stream?.tags), ...context },
      });
      if (!stream) {
        const named = reference.StreamARN ?? reference.StreamName;
        throw awsError("ResourceNotFoundException", 404, `The requested stream ${named} is not found.`);
      }
      return stream;
    },
    add(fields) {
      const { streams } = document.value;
      if (streams.some(({ name }) => name === fields.name)) {
        throw awsError("ResourceInUseException", 400, `The stream ${fields.name} already exists.`);
      }
      const latestMs = Math.max(0, ...streams.map(({ creationTimeMs }) => creationTimeMs));
      const stream: StreamRecord = {
        ...fields,
        creationTimeMs: Math.max(clock.nowMs(), latestMs + 1),
        version: newVersion(),
      };
      streams.push(stream);
      document.save();
      return stream;
    },
    remove(stream) {
      document.value.streams = document.value.streams.filter((known) => known !== stream);
      document.save();
    },
    update(stream, change) {
      Object.assign(stream, change, { version: newVersion() });
      document.save();
    },
    annotate(stream, change) {
      Object.assign(stream, change);
      document.save();
    },
  };
}

/** Versions are opaque: letters and digits, at most 64. */
function newVersion(): string {
  return randomBytes(10).toString("hex");
}
