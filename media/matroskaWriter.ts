import { concat } from "./bytes";
import { elementId, type Tag, type Track } from "./matroska";

export { concat } from "./bytes";

/** An Info element's fields. */
export interface InfoFields {
  muxingApp: string;
  writingApp: string;
  title?: string;
  /** Length of one tick in nanoseconds. Default 1,000,000: ticks are milliseconds. */
  timecodeScaleNs?: number;
}

/** One frame to be written as a SimpleBlock without lacing. */
export interface SimpleBlockFields {
  track: number;
  /** In ticks from the Timecode of the Cluster, -32,768 to 32,767. */
  relativeTimecode: number;
  keyframe: boolean;
  frame: Uint8Array;
}

/** Any element: its ID, its size in the 8-byte form that Kinesis Video itself writes, its payload. */
export function element(id: number, payload: Uint8Array): Uint8Array {
  return concat([elementIdBytes(id), sizeBytes(payload.length), payload]);
}

/** The EBML header of a Matroska stream: version 4, for readers that know SimpleBlocks (version 2). */
export function ebmlHeader(): Uint8Array {
  return element(
    elementId.ebml,
    concat([
      text(elementId.docType, "matroska"),
      unsigned(elementId.docTypeVersion, 4),
      unsigned(elementId.docTypeReadVersion, 2),
    ]),
  );
}

/** The start of a Segment that goes on until the stream ends (unknown size, 8-byte form). */
export function segmentStart(): Uint8Array {
  return concat([elementIdBytes(elementId.segment), unknownSize()]);
}

/** An Info element. */
export function info(fields: InfoFields): Uint8Array {
  return element(
    elementId.info,
    concat([
      unsigned(elementId.timecodeScale, fields.timecodeScaleNs ?? 1_000_000),
      ...(fields.title === undefined ? [] : [text(elementId.title, fields.title)]),
      text(elementId.muxingApp, fields.muxingApp),
      text(elementId.writingApp, fields.writingApp),
    ]),
  );
}

/** A Tracks element. */
export function tracks(entries: Track[]): Uint8Array {
  return element(elementId.tracks, concat(entries.map(trackEntry)));
}

/** EBML header, Segment, Info and Tracks: everything ahead of the first Cluster. */
export function streamHeader(fields: InfoFields & { tracks: Track[] }): Uint8Array {
  return concat([ebmlHeader(), segmentStart(), info(fields), tracks(fields.tracks)]);
}

/** The start of a Cluster that goes on until the next element beside it, with its Timecode in ticks. */
export function clusterStart(timecode: number): Uint8Array {
  return concat([elementIdBytes(elementId.cluster), unknownSize(), unsigned(elementId.timecode, timecode)]);
}

/** A SimpleBlock of one frame. */
export function simpleBlock(block: SimpleBlockFields): Uint8Array {
  const { track, relativeTimecode, keyframe, frame } = block;
  if (!Number.isInteger(track) || track < 1 || track > 126) {
    throw new RangeError(`Track number ${track}: a SimpleBlock is written for tracks 1 to 126.`);
  }
  if (!Number.isInteger(relativeTimecode) || relativeTimecode < -0x8000 || relativeTimecode > 0x7fff) {
    throw new RangeError(
      `Relative timecode ${relativeTimecode} is outside -32768 to 32767: start another Cluster.`,
    );
  }
  const head = [0x80 | track, (relativeTimecode >> 8) & 0xff, relativeTimecode & 0xff, keyframe ? 0x80 : 0];
  return element(elementId.simpleBlock, concat([Uint8Array.from(head), frame]));
}

/** A Tags element with one Tag that holds all of them as SimpleTags. */
export function tags(entries: Tag[]): Uint8Array {
  const simpleTag = (tag: Tag) =>
    element(
      elementId.simpleTag,
      concat([text(elementId.tagName, tag.name), text(elementId.tagString, tag.value)]),
    );
  return element(elementId.tags, element(elementId.tag, concat(entries.map(simpleTag))));
}

function trackEntry(track: Track): Uint8Array {
  const optional = <Value>(value: Value | undefined, write: (value: Value) => Uint8Array) =>
    value === undefined ? [] : [write(value)];
  const typeCode = { video: 1, audio: 2, other: 0x21 };
  return element(
    elementId.trackEntry,
    concat([
      unsigned(elementId.trackNumber, track.number),
      unsigned(elementId.trackUid, track.uid),
      unsigned(elementId.trackType, typeCode[track.type]),
      ...optional(track.defaultDurationNs, (ns) => unsigned(elementId.defaultDuration, ns)),
      ...optional(track.name, (name) => text(elementId.trackName, name)),
      ...optional(track.language, (language) => text(elementId.language, language)),
      text(elementId.codecId, track.codecId),
      ...optional(track.codecPrivate, (bytes) => element(elementId.codecPrivate, bytes)),
      ...optional(track.video, (video) =>
        element(
          elementId.video,
          concat([
            unsigned(elementId.pixelWidth, video.widthPixels),
            unsigned(elementId.pixelHeight, video.heightPixels),
          ]),
        ),
      ),
      ...optional(track.audio, (audio) =>
        element(
          elementId.audio,
          concat([
            float(elementId.samplingFrequency, audio.samplingHz),
            unsigned(elementId.channels, audio.channels),
            ...optional(audio.bitDepth, (bits) => unsigned(elementId.bitDepth, bits)),
          ]),
        ),
      ),
    ]),
  );
}

/** Big-endian, without leading zero bytes. */
function bigEndian(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = BigInt(value); rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
  return Uint8Array.from(bytes);
}

function elementIdBytes(id: number): Uint8Array {
  return bigEndian(id);
}

function sizeBytes(size: number): Uint8Array {
  return bigEndian((1n << 56n) | BigInt(size));
}

function unknownSize(): Uint8Array {
  return Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
}

/** An element that holds an unsigned integer. */
export function unsigned(id: number, value: number | bigint): Uint8Array {
  return element(id, value === 0 || value === 0n ? Uint8Array.of(0) : bigEndian(value));
}

function float(id: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return element(id, bytes);
}

function text(id: number, value: string): Uint8Array {
  return element(id, new TextEncoder().encode(value));
}
