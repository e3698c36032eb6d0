import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { path as ffprobePath } from "@ffprobe-installer/ffprobe";
import type { BlockEvent, MatroskaEvent, Track } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { streamHeader } from "../../media/matroskaWriter";
import { mp4Header } from "../../media/mp4Writer";
import { footage } from "../support/footage";

export const realFootage = ["kvs-clusters-h264.mkv", "kvs-getmedia-h264.mkv", "talk-h264-aac.mkv"];

export function footageBytes(name: string): Uint8Array {
  return new Uint8Array(fs.readFileSync(footage(name)));
}

/** Bytes in hexadecimal digits, with spaces where they help to read. */
export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

/** An H.264 track that MP4 takes, for made-up frames. */
export const avc: Track = {
  number: 1,
  uid: 1n,
  type: "video",
  codecId: "V_MPEG4/ISO/AVC",
  codecPrivate: bytesOf("014d401eff e1 0004 67640028 01 0004 68ee3880"),
  video: { widthPixels: 640, heightPixels: 360 },
};

/** G.711 A-law at 8 kHz as a WAVEFORMATEX: tag 6, one channel, 8000 Hz, 8000 bytes/s, blocks of 1, 8 bits. */
export const aLaw: Track = {
  number: 2,
  uid: 2n,
  type: "audio",
  codecId: "A_MS/ACM",
  codecPrivate: bytesOf("0600 0100 401f0000 401f0000 0100 0800 0000"),
  audio: { samplingHz: 8000, channels: 1 },
};

/** What stands ahead of the first Cluster of a stream of one video track. */
export const header = streamHeader({
  muxingApp: "test",
  writingApp: "test",
  tracks: [{ number: 1, uid: 7n, type: "video", codecId: "V_MPEG4/ISO/AVC", name: "camera" }],
});

/** All events of a whole stream. */
export function readAll(bytes: Uint8Array): MatroskaEvent[] {
  const reader = makeMatroskaReader();
  return [...reader.push(bytes), ...reader.end()];
}

/** The events of one kind. */
export function ofKind<Kind extends MatroskaEvent["kind"]>(events: MatroskaEvent[], kind: Kind) {
  return events.filter((event): event is Extract<MatroskaEvent, { kind: Kind }> => event.kind === kind);
}

/** One coded frame with its place in time, in ticks of the stream. */
export interface Frame {
  track: number;
  timecode: number;
  keyframe: boolean;
  bytes: Uint8Array;
}

/** The frames of a stream in their order. */
export function framesOf(events: MatroskaEvent[]): Frame[] {
  let clusterTimecode = 0;
  return events.flatMap((event) => {
    if (event.kind === "cluster") clusterTimecode = event.timecode;
    return event.kind === "block" ? framesOfBlock(event, clusterTimecode) : [];
  });
}

function framesOfBlock(block: BlockEvent, clusterTimecode: number): Frame[] {
  const { track, keyframe, frames, relativeTimecode } = block;
  return frames.map((bytes) => ({ track, keyframe, bytes, timecode: clusterTimecode + relativeTimecode }));
}

/** A whole MP4 file of these frames, whose timecodes are milliseconds, in their order. */
export function mp4File(tracks: Track[], frames: Frame[]): Uint8Array {
  const ownFrames = tracks.map((track) => frames.filter((frame) => frame.track === track.number));
  const next = tracks.map(() => 0);
  const order = frames.map((frame) => {
    const track = tracks.findIndex(({ number }) => number === frame.track);
    const sample = next[track]!;
    next[track] = sample + 1;
    return { track, sample };
  });
  const header = mp4Header({
    tracks: tracks.map((track, index) => ({
      track,
      samples: ownFrames[index]!.map(({ bytes, timecode, keyframe }) => ({
        sizeBytes: bytes.length,
        ptsMs: timecode,
        keyframe,
      })),
    })),
    order,
  });
  return Buffer.concat([header, ...frames.map((frame) => frame.bytes)]);
}

/** What ffprobe says about one coded frame. */
export interface ProbedPacket {
  stream_index: number;
  pts_time: string;
  dts_time: string;
  duration_time: string;
  size: string;
  flags: string;
  data_hash: string;
}

export interface Probed {
  streams: Record<string, unknown>[];
  packets: ProbedPacket[];
  format: Record<string, unknown>;
}

/** Has ffprobe read these bytes from a pipe, which it cannot seek. It must find nothing to complain about. */
export function probe(bytes: Uint8Array, ...options: string[]): Probed {
  const show = ["-show_streams", "-show_packets", "-show_format", "-show_data_hash", "md5"];
  const args = ["-v", "warning", "-of", "json", ...show, ...options, "pipe:0"];
  const { stdout, stderr } = spawnSync(ffprobePath, args, {
    input: bytes,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (stderr !== "") throw new Error(`ffprobe complains: ${stderr}`);
  return JSON.parse(stdout) as Probed;
}

/** A frame's bytes as ffprobe names them. */
export function dataHash(bytes: Uint8Array): string {
  return `MD5:${createHash("md5").update(bytes).digest("hex")}`;
}
