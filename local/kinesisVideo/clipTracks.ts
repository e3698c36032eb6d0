import type { Track } from "../../media/matroska";
import { supportedCodec } from "../../media/mp4Writer";
import { type AwsError, awsError } from "../core/errors";

/**
 * Checks that GetClip can play these tracks, going by the first fragment (developer guide, "Video playback track
 * requirements"): track 1 H.264 or H.265; with it, if anything, AAC or, beside H.264, A-law.
 * @throws UnsupportedStreamMediaTypeException that lists the tracks
 */
export function checkClipTracks(tracks: Track[]): void {
  const [video, audio, ...more] = [...tracks].sort((a, b) => a.number - b.number);
  const isHevcWithALaw = video?.codecId === "V_MPEGH/ISO/HEVC" && audio?.codecId === "A_MS/ACM";
  const supported =
    video?.type === "video" &&
    supportedCodec(video) &&
    (!audio || (audio.type === "audio" && supportedCodec(audio))) &&
    !isHevcWithALaw &&
    more.length === 0;
  if (supported) return;
  const found = tracks.map(({ number, codecId }) => `${number}: ${codecId}`).join(", ");
  throw awsError(
    "UnsupportedStreamMediaTypeException",
    400,
    `A clip needs H.264 or H.265 video on track 1 and at most one AAC or A-law track; found ${found || "no track"}.`,
  );
}

/**
 * Checks that a fragment's tracks are those of the clip's first fragment.
 * @throws InvalidCodecPrivateDataException; the service errs here too, but does not document by which name
 */
export function checkSameTracks(first: Track[], other: Track[], fragmentNumber: string): void {
  if (signature(first) === signature(other)) return;
  throw awsError(
    "InvalidCodecPrivateDataException",
    400,
    `The tracks or their codec private data change within the clip, at fragment ${fragmentNumber}.`,
  );
}

function signature(tracks: Track[]): string {
  const parts = tracks.map(({ number, codecId, codecPrivate }) => [
    number,
    codecId,
    codecPrivate && Buffer.from(codecPrivate).toString("base64"),
  ]);
  return JSON.stringify(parts);
}

/** The service's error for codec private data that no MP4 can be written with; undefined for any other error. */
export function codecPrivateError(error: unknown): AwsError | undefined {
  const { code, message } = error as Error & { code?: string };
  if (code === "MISSING_CODEC_PRIVATE") return awsError("MissingCodecPrivateDataException", 400, message);
  if (code === "INVALID_CODEC_PRIVATE") return awsError("InvalidCodecPrivateDataException", 400, message);
  return undefined;
}
