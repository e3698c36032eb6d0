import { concat } from "./bytes";

export type Mp4Boxes = ReturnType<typeof makeMp4Boxes>;

/** The alphabet of MP4 (ISO/IEC 14496-12): boxes and big-endian numbers. */
export function makeMp4Boxes() {
  /** A box that holds the parts. */
  function box(type: string, ...parts: Uint8Array[]): Uint8Array {
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 8);
    return concat([u32(sizeBytes), ascii(type), ...parts]);
  }

  /** A box that begins with a version and flags. */
  function fullBox(type: string, version: number, flags: number, ...parts: Uint8Array[]): Uint8Array {
    return box(type, u32(version * 2 ** 24 + flags), ...parts);
  }

  function ascii(text: string): Uint8Array {
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  }

  function u8(...values: number[]): Uint8Array {
    return Uint8Array.from(values);
  }

  function u16(...values: number[]): Uint8Array {
    return numbers(values, 2, (view, at, value) => view.setUint16(at, value));
  }

  function u32(...values: number[]): Uint8Array {
    return u32Table(values);
  }

  function u64(...values: number[]): Uint8Array {
    return u64Table(values);
  }

  /** As `u32`, for lists too long to be arguments. Negative values come out as two's complement. */
  function u32Table(values: number[]): Uint8Array {
    return numbers(values, 4, (view, at, value) => view.setUint32(at, value));
  }

  function u64Table(values: number[]): Uint8Array {
    return numbers(values, 8, (view, at, value) => view.setBigInt64(at, BigInt(value)));
  }

  function numbers(
    values: number[],
    width: number,
    write: (view: DataView, at: number, value: number) => void,
  ): Uint8Array {
    const view = new DataView(new ArrayBuffer(values.length * width));
    values.forEach((value, index) => {
      write(view, index * width, value);
    });
    return new Uint8Array(view.buffer);
  }

  return { box, fullBox, ascii, u8, u16, u32, u64, u32Table, u64Table };
}
