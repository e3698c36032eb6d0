/** One coded frame, or one packet of sound. */
export interface Frame {
  track: "video" | "audio";
  /** When it is presented, from the start of the footage. */
  timeMs: number;
  /** How long, if the file says so. */
  durationMs?: number;
  keyframe: boolean;
  bytes: Uint8Array;
}

/** What becomes one fragment of the stream: frames that can be decoded without those before them. */
export interface Fragment {
  /** The earliest of its frames. Later than every frame of the fragment before. */
  startMs: number;
  /** Until the next fragment; of the last one, until the end of its last frame. */
  durationMs: number;
  /** Bytes of its frames. */
  sizeBytes: number;
  /** The frames of each track in the order in which they are decoded. */
  frames: Frame[];
}

/** Takes frames and gives fragments. */
export interface FragmentCutter {
  /** Takes the next frame in file order, and returns the fragments that it completes. */
  push(frame: Frame): Fragment[];
  /** No more frames will come: returns the rest. */
  end(): Fragment[];
}

/** The service's limits of a fragment (quotas page, PutMedia). */
const MIN_FRAGMENT_MS = 1000;
const MAX_FRAGMENT_MS = 20_000;
const MAX_FRAGMENT_BYTES = 50_000_000;

/** For the last frame of a file that says nothing about durations and has but one frame in its last fragment. */
const ASSUMED_FRAME_MS = 40;

/** Frames in file order, and what is asked of them for every frame. */
interface Draft {
  frames: Frame[];
  startMs: number;
  sizeBytes: number;
  hasVideo: boolean;
}

/**
 * Cuts the frames of a file into fragments: one per video key frame, but none shorter than the service's minimum, and
 * none without sound in a file that has sound (the service refuses those), as long as it can be joined with the next.
 * Sound goes to the fragment of its time, wherever it stands in the file. Holds at most two fragments.
 *
 * Both calls throw an Error that names the time and the remedy when a fragment would be longer or larger than the
 * service takes, or when times go back.
 */
export function makeFragmentCutter({ hasAudio }: { hasAudio: boolean }): FragmentCutter {
  /** The fragment that is being filled. */
  let current = draftOf([]);
  /** From the next key frame on, while frames that belong to `current` may still follow. */
  let next: { draft: Draft; keyMs: number; startMs: number; startIsKnown: boolean } | undefined;
  let audioReachedMs = hasAudio ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  /** Where the last complete fragment ended. */
  let completeUntilMs = Number.NEGATIVE_INFINITY;

  function push(frame: Frame): Fragment[] {
    if (frame.timeMs < completeUntilMs) throw goesBack(frame.timeMs, completeUntilMs);
    const complete: Fragment[] = [];
    if (frame.track === "audio") {
      audioReachedMs = Math.max(audioReachedMs, frame.timeMs);
    } else if (!current.hasVideo && !frame.keyframe) {
      // Ahead of the first key frame nothing can be decoded, by anyone.
      return [];
    } else if (frame.keyframe && beginsFragment(frame)) {
      complete.push(...completeCurrent());
      next = { draft: draftOf([]), keyMs: frame.timeMs, startMs: frame.timeMs, startIsKnown: false };
    } else if (next) {
      // Leading pictures of an open group are decoded after its key frame and shown before it.
      next.startMs = Math.min(next.startMs, frame.timeMs);
      next.startIsKnown ||= frame.timeMs > next.keyMs;
    }
    add(next?.draft ?? current, frame);
    if (next?.startIsKnown && audioReachedMs >= next.startMs) complete.push(...completeCurrent());
    return complete;
  }

  function beginsFragment(key: Frame): boolean {
    return current.hasVideo && key.timeMs - (next?.draft ?? current).startMs >= MIN_FRAGMENT_MS;
  }

  /** Makes `next` the current fragment, and returns the one that is complete by that. */
  function completeCurrent(): Fragment[] {
    if (!next) return [];
    const { startMs } = next;
    const all = [...current.frames, ...next.draft.frames];
    const laterVideo = new Set(next.draft.frames.filter(isVideo));
    const isLater = (frame: Frame) => (isVideo(frame) ? laterVideo.has(frame) : frame.timeMs >= startMs);
    const before = all.filter((frame) => !isLater(frame));
    const latestMs = Math.max(...before.map((frame) => frame.timeMs));
    if (latestMs >= startMs) throw goesBack(startMs, latestMs);
    next = undefined;
    if (hasAudio && before.every(isVideo) && endMs(all) - current.startMs <= MAX_FRAGMENT_MS) {
      current = draftOf(all);
      return [];
    }
    current = draftOf(all.filter(isLater));
    completeUntilMs = startMs;
    return [fragmentOf(draftOf(before), startMs)];
  }

  function end(): Fragment[] {
    const complete = completeCurrent();
    if (current.hasVideo) complete.push(fragmentOf(current, endMs(current.frames)));
    current = draftOf([]);
    return complete;
  }

  return { push, end };
}

