/**
 * Matroska as Kinesis Video Streams speaks it: the elements that carry meaning here, and the events in
 * which a reader reports a stream. Names are those of the Matroska specification (RFC 9559), with the
 * older "Timecode" for what RFC 9559 calls a timestamp, as the Kinesis Video documentation does.
 */

/** Element IDs, with their length marker bits, as they stand in the bytes. */
export const elementId = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  void: 0xec,
  crc32: 0xbf,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  info: 0x1549a966,
  timecodeScale: 0x2ad7b1,
  title: 0x7ba9,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  defaultDuration: 0x23e383,
  trackName: 0x536e,
  language: 0x22b59c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  bitDepth: 0x6264,
  contentEncodings: 0x6d80,
  tags: 0x1254c367,
  tag: 0x7373,
  simpleTag: 0x67c8,
  tagName: 0x45a3,
  tagString: 0x4487,
  cues: 0x1c53bb6b,
  chapters: 0x1043a770,
  attachments: 0x1941a469,
  cluster: 0x1f43b675,
  timecode: 0xe7,
  position: 0xa7,
  prevSize: 0xab,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
  referenceBlock: 0xfb,
} as const;

/** One TrackEntry. Strings end at their first NUL: producers pad them. */
export interface Track {
  /** The number that blocks refer to. */
  number: number;
  uid: bigint | number;
  type: "video" | "audio" | "other";
  /** For example `V_MPEG4/ISO/AVC`. */
  codecId: string;
  /** Codec set-up data: for H.264 the body of an `avcC` box, for AAC an AudioSpecificConfig. */
  codecPrivate?: Uint8Array;
  name?: string;
  /** ISO 639-2. */
  language?: string;
  defaultDurationNs?: number;
  video?: { widthPixels: number; heightPixels: number };
  audio?: { samplingHz: number; channels: number; bitDepth?: number };
  /** Frames are compressed or encrypted within Matroska (ContentEncodings): their bytes are not what `codecId` says. */
  isEncoded?: true;
}

/** One SimpleTag. `value` is empty when it has none. Strings end at their first NUL. */
export interface Tag {
  name: string;
  value: string;
}

interface ElementEvent<Kind extends string> {
  kind: Kind;
  /** Where the element begins, in bytes from the start of the stream. */
  offset: number;
  /** The element verbatim; of a Segment and a Cluster, only the ID and the size. */
  bytes: Uint8Array;
}

/** A Cluster has begun. Reported as soon as its Timecode is known, ahead of everything in it. */
export interface ClusterEvent extends ElementEvent<"cluster"> {
  /** In ticks of the stream's TimecodeScale. */
  timecode: number;
}

/** A SimpleBlock or a BlockGroup. */
export interface BlockEvent extends ElementEvent<"block"> {
  track: number;
  /** In ticks, signed, from the Timecode of the Cluster. */
  relativeTimecode: number;
  /** The block can be decoded without another one. */
  keyframe: boolean;
  /** The frames without their lacing: one, unless the block is laced. */
  frames: Uint8Array[];
  durationTicks?: number;
}

/** What a reader reports, in stream order. The events own their bytes. */
export type MatroskaEvent =
  | (ElementEvent<"ebml"> & { docType: string })
  | ElementEvent<"segment">
  | (ElementEvent<"info"> & {
      timecodeScaleNs: number;
      title?: string;
      muxingApp?: string;
      writingApp?: string;
    })
  | (ElementEvent<"tracks"> & { tracks: Track[] })
  | (ElementEvent<"tags"> & { tags: Tag[] })
  /** Any other element beside the Clusters: SeekHead, Void, Cues, CRC-32 and the like. */
  | (ElementEvent<"element"> & { id: number })
  | ClusterEvent
  | BlockEvent
  /** Any other element of a Cluster, its Timecode included: header, elements and blocks are the Cluster. */
  | (ElementEvent<"clusterElement"> & { id: number })
  /** The Cluster's size is reached; without a size, what follows cannot belong to it or nothing follows. */
  | { kind: "clusterEnd"; offset: number };

/** What a reader throws at bytes that are not Matroska, or that end too early. */
export interface MatroskaError extends Error {
  code: "INVALID_MATROSKA";
  /** Where the bytes stop making sense, from the start of the stream. */
  offset: number;
  /** What the same call had read before that place, so that bad bytes cost no good ones. */
  events: MatroskaEvent[];
}
