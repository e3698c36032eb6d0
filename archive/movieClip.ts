import { concat } from "../media/bytes";
import { type Mp4Movie, type Mp4Sample, mp4Header } from "../media/mp4Writer";
import { type PlayableRun, runStartMs } from "./fetchFragments";

/**
 * Whether `movieClip` can write a run: one video track, one audio track or one of each, of codecs that MP4 takes and with
 * their set-up data, and every frame of a known track and time. Where not, the run is kept as Matroska.
 */
export function fitsMovie(run: PlayableRun): boolean {
  const refusals = ["UNSUPPORTED_CODEC", "MISSING_CODEC_PRIVATE", "INVALID_CODEC_PRIVATE"];
  const types = (run.media[0]?.tracks ?? []).map(({ type }) => type);
  const isOneEach = types.every((type, index) => type !== "other" && types.indexOf(type) === index);
  if (!isOneEach || types.length === 0) return false;
  try {
    return mp4Header(movieOf(run)).length > 0;
  } catch (error) {
    if (error instanceof RangeError || refusals.includes((error as { code?: string }).code ?? ""))
      return false;
    throw error;
  }
}

/**
 * One MP4 file of a run that `fitsMovie`: all its frames byte for byte, damaged ones too, in the order in which the camera
 * sent them. Fragments stand at their producer timestamps, since cameras may restart their timecodes at every connection.
 */
export async function* movieClip(run: PlayableRun): AsyncGenerator<Uint8Array> {
  yield mp4Header(movieOf(run));
  for (const { cluster } of run.media) {
    yield concat(cluster.flatMap((event) => (event.kind === "block" ? event.frames : [])));
  }
}

/** @throws RangeError for a frame that has no track or no time */
function movieOf(run: PlayableRun): Mp4Movie {
  const startMs = runStartMs(run);
  const tracks = (run.media[0]?.tracks ?? []).map((track) => ({ track, samples: [] as Mp4Sample[] }));
  const order: Mp4Movie["order"] = [];
  for (const [index, { fragmentNumber, cluster, timecodeScaleNs }] of run.media.entries()) {
    const msPerTick = timecodeScaleNs / 1e6;
    const fragmentMs = (run.fragments[index]?.producerMs ?? startMs) - startMs;
    for (const event of cluster) {
      if (event.kind !== "block") continue;
      const at = tracks.findIndex(({ track }) => track.number === event.track);
      const { track, samples } = tracks[at] ?? {};
      // Matroska dates the first frame of a lace; the others follow at their duration.
      const statedMs = ((event.durationTicks ?? 0) * msPerTick) / event.frames.length;
      const frameMs = statedMs || (track?.defaultDurationNs ?? 0) / 1e6;
      if (!track || !samples || (event.frames.length > 1 && frameMs === 0)) {
        throw new RangeError(`Fragment ${fragmentNumber} has frames of unknown track or time.`);
      }
      for (const [lace, frame] of event.frames.entries()) {
        const ptsMs = fragmentMs + event.relativeTimecode * msPerTick + lace * frameMs;
        order.push({ track: at, sample: samples.length });
        samples.push({ sizeBytes: frame.length, ptsMs, keyframe: event.keyframe || track.type === "audio" });
      }
    }
  }
  return { tracks, order, createdAtMs: startMs };
}
