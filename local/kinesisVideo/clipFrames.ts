import type { Track } from "../../media/matroska";
import { awsError } from "../core/errors";

/**
 * Checks that a coded picture is what MP4 holds: NAL units, each with its length ahead of it, to the last byte. A camera
 * that sends start codes instead (Annex B) is found out here, when its media is read and not when it is sent.
 * @throws InvalidMediaFrameException that names the fragment
 */
export function checkVideoFrame(track: Track, frame: Uint8Array, fragmentNumber: string): void {
  const lengthBytes = nalLengthBytes(track);
  let at = 0;
  while (at + lengthBytes <= frame.length) {
    let unitBytes = 0;
    for (let i = 0; i < lengthBytes; i++) unitBytes = unitBytes * 256 + (frame[at + i] as number);
    if (unitBytes === 0) break;
    at += lengthBytes + unitBytes;
  }
  if (at === frame.length && at > 0) return;
  throw awsError(
    "InvalidMediaFrameException",
    400,
    `A frame of ${frame.length} bytes in fragment ${fragmentNumber} is not made of length-prefixed NAL units.`,
  );
}

/** How long a NAL unit's length is: lengthSizeMinusOne in avcC (ISO/IEC 14496-15, 5.3.3) and in hvcC (8.3.3). */
function nalLengthBytes({ codecId, codecPrivate }: Track): number {
  const at = codecId === "V_MPEGH/ISO/HEVC" ? 21 : 4;
  return ((codecPrivate?.[at] ?? 3) & 3) + 1;
}
