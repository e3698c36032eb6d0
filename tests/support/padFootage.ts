import type { Footage } from "../../producer/footage";
import type { Frame } from "../../producer/fragments";

/** NAL unit type 12 of H.264 (ITU-T H.264, 7.4.1): filler data, which every decoder drops. */
const FILLER_NAL = 12;

/** How much is filled up. */
export interface Padding {
  fragmentBytes: number;
  /** 1 unless said. */
  oneIn?: number;
}

/**
 * Footage as a camera of a high bit rate would deliver it: every fragment, or one in so many, is filled up to
 * `fragmentBytes` by filler data in its video frames, so what is decoded stays the same.
 */
export function padFootage(footage: Footage, { fragmentBytes, oneIn = 1 }: Padding): Footage {
  async function* fragments(): Footage["fragments"] {
    let count = 0;
    for await (const fragment of footage.fragments) {
      count += 1;
      if (count % oneIn > 0) {
        yield fragment;
        continue;
      }
      const videoFrames = fragment.frames.filter(({ track }) => track === "video").length;
      const addedBytes = Math.floor((fragmentBytes - fragment.sizeBytes) / videoFrames);
      const frames = fragment.frames.map((frame) =>
        frame.track === "video" ? padded(frame, addedBytes) : frame,
      );
      const sizeBytes = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
      yield { ...fragment, frames, sizeBytes };
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
