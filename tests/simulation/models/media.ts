import type { Track } from "../../../media/matroska";
import { clusterStart, concat, simpleBlock, streamHeader, tags } from "../../../media/matroskaWriter";
import type { HeldFragment } from "./kinesisVideo";
import { movie } from "./movie";

/** Each fragment is two frames, a key frame and one that is none, and each names the fragment. */
const FRAMES = 2;

const track = (codec: number): Track => ({
  number: 1,
  uid: 1,
  type: "video",
  codecId: "V_MPEG4/ISO/AVC",
  // An AVCDecoderConfigurationRecord with one sequence and one picture parameter set, nearly empty.
  codecPrivate: Uint8Array.of(1, 66, 0, codec, 0xff, 0xe1, 0, 4, 0x67, 66, 0, codec, 1, 0, 2, 0x68, 0),
  video: { widthPixels: 64, heightPixels: 36 },
});

const halfOf = ({ durationMs }: HeldFragment) => Math.floor(durationMs / FRAMES);

const frameOf = ({ fragmentNumber }: HeldFragment, index: number) =>
  Buffer.from(`frame ${index} of ${fragmentNumber};`, "latin1");

/** What GetClip sends: a movie of fragments that begin at these times of it. */
export function clipBody(fragments: { fragment: HeldFragment; startMs: number }[]): Uint8Array {
  const samples = fragments
    .flatMap(({ fragment, startMs }) => [
      { atMs: startMs, isKey: true, frame: frameOf(fragment, 0) },
      { atMs: startMs + halfOf(fragment), isKey: false, frame: frameOf(fragment, 1) },
    ])
    .sort((a, b) => a.atMs - b.atMs);
  const last = fragments.at(-1)!.fragment;
  const endMs = fragments.at(-1)!.startMs + last.durationMs;
  const lengthsMs = samples.map(({ atMs }, index) => (samples[index + 1]?.atMs ?? endMs) - atMs);
  const keys = samples.flatMap(({ isKey }, index) => (isKey ? [index + 1] : []));
  return movie({ lengthsMs, keys, frames: samples.map(({ frame }) => frame) });
}

/** What GetMediaForFragmentList sends of one fragment: a Segment of its own, whose timecodes begin at zero. */
export function fragmentBody(fragment: HeldFragment): Uint8Array {
  return concat([
    headerOf(fragment.codec),
    tags([{ name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragment.fragmentNumber }]),
    clusterStart(0),
    simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame: frameOf(fragment, 0) }),
    simpleBlock({
      track: 1,
      relativeTimecode: halfOf(fragment),
      keyframe: false,
      frame: frameOf(fragment, 1),
    }),
  ]);
}

/** What it sends, with status 200, of one that it cannot read; 3000 and 4000 say so of one, 4501 of the whole stream. */
export function errorBody(fragmentNumber: string, errorId: number, errorCode: string): Uint8Array {
  return concat([
    headerOf(0),
    tags([
      { name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER", value: fragmentNumber },
      { name: "AWS_KINESISVIDEO_ERROR_CODE", value: errorCode },
      { name: "AWS_KINESISVIDEO_ERROR_ID", value: String(errorId) },
    ]),
  ]);
}

const headers = new Map<number, Uint8Array>();

function headerOf(codec: number): Uint8Array {
  const known = headers.get(codec);
  if (known) return known;
  const made = streamHeader({ tracks: [track(codec)], muxingApp: "camera", writingApp: "camera" });
  headers.set(codec, made);
  return made;
}
