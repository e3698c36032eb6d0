import type { BlockEvent, MatroskaError, MatroskaEvent, Track } from "../media/matroska";
import { makeMatroskaReader } from "../media/matroskaReader";
import { type Fragment, type Frame, makeFragmentCutter } from "./fragments";
import { chooseTracks } from "./tracks";

/** Footage as a camera delivers it. */
export interface Footage {
  /** Number 1 is H.264 video; number 2, if there is sound, AAC. The numbers that playback from a stream needs. */
  tracks: Track[];
  /** Tracks of the file that are not sent: subtitles, second cameras, other languages. */
  leftOut: Track[];
  /** The first one starts at 0. Throws at bytes that cannot be sent, after the fragments ahead of them. */
  fragments: AsyncGenerator<Fragment, void, undefined>;
}

/** How footage is read. */
export interface FootageOptions {
  /** Begin again at the end, with times that go on. */
  loop?: boolean;
  /** Told in one line what is wrong with the footage but does not keep it from being sent. */
  onNote?(note: string): void;
}

/** Samples in one AAC packet. */
const AAC_PACKET_SAMPLES = 1024;

/** One reading of the file from its beginning. */
interface Pass {
  tracks: Track[];
  timecodeScaleNs: number;
  /** What follows the Tracks. */
  events: AsyncGenerator<MatroskaEvent, void, undefined>;
}

/**
 * Opens Matroska with H.264 and, if it has sound, AAC, clustered in any way, and reads it as it is needed: memory
 * does not grow with the file.
 * @param open gives the bytes from the beginning; called again for each round of a loop
 * @throws when the bytes are not Matroska, have no H.264 video, or have sound that is not AAC
 */
export async function openFootage(
  open: () => AsyncIterable<Uint8Array>,
  { loop = false, onNote = () => undefined }: FootageOptions = {},
): Promise<Footage> {
  const first = await beginPass(open, onNote);
  const { chosen, leftOut } = chooseTracks(first.tracks);

  async function* fragments(): AsyncGenerator<Fragment, void, undefined> {
    let startMs = 0;
    for (let pass = first; ; pass = await beginPass(open, onNote)) {
      let shiftMs: number | undefined;
      let endMs = startMs;
      for await (const fragment of cut(pass, chosen)) {
        shiftMs ??= startMs - fragment.startMs;
        const shifted = shift(fragment, shiftMs);
        endMs = shifted.startMs + shifted.durationMs;
        yield shifted;
      }
      if (shiftMs === undefined) throw new Error("The footage has no video key frame: nothing can be sent.");
      if (!loop) return;
      startMs = endMs;
    }
  }

  const tracks = chosen.map((track, index) => ({ ...track, number: index + 1 }));
  return { tracks, leftOut, fragments: fragments() };
}

async function beginPass(
  open: () => AsyncIterable<Uint8Array>,
  onNote: (note: string) => void,
): Promise<Pass> {
  const events = readEvents(open(), onNote);
  let timecodeScaleNs = 1_000_000;
  for (let step = await events.next(); !step.done; step = await events.next()) {
    const event = step.value;
    if (event.kind === "info") timecodeScaleNs = event.timecodeScaleNs;
    if (event.kind === "tracks") return { tracks: event.tracks, timecodeScaleNs, events };
    if (event.kind === "cluster") break;
  }
  await events.return();
  throw new Error(
    "The footage has no Tracks ahead of its media: it is not a Matroska file that can be sent.",
  );
}

/** Bytes that end too early are worth a note: a recording that was cut off is still footage. */
async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
  onNote: (note: string) => void,
): AsyncGenerator<MatroskaEvent, void, undefined> {
  const reader = makeMatroskaReader();
  let hasMedia = false;
  for await (const chunk of chunks) {
    const { events, error } = attempt(() => reader.push(chunk));
    hasMedia ||= events.some((event) => event.kind === "block");
    yield* events;
    if (error) throw error;
  }
  const { events, error } = attempt(() => reader.end());
  yield* events;
  if (error && !hasMedia) throw error;
  if (error) onNote(`${error.message} What came before is sent.`);
}

/** What a reader's call reported, with the error that ended it. */
function attempt(read: () => MatroskaEvent[]): { events: MatroskaEvent[]; error?: MatroskaError } {
  try {
    return { events: read() };
  } catch (thrown) {
    const error = thrown as MatroskaError;
    if (error.code !== "INVALID_MATROSKA") throw thrown;
    return { events: error.events, error };
  }
}

async function* cut(pass: Pass, chosen: Track[]): AsyncGenerator<Fragment, void, undefined> {
  const cutter = makeFragmentCutter({ hasAudio: chosen.length > 1 });
  let { timecodeScaleNs } = pass;
  let clusterTicks = 0;
  checkUnchanged(pass.tracks, chosen);
  try {
    for await (const event of pass.events) {
      if (event.kind === "info") timecodeScaleNs = event.timecodeScaleNs;
      if (event.kind === "tracks") checkUnchanged(event.tracks, chosen);
      if (event.kind === "cluster") clusterTicks = event.timecode;
      const track = event.kind === "block" && chosen.find((candidate) => candidate.number === event.track);
      if (event.kind !== "block" || !track) continue;
      for (const frame of framesOf(event, track, clusterTicks, timecodeScaleNs)) yield* cutter.push(frame);
    }
  } catch (error) {
    yield* cutter.end();
    throw error;
  }
  yield* cutter.end();
}

/** A second set of Tracks is welcome as long as it says the same: GetMedia repeats them for every fragment. */
function checkUnchanged(tracks: Track[], chosen: Track[]): void {
  for (const track of chosen) {
    const again = tracks.find((candidate) => candidate.number === track.number);
    const bytes = (of: Track | undefined) => Buffer.from(of?.codecPrivate ?? []);
    if (again?.codecId !== track.codecId || !bytes(again).equals(bytes(track))) {
      throw new Error(
        `The ${track.type} track changes in the middle of the footage, which one stream of media cannot: send the parts as files of their own.`,
      );
    }
  }
}

/** The frames of a block, with times rounded to the milliseconds of the service. */
function framesOf(block: BlockEvent, track: Track, clusterTicks: number, timecodeScaleNs: number): Frame[] {
  const startMs = ((clusterTicks + block.relativeTimecode) * timecodeScaleNs) / 1e6;
  const ofBlockMs =
    block.durationTicks === undefined
      ? undefined
      : (block.durationTicks * timecodeScaleNs) / 1e6 / block.frames.length;
  const durationMs = ofBlockMs ?? defaultDurationMs(track);
  return block.frames.map((bytes, index) => ({
    track: track.type === "video" ? "video" : "audio",
    timeMs: Math.round(startMs + index * (durationMs ?? 0)),
    ...(durationMs === undefined ? {} : { durationMs }),
    keyframe: block.keyframe || track.type === "audio",
    bytes,
  }));
}

function defaultDurationMs(track: Track): number | undefined {
  if (track.defaultDurationNs !== undefined) return track.defaultDurationNs / 1e6;
  return track.audio ? (AAC_PACKET_SAMPLES / track.audio.samplingHz) * 1000 : undefined;
}

function shift(fragment: Fragment, byMs: number): Fragment {
  const frames = fragment.frames.map((frame) => ({ ...frame, timeMs: frame.timeMs + byMs }));
  return { ...fragment, startMs: fragment.startMs + byMs, frames };
}
