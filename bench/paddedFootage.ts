import * as fs from "node:fs";
import * as path from "node:path";
import type { Footage } from "../producer/footage";
import { openFootage } from "../producer/footage";
import type { Frame } from "../producer/fragments";

const CLOCK = path.join(__dirname, "..", "demo", "footage", "clock.mkv");

/** NAL unit type 12 of H.264 (ITU-T H.264, 7.4.1): filler data, which every decoder drops. */
const FILLER_NAL = 12;

/**
 * The demo's footage as a camera of a high bit rate would deliver it: each fragment is filled up to `fragmentBytes` by
 * filler data in its video frames, so what is decoded stays the same.
 */
export async function openPaddedFootage(fragmentCount: number, fragmentBytes: number): Promise<Footage> {
  const footage = await openFootage(() => fs.createReadStream(CLOCK), { loop: true });

  async function* fragments(): Footage["fragments"] {
    let left = fragmentCount;
    for await (const fragment of footage.fragments) {
      const videoFrames = fragment.frames.filter(({ track }) => track === "video").length;
      const addedBytes = Math.floor((fragmentBytes - fragment.sizeBytes) / videoFrames);
      const frames = fragment.frames.map((frame) =>
        frame.track === "video" ? padded(frame, addedBytes) : frame,
      );
      const sizeBytes = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
      yield { ...fragment, frames, sizeBytes };
      left -= 1;
      if (left === 0) return;
    }
  }

  return { ...footage, fragments: fragments() };
}

/** A frame with one more NAL unit behind its own; units are preceded by their length in four bytes. */
function padded(frame: Frame, addedBytes: number): Frame {
  const filler = Buffer.alloc(addedBytes, 0xff);
  filler.writeUInt32BE(addedBytes - 4, 0);
  filler[4] = FILLER_NAL;
  // The stop bit that ends every NAL unit.
  filler[addedBytes - 1] = 0x80;
  return { ...frame, bytes: Buffer.concat([frame.bytes, filler]) };
}
