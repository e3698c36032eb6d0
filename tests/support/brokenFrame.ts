import * as fs from "node:fs";
import * as path from "node:path";
import { makeMatroskaReader } from "../../media/matroskaReader";

/** A copy of footage in which one frame's NAL unit claims to be longer than the frame: GetClip cannot take it. */
export function withBrokenFrame(source: string, folder: string): string {
  const bytes = fs.readFileSync(source);
  const reader = makeMatroskaReader();
  const blocks = reader.push(bytes).filter((event) => event.kind === "block" && event.track === 1);
  const block = blocks[100];
  if (block?.kind !== "block" || !block.frames[0])
    throw new Error("the footage has fewer than 100 video frames");
  const frameAt = block.offset + block.bytes.length - block.frames[0].length;
  bytes.writeUInt32BE(0x7fffffff, frameAt);
  const file = path.join(folder, "broken.mkv");
  fs.writeFileSync(file, bytes);
  return file;
}
