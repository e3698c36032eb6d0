import type { MatroskaEvent, Track } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { mkvCluster, mkvHeader } from "../../media/mergeFragments";
import { mp4Header, supportedCodec } from "../../media/mp4Writer";

/**
 * Reads a stream and writes it both as MP4 and as one Matroska file, the way a function in the cloud would.
 * Made of nothing but `media/` and the language, since it is serialized.
 */
export function remux(bytes: Uint8Array): { mp4: Uint8Array; mkv: Uint8Array } {
  const reader = makeMatroskaReader();
  const events: MatroskaEvent[] = [];
  for (let at = 0; at < bytes.length; at += 50_000)
    events.push(...reader.push(bytes.subarray(at, at + 50_000)));
  events.push(...reader.end());

  let tracks: Track[] = [];
  let tracksElement: Uint8Array = new Uint8Array();
  let timecode = 0;
  let clusterStart = 0;
  const frames: { track: number; ptsMs: number; keyframe: boolean; bytes: Uint8Array }[] = [];
  const clusters: Uint8Array[] = [];
  events.forEach((event, index) => {
    if (event.kind === "tracks") {
      tracks = event.tracks;
      tracksElement = event.bytes;
    } else if (event.kind === "cluster") {
      timecode = event.timecode;
      clusterStart = index;
    } else if (event.kind === "block") {
      const { track, keyframe } = event;
      const ptsMs = timecode + event.relativeTimecode;
      for (const frame of event.frames) frames.push({ track, keyframe, ptsMs, bytes: frame });
    } else if (event.kind === "clusterEnd") {
      clusters.push(mkvCluster(events.slice(clusterStart, index), timecode + 1000));
    }
  });

  const written = tracks.filter(supportedCodec);
  const samples = written.map(({ number }) => frames.filter((frame) => frame.track === number));
  const order = samples.flatMap((own, track) => own.map((_, sample) => ({ track, sample })));
  const header = mp4Header({
    tracks: written.map((track, index) => ({
      track,
      samples: samples[index]!.map(({ bytes: frame, ...place }) => ({ ...place, sizeBytes: frame.length })),
    })),
    order,
  });
  return {
    mp4: Buffer.concat([header, ...samples.flat().map((frame) => frame.bytes)]),
    mkv: Buffer.concat([mkvHeader(tracksElement, 1_000_000), ...clusters]),
  };
}
