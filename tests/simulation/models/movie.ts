/** A movie of one video track, whose frames have all one size. */
export interface Movie {
  lengthsMs: number[];
  /** Numbers of the key frames, from 1. */
  keys: number[];
  frames: Buffer[];
}

/** An MP4 as small as it can be (ISO/IEC 14496-12). The product's own writer is not asked: here its reader is tried. */
export function movie({ lengthsMs, keys, frames }: Movie): Uint8Array {
  const frameBytes = frames[0]?.length ?? 0;
  const stts = fullBox("stts", u32(lengthsMs.length, ...lengthsMs.flatMap((lengthMs) => [1, lengthMs])));
  const stss = fullBox("stss", u32(keys.length, ...keys));
  const stsz = fullBox("stsz", u32(frameBytes, frames.length));
  const durationMs = u32(lengthsMs.reduce((sum, lengthMs) => sum + lengthMs, 0));
  const stco = fullBox("stco", u32(1, 0));
  const stsc = fullBox("stsc", u32(1, 1, frames.length, 1));
  const stbl = box("stbl", STSD, stts, stss, stsz, stsc, stco);
  const mdhd = fullBox("mdhd", ZEROS_8, TICKS_PER_SECOND, durationMs, LANGUAGE);
  const mdia = box("mdia", mdhd, HDLR, box("minf", VMHD, DINF, stbl));
  const tkhd = fullBox(
    "tkhd",
    ZEROS_8,
    u32(1, 0),
    durationMs,
    ZEROS_8,
    ZEROS_8,
    MATRIX,
    u32(64 << 16, 36 << 16),
  );
  const mvhd = fullBox(
    "mvhd",
    ZEROS_8,
    TICKS_PER_SECOND,
    durationMs,
    u32(1 << 16, 1 << 24, 0, 0),
    MATRIX,
    Buffer.alloc(24),
    u32(2),
  );
  const moov = box("moov", mvhd, box("trak", tkhd, mdia));
  // The last of its boxes says where the media begins.
  moov.writeUInt32BE(FTYP.length + moov.length + 8, moov.length - 4);
  return Buffer.concat([FTYP, moov, box("mdat", ...frames)]);
}

function u32(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  for (let index = 0; index < values.length; index += 1) bytes.writeUInt32BE(values[index]!, 4 * index);
  return bytes;
}

function box(type: string, ...parts: Buffer[]): Buffer {
  const head = Buffer.allocUnsafe(8);
  head.writeUInt32BE(parts.reduce((sum, { length }) => sum + length, 8));
  head.write(type, 4, "latin1");
  return Buffer.concat([head, ...parts]);
}

const fullBox = (type: string, ...parts: Buffer[]) => box(type, Buffer.alloc(4), ...parts);

const ZEROS_8 = Buffer.alloc(8);
const TICKS_PER_SECOND = u32(1000);
const LANGUAGE = u32(0x55c40000);
const MATRIX = u32(1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30);
const FTYP = box("ftyp", Buffer.from("isom\0\0\x02\0isom", "latin1"));
const HDLR = fullBox("hdlr", u32(0), Buffer.from("vide", "latin1"), Buffer.alloc(13));
const VMHD = fullBox("vmhd", ZEROS_8);
const DINF = box("dinf", fullBox("dref", u32(1), box("url ", u32(1))));
const STSD = fullBox(
  "stsd",
  u32(1),
  box("avc1", Buffer.alloc(78), box("avcC", Buffer.from([1, 66, 0, 0, 0xff, 0xe1, 0, 0]))),
);
