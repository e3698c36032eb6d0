import * as fs from "node:fs";
import { concat } from "../../../media/bytes";
import type { BlockEvent, MatroskaEvent, Track } from "../../../media/matroska";
import { makeMatroskaReader } from "../../../media/matroskaReader";
import { clusterStart, simpleBlock, streamHeader, tags } from "../../../media/matroskaWriter";

/** 2026-11-22T14:00:00Z, where made-up recordings begin. */
export const START_MS = Date.parse("2026-11-22T14:00:00Z");

/** A video track with an H.264 decoder configuration. `level` makes another one. */
export function videoTrack(level = 0x1e): Track {
  const sps = [0x67, 0x42, 0, level];
  const pps = [0x68, 0xce, 0x3c, 0x80];
  const avcC = [1, 0x42, 0, level, 0xff, 0xe1, 0, sps.length, ...sps, 1, 0, pps.length, ...pps];
  return {
    number: 1,
    uid: 1,
    type: "video",
    codecId: "V_MPEG4/ISO/AVC",
    codecPrivate: Uint8Array.from(avcC),
    video: { widthPixels: 640, heightPixels: 360 },
  };
}

/** An AAC-LC track of 48 kHz. */
export function audioTrack(): Track {
  return {
    number: 2,
    uid: 2,
    type: "audio",
    codecId: "A_AAC",
    codecPrivate: Uint8Array.of(0x11, 0x90),
    audio: { samplingHz: 48_000, channels: 2 },
  };
}

/** EBML, Segment, Info and Tracks. */
export function headerOf(...tracks: Track[]): Uint8Array {
  return streamHeader({ muxingApp: "test", writingApp: "test", tracks });
}

/** A frame of one NAL unit with its length ahead of it, `sizeBytes` in all. */
export function videoFrame(sizeBytes = 64): Uint8Array {
  const frame = new Uint8Array(sizeBytes).fill(0x65);
  new DataView(frame.buffer).setUint32(0, sizeBytes - 4);
  return frame;
}

/** A fragment of 25 frames per second of video only. */
export function fragmentOf({
  timecodeMs,
  durationMs = 1000,
  frameBytes = 64,
}: {
  timecodeMs: number;
  durationMs?: number;
  frameBytes?: number;
}): Uint8Array {
  const parts = [clusterStart(timecodeMs)];
  for (let atMs = 0; atMs < durationMs; atMs += 40) parts.push(block(1, atMs, frameBytes));
  return concat(parts);
}

/** A block of one frame, a key frame at time 0. */
export function block(track: number, relativeTimecode: number, frameBytes = 64): Uint8Array {
  return simpleBlock({
    track,
    relativeTimecode,
    keyframe: relativeTimecode === 0,
    frame: videoFrame(frameBytes),
  });
}

/** How the C producer says that a fragment is complete though no other one follows. */
export const END_OF_FRAGMENT = tags([{ name: "AWS_KINESISVIDEO_END_OF_FRAGMENT", value: "" }]);

/** A fragment of a recording, and what should come out of a clip of it. */
export interface RecordedFragment {
  timecodeMs: number;
  bytes: Uint8Array;
  frames: { track: number; atMs: number; keyframe: boolean; bytes: Uint8Array }[];
}

/** A recording as a producer would send it: one fragment per video key frame, sound with the video of its time. */
export function recordingOf(file: string): {
  header: Uint8Array;
  tracks: Track[];
  fragments: RecordedFragment[];
} {
  const reader = makeMatroskaReader();
  const events: MatroskaEvent[] = [...reader.push(fs.readFileSync(file)), ...reader.end()];
  const tracks = events.find((event) => event.kind === "tracks")?.tracks ?? [];
  let clusterMs = 0;
  const blocks: (BlockEvent & { atMs: number })[] = [];
  for (const event of events) {
    if (event.kind === "cluster") clusterMs = event.timecode;
    if (event.kind === "block") blocks.push({ ...event, atMs: clusterMs + event.relativeTimecode });
  }

  const starts = blocks.filter(({ track, keyframe }) => track === 1 && keyframe).map(({ atMs }) => atMs);
  const fragments = starts.map((timecodeMs, at): RecordedFragment => {
    const untilMs = starts[at + 1] ?? Number.POSITIVE_INFINITY;
    const own = blocks.filter(({ atMs }) => atMs >= timecodeMs && atMs < untilMs);
    const frames = own.flatMap(({ track, atMs, keyframe, frames: [bytes] }) =>
      bytes ? [{ track, atMs, keyframe, bytes }] : [],
    );
    const parts = frames.map(({ track, atMs, keyframe, bytes }) =>
      simpleBlock({ track, relativeTimecode: atMs - timecodeMs, keyframe, frame: bytes }),
    );
    return { timecodeMs, frames, bytes: concat([clusterStart(timecodeMs), ...parts]) };
  });
  return { header: headerOf(...tracks), tracks, fragments };
}
