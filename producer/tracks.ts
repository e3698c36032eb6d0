import type { Track } from "../media/matroska";

/** The tracks of a file that a camera sends, video first, and the others: subtitles, second cameras, languages. */
export interface TrackChoice {
  chosen: Track[];
  leftOut: Track[];
}

/**
 * Chooses the first H.264 track and, if the file has sound, the first AAC track.
 * @throws an Error that says how to convert the file, when it has neither or a track lacks its set-up data
 */
export function chooseTracks(tracks: Track[]): TrackChoice {
  const video = tracks.find((track) => track.type === "video" && isH264(track));
  const audio = tracks.find((track) => track.type === "audio" && isAac(track));
  const foreignSound = tracks.find((track) => track.type === "audio");
  if (!video) {
    throw new Error(
      `The footage has ${list(tracks)}, but H.264 video is needed: convert it (ffmpeg -i IN -c:v libx264 -c:a aac OUT.mkv).`,
    );
  }
  if (!audio && foreignSound) {
    throw new Error(
      `The footage has ${foreignSound.codecId} sound, but AAC is needed: convert it (ffmpeg -i IN -c:v copy -c:a aac OUT.mkv).`,
    );
  }
  const chosen = audio ? [video, audio] : [video];
  const bare = chosen.find((track) => !track.codecPrivate?.length);
  if (bare) {
    throw new Error(
      `The ${bare.type} track has no codec set-up data (CodecPrivate), without which nobody can play it: write the file anew (ffmpeg -i IN -c copy OUT.mkv).`,
    );
  }
  return { chosen, leftOut: tracks.filter((track) => !chosen.includes(track)) };
}

/** The current and the older spelling; Kinesis Video's own pages use both. */
function isH264(track: Track): boolean {
  return track.codecId === "V_MPEG4/ISO/AVC" || track.codecId === "V_MPEG/ISO/AVC";
}

function isAac(track: Track): boolean {
  return track.codecId === "A_AAC" || track.codecId.startsWith("A_AAC/");
}

function list(tracks: Track[]): string {
  return tracks.map((track) => track.codecId).join(" and ") || "no tracks";
}
