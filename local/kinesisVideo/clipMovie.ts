import { concat } from "../../media/bytes";
import type { MatroskaEvent, Track } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { type Mp4Movie, type Mp4Sample, mp4Header } from "../../media/mp4Writer";
import { checkVideoFrame } from "./clipFrames";
import { checkClipTracks, checkSameTracks, codecPrivateError } from "./clipTracks";
import type { FragmentRecord, FragmentStore } from "./fragmentStore";

interface ClipFrame {
  track: Track;
  bytes: Uint8Array;
  /** From the producer timestamp of the clip's first fragment. */
  ptsMs: number;
  keyframe: boolean;
  fragmentNumber: string;
}

/**
 * Makes the MP4 file of a clip. Its time 0 is the first fragment's producer timestamp, or its earliest frame if that is
 * earlier; fragments stand at their producer timestamps, whatever the timecodes of their sessions were.
 * @param fragments at least one, in the order of their producer timestamps
 * @throws UnsupportedStreamMediaType-, MissingCodecPrivateData-, InvalidCodecPrivateData- and InvalidMediaFrameException
 */
export async function makeClipMovie(
  store: FragmentStore,
  fragments: FragmentRecord[],
  createdAtMs: number,
): Promise<Uint8Array> {
  const frames: ClipFrame[] = [];
  let tracks: Track[] = [];
  for (const fragment of fragments) {
    const read = await readFragment(store, fragment);
    if (fragment === fragments[0]) {
      checkClipTracks(read.tracks);
      tracks = read.tracks;
    }
    checkSameTracks(tracks, read.tracks, fragment.fragmentNumber);
    const offsetMs = fragment.producerTimestampMs - (fragments[0]?.producerTimestampMs ?? 0);
    for (const frame of read.frames) frames.push({ ...frame, ptsMs: frame.ptsMs + offsetMs });
  }

  const header = writeHeader({ ...movieOf(tracks, frames), createdAtMs });
  for (const { track, bytes, fragmentNumber } of frames) {
    if (track.type === "video") checkVideoFrame(track, bytes, fragmentNumber);
  }
  return concat([header, ...frames.map(({ bytes }) => bytes)]);
}

/** The frames of a fragment, timed from its producer timestamp. */
async function readFragment(
  store: FragmentStore,
  fragment: FragmentRecord,
): Promise<{ tracks: Track[]; frames: ClipFrame[] }> {
  const reader = makeMatroskaReader();
  const events: MatroskaEvent[] = [
    ...reader.push(await store.header(fragment)),
    ...reader.push(await store.media(fragment)),
    ...reader.end(),
  ];
  const tracks = events.find((event) => event.kind === "tracks")?.tracks ?? [];
  const info = events.find((event) => event.kind === "info");
  const msPerTick = (info?.timecodeScaleNs ?? 1_000_000) / 1e6;
  const frames = events.flatMap((event): ClipFrame[] => {
    const track = event.kind === "block" && tracks.find(({ number }) => number === event.track);
    if (!track) return [];
    const statedMs = ((event.durationTicks ?? 0) * msPerTick) / event.frames.length;
    const frameMs = statedMs || (track.defaultDurationNs ?? 0) / 1e6;
    return event.frames.map((bytes, at) => ({
      track,
      bytes,
      ptsMs: event.relativeTimecode * msPerTick + at * frameMs,
      keyframe: event.keyframe || track.type === "audio",
      fragmentNumber: fragment.fragmentNumber,
    }));
  });
  return { tracks, frames };
}

function movieOf(tracks: Track[], frames: ClipFrame[]): Mp4Movie {
  const startMs = frames.reduce((earliest, { ptsMs }) => Math.min(earliest, ptsMs), 0);
  const mp4Tracks = tracks.map((track) => ({ track, samples: [] as Mp4Sample[] }));
  const order = frames.map(({ track, bytes, ptsMs, keyframe }) => {
    const at = tracks.findIndex(({ number }) => number === track.number);
    const samples = mp4Tracks[at]?.samples ?? [];
    samples.push({ sizeBytes: bytes.length, ptsMs: ptsMs - startMs, keyframe });
    return { track: at, sample: samples.length - 1 };
  });
  return { tracks: mp4Tracks, order };
}

function writeHeader(movie: Mp4Movie): Uint8Array {
  try {
    return mp4Header(movie);
  } catch (error) {
    throw codecPrivateError(error) ?? error;
  }
}
