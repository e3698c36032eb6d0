import { type Packet, packetsOf } from "./ffprobe";
import type { Persisted } from "./film";
import type { FetchedClip } from "./recording";

/** Frames by kind, time on the camera's clock, and content: two lists of them compare as they are. */
const frames = (packets: Packet[], startMs: number) =>
  packets.map(({ codecType, ptsMs, hash }) => `${codecType} ${Math.round(startMs + ptsMs)} ${hash}`);

/** Every coded frame in a stream's clips, sorted. */
export function framesIn(clips: FetchedClip[]): string[] {
  return clips.flatMap(({ file, metadata }) => frames(packetsOf(file), Number(metadata["start-ms"]))).sort();
}

/** Every coded frame of a file, sorted, at the time when the camera filmed it: its first when it was switched on. */
export function framesSent(file: string, persisted: Persisted[]): string[] {
  const packets = packetsOf(file);
  const fileStartMs = Math.min(...packets.map(({ ptsMs }) => ptsMs));
  return frames(packets, (persisted[0]?.producerTimestampMs ?? 0) - fileStartMs).sort();
}
