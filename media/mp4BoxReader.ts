import { invalidMp4 } from "./mp4Summary";

/** The head of a box, followed by its payload. */
export interface Mp4BoxHead {
  type: string;
  headBytes: number;
  /** Of the whole box; undefined when it goes on to the end of the file. */
  sizeBytes: number | undefined;
}

/** A box that is in memory. Places are offsets in the file. */
export interface Mp4Box {
  type: string;
  offset: number;
  /** Its payload, from the first byte to behind the last. */
  start: number;
  end: number;
}

export type Mp4BoxReader = ReturnType<typeof makeMp4BoxReader>;

/**
 * Reads boxes and big-endian numbers (ISO/IEC 14496-12) out of a part of a file: `bytes[0]` stands at `fileOffset`, and
 * every `at` is an offset in the file. Throws an `Mp4Error` at what does not fit.
 */
export function makeMp4BoxReader(bytes: Uint8Array, fileOffset: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fileEnd = fileOffset + bytes.length;

  /** The head of the box at `at`; undefined when the bytes end before the head does. */
  function head(at: number): Mp4BoxHead | undefined {
    if (at + 8 > fileEnd) return undefined;
    const size = u32(at);
    const headBytes = size === 1 ? 16 : 8;
    if (at + headBytes > fileEnd) return undefined;
    const type = fourCharacters(at + 4);
    const sizeBytes = size === 1 ? u64(at + 8) : size || undefined;
    if (sizeBytes !== undefined && sizeBytes < headBytes) {
      throw invalidMp4(`expected ${nameOf(type)} of at least ${headBytes} bytes, found ${sizeBytes}`, at);
    }
    return { type, headBytes, sizeBytes };
  }

  /** The boxes that fill a payload, from `start` on. */
  function children(parent: Mp4Box, start = parent.start): Mp4Box[] {
    const boxes: Mp4Box[] = [];
    let at = start;
    while (at < parent.end) {
      const found = head(at);
      const end = at + (found?.sizeBytes ?? Number.POSITIVE_INFINITY);
      if (!found || end > parent.end) {
        const what = found ? nameOf(found.type) : "a box";
        throw invalidMp4(`expected ${what} to end within ${nameOf(parent.type)}, by byte ${parent.end}`, at);
      }
      boxes.push({ type: found.type, offset: at, start: at + found.headBytes, end });
      at = end;
    }
    return boxes;
  }

  /** The only child of its type, or undefined. */
  function optionalChild(parent: Mp4Box, type: string): Mp4Box | undefined {
    const [only, other] = children(parent).filter((box) => box.type === type);
    if (other)
      throw invalidMp4(`expected one ${nameOf(type)} in ${nameOf(parent.type)}, found more`, other.offset);
    return only;
  }

  function child(parent: Mp4Box, type: string): Mp4Box {
    const only = optionalChild(parent, type);
    if (!only)
      throw invalidMp4(`expected a ${nameOf(type)} in ${nameOf(parent.type)}, found none`, parent.offset);
    return only;
  }

  /** Throws unless the payload has this many bytes. */
  function needBytes(box: Mp4Box, sizeBytes: number): void {
    const found = box.end - box.start;
    if (found < sizeBytes) {
      throw invalidMp4(`expected ${nameOf(box.type)} to hold ${sizeBytes} bytes, found ${found}`, box.offset);
    }
  }

  /** The number of entries that a table states at `at`, once it is sure that they all follow. */
  function entryCount(box: Mp4Box, at: number, entryBytes: number): number {
    needBytes(box, at + 4 - box.start);
    const count = u32(at);
    needBytes(box, at + 4 - box.start + count * entryBytes);
    return count;
  }

  function version(box: Mp4Box): number {
    needBytes(box, 4);
    return u8(box.start);
  }

  function u8(at: number): number {
    return view.getUint8(at - fileOffset);
  }

  function u32(at: number): number {
    return view.getUint32(at - fileOffset);
  }

  function i32(at: number): number {
    return view.getInt32(at - fileOffset);
  }

  function u64(at: number): number {
    const value = Number(view.getBigUint64(at - fileOffset));
    if (value > Number.MAX_SAFE_INTEGER) throw invalidMp4("expected a whole number below 2^53", at);
    return value;
  }

  function i64(at: number): number {
    return Number(view.getBigInt64(at - fileOffset));
  }

  function fourCharacters(at: number): string {
    return String.fromCharCode(u8(at), u8(at + 1), u8(at + 2), u8(at + 3));
  }

  /** For messages: four bytes that are no box may be anything. */
  function nameOf(type: string): string {
    return /^[\x21-\x7e]{3}[\x20-\x7e]$/.test(type) ? type.trimEnd() : JSON.stringify(type);
  }

  return {
    ...{ nameOf, head, children, child, optionalChild, needBytes, entryCount, version },
    ...{ u32, i32, u64, i64, fourCharacters },
  };
}