function isVideo(frame: Frame): boolean {
  return frame.track === "video";
}

function draftOf(frames: Frame[]): Draft {
  const draft: Draft = { frames: [], startMs: Number.POSITIVE_INFINITY, sizeBytes: 0, hasVideo: false };
  for (const frame of frames) add(draft, frame);
  return draft;
}

/** The limits are checked for each frame, so that an endless group of pictures does not fill the memory first. */
function add(draft: Draft, frame: Frame): void {
  draft.frames.push(frame);
  draft.startMs = Math.min(draft.startMs, frame.timeMs);
  draft.sizeBytes += frame.bytes.length;
  draft.hasVideo ||= isVideo(frame);
  if (isVideo(frame) && frame.timeMs - draft.startMs >= MAX_FRAGMENT_MS) throw tooLong(draft.startMs);
  if (draft.sizeBytes > MAX_FRAGMENT_BYTES) throw tooLarge(draft.startMs);
}

function fragmentOf({ frames, startMs, sizeBytes }: Draft, untilMs: number): Fragment {
  if (untilMs - startMs > MAX_FRAGMENT_MS) throw tooLong(startMs);
  return { startMs, durationMs: untilMs - startMs, sizeBytes, frames };
}

/** When the last frame ends. */
function endMs(frames: Frame[]): number {
  const ends = (["video", "audio"] as const).map((track) => {
    const timesMs = frames.filter((frame) => frame.track === track).map((frame) => frame.timeMs);
    const last = Math.max(...timesMs);
    const beforeLast = Math.max(...timesMs.filter((timeMs) => timeMs < last));
    const said = frames.find((frame) => frame.track === track && frame.timeMs === last)?.durationMs;
    return last + (said ?? (Number.isFinite(beforeLast) ? last - beforeLast : ASSUMED_FRAME_MS));
  });
  return Math.ceil(Math.max(...ends));
}

function tooLong(startMs: number): Error {
  return new Error(
    `No key frame within 20 s after ${seconds(startMs)}, and the service takes no longer fragments: encode with a key frame every 2 s (ffmpeg: -force_key_frames "expr:gte(t,n_forced*2)").`,
  );
}

function tooLarge(startMs: number): Error {
  return new Error(
    `The fragment at ${seconds(startMs)} is larger than 50 MB, the service's maximum: encode with fewer bits or more key frames.`,
  );
}

function goesBack(timeMs: number, reachedMs: number): Error {
  return new Error(
    `The frame at ${seconds(timeMs)} comes after ${seconds(reachedMs)} was reached: times go back, or the tracks are not interleaved. Write the file anew (ffmpeg -i IN -c copy OUT.mkv).`,
  );
}

function seconds(timeMs: number): string {
  return `${(timeMs / 1000).toFixed(3)} s`;
}
