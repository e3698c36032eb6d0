import { execFileSync } from "node:child_process";
import { path as ffprobe } from "@ffprobe-installer/ffprobe";

/** A coded frame as ffprobe reads it from a file. */
export interface Packet {
  codecType: "video" | "audio";
  ptsMs: number;
  durationMs: number;
  isKeyframe: boolean;
  sizeBytes: number;
  /** MD5 of the coded bytes. */
  hash: string;
}

/** Every coded frame of a file, in file order: an oracle that shares no code with ours. Fails on any complaint of ffprobe's. */
export function packetsOf(file: string): Packet[] {
  const entries = "packet=codec_type,pts_time,duration_time,flags,size,data_hash";
  const args = [
    "-v",
    "error",
    "-show_packets",
    "-show_data_hash",
    "md5",
    "-show_entries",
    entries,
    "-of",
    "json",
    file,
  ];
  const { packets } = JSON.parse(execFileSync(ffprobe, args, { encoding: "utf8", maxBuffer: 1 << 28 })) as {
    packets: Record<string, string>[];
  };
  return packets.map((packet) => ({
    codecType: packet.codec_type as Packet["codecType"],
    ptsMs: Number(packet.pts_time) * 1000,
    durationMs: Number(packet.duration_time) * 1000,
    isKeyframe: (packet.flags ?? "").startsWith("K"),
    sizeBytes: Number(packet.size),
    hash: packet.data_hash ?? "",
  }));
}

/** A file's streams and format, as ffprobe names them. */
export function probe(file: string): { streams: Record<string, string>[]; format: Record<string, string> } {
  const args = ["-v", "error", "-show_streams", "-show_format", "-of", "json", file];
  return JSON.parse(execFileSync(ffprobe, args, { encoding: "utf8" }));
}
