import type { Ebml, Span } from "./ebml";
import { type BlockEvent, elementId } from "./matroska";

type BlockFields = Pick<BlockEvent, "track" | "relativeTimecode" | "keyframe" | "frames" | "durationTicks">;

/** Reads SimpleBlocks and BlockGroups, and takes laced frames apart (RFC 9559, section 10). */
export function makeBlockParser(ebml: Ebml) {
  const id = elementId;
  const { invalid } = ebml;
  const keyframeFlag = 0x80;

  function simpleBlock(payload: Span): BlockFields {
    const { flags, ...block } = anyBlock(payload);
    return { ...block, keyframe: (flags & keyframeFlag) !== 0 };
  }

  /** A Block in a BlockGroup has no key frame flag: it is one when it refers to no other block. */
  function blockGroup(payload: Span): BlockFields {
    let block: ReturnType<typeof anyBlock> | undefined;
    let durationTicks: number | undefined;
    let keyframe = true;
    ebml.eachChild(payload, (child, span) => {
      if (child === id.block) block = anyBlock(span);
      if (child === id.blockDuration) durationTicks = ebml.unsigned(span);
      if (child === id.referenceBlock) keyframe = false;
    });
    if (!block) throw invalid("expected a Block in the BlockGroup", payload.offset + payload.start);
    const { track, relativeTimecode, frames } = block;
    return {
      track,
      relativeTimecode,
      keyframe,
      frames,
      ...(durationTicks === undefined ? {} : { durationTicks }),
    };
  }

  /** What Block and SimpleBlock share: track number, 16-bit timecode, flags, frames. */
  function anyBlock(payload: Span) {
    const { bytes, start, end, offset } = payload;
    const trackBytes = start < end ? ebml.vintLength(bytes[start]!) : 9;
    const at = start + trackBytes;
    const track = at + 3 <= end ? ebml.vint(bytes, start, trackBytes) : undefined;
    if (!track) throw invalid("expected a block with a track number, a timecode and flags", offset + start);
    const relativeTimecode = ((bytes[at]! << 24) | (bytes[at + 1]! << 16)) >> 16;
    const flags = bytes[at + 2]!;
    return { track, relativeTimecode, flags, frames: unlace(flags, { ...payload, start: at + 3 }) };
  }

  function unlace(flags: number, payload: Span): Uint8Array[] {
    const lacing = (flags >> 1) & 3;
    const { bytes, start, end, offset } = payload;
    if (lacing === 0) return [bytes.subarray(start, end)];
    if (start >= end) throw invalid("expected the number of laced frames", offset + start);
    const count = bytes[start]! + 1;
    const lace = { ...payload, start: start + 1 };
    if (lacing === 1) return cut(lace, xiphSizes(lace, count - 1));
    if (lacing === 3) return cut(lace, ebmlSizes(lace, count - 1));
    const size = (end - lace.start) / count;
    if (!Number.isInteger(size)) throw invalid(`expected ${count} laced frames of one size`, offset + start);
    return cut(lace, { sizes: Array<number>(count - 1).fill(size), start: lace.start });
  }

  /** Each size is a sum of bytes that goes on while they are 255. */
  function xiphSizes({ bytes, start, end, offset }: Span, count: number) {
    const sizes: number[] = [];
    let at = start;
    let size = 0;
    while (sizes.length < count) {
      if (at >= end) throw invalid("expected the sizes of laced frames", offset + at);
      const byte = bytes[at]!;
      at += 1;
      size += byte;
      if (byte < 255) {
        sizes.push(size);
        size = 0;
      }
    }
    return { sizes, start: at };
  }

  /** The first size is a variable-size integer, the others are signed differences from the one before. */
  function ebmlSizes({ bytes, start, end, offset }: Span, count: number) {
    const sizes: number[] = [];
    let at = start;
    while (sizes.length < count) {
      const length = at < end ? ebml.vintLength(bytes[at]!) : 9;
      const value = at + length <= end && length <= 8 ? ebml.vint(bytes, at, length) : undefined;
      if (value === undefined) throw invalid("expected the sizes of laced frames", offset + at);
      const previous = sizes.at(-1);
      sizes.push(previous === undefined ? value : previous + value - (2 ** (7 * length - 1) - 1));
      at += length;
    }
    return { sizes, start: at };
  }

  /** The frames of these sizes, and the last frame, whose size is what is left. */
  function cut({ bytes, end, offset }: Span, lace: { sizes: number[]; start: number }): Uint8Array[] {
    let at = lace.start;
    const frames = lace.sizes.map((size) => {
      if (size < 0 || at + size > end) throw invalid("expected laced frames within their block", offset + at);
      at += size;
      return bytes.subarray(at - size, at);
    });
    return [...frames, bytes.subarray(at, end)];
  }

  return { simpleBlock, blockGroup };
}
