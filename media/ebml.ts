import { elementId, type MatroskaError } from "./matroska";

/** The head of an element: `headBytes` long, followed by `sizeBytes` of payload (undefined: unknown size). */
export interface ElementHead {
  id: number;
  headBytes: number;
  sizeBytes: number | undefined;
}

/** Bytes of the stream: `bytes[0]` stands at `offset`, and only `start` to `end` is meant. */
export interface Span {
  bytes: Uint8Array;
  start: number;
  end: number;
  offset: number;
}

export type Ebml = ReturnType<typeof makeEbml>;

/**
 * The alphabet of Matroska (EBML, RFC 8794): element heads, numbers and strings. All of it throws the
 * `INVALID_MATROSKA` error of `MatroskaError` at bytes that cannot be what they should be.
 *
 * A factory, like every file of this folder that visits each element or frame: the functions of a factory
 * find each other in its scope, whereas in a serialized closure each captured name is looked up at run time.
 */
export function makeEbml() {
  const decoder = new TextDecoder();

  function invalid(problem: string, offset: number): MatroskaError {
    const message = `Invalid Matroska at byte ${offset}: ${problem}.`;
    return Object.assign(new Error(message), { code: "INVALID_MATROSKA" as const, offset, events: [] });
  }

  /** For messages: `simpleBlock (0xa3)`. */
  function nameOf(id: number): string {
    const name = Object.entries(elementId).find(([, value]) => value === id)?.[0] ?? "unknown element";
    return `${name} (0x${id.toString(16)})`;
  }

  /** Bytes of the variable-size integer that begins with this byte; 9 when none can. */
  function vintLength(firstByte: number): number {
    return Math.clz32(firstByte) - 23;
  }

  /** A variable-size integer without its marker bit; undefined when all its bits are ones ("unknown"). */
  function vint(bytes: Uint8Array, at: number, length: number): number | undefined {
    const mask = 0xff >> length;
    let value = bytes[at]! & mask;
    let allOnes = value === mask;
    for (let i = at + 1; i < at + length; i += 1) {
      value = value * 256 + bytes[i]!;
      allOnes = allOnes && bytes[i] === 0xff;
    }
    return allOnes ? undefined : value;
  }

  /** The head of the element at `start`; undefined when the span ends before the head does. */
  function head({ bytes, start, end, offset }: Span): ElementHead | undefined {
    if (start >= end) return undefined;
    const idBytes = vintLength(bytes[start]!);
    if (idBytes > 4) {
      throw invalid(`expected an element ID, found 0x${bytes[start]!.toString(16)}`, offset + start);
    }
    if (start + idBytes >= end) return undefined;
    const id = unsigned({ bytes, start, end: start + idBytes, offset });
    const sizeStart = start + idBytes;
    const sizeLength = vintLength(bytes[sizeStart]!);
    if (sizeLength > 8) throw invalid(`expected the size of ${nameOf(id)}, found 0x0`, offset + sizeStart);
    if (sizeStart + sizeLength > end) return undefined;
    return { id, headBytes: idBytes + sizeLength, sizeBytes: vint(bytes, sizeStart, sizeLength) };
  }

  /** Calls `visit` with each element of a master element's payload. */
  function eachChild(payload: Span, visit: (id: number, payload: Span) => void): void {
    const { bytes, end, offset } = payload;
    let at = payload.start;
    while (at < end) {
      const child = head({ bytes, start: at, end, offset });
      const start = at + (child?.headBytes ?? 0);
      if (child?.sizeBytes === undefined || start + child.sizeBytes > end) {
        const what = child ? nameOf(child.id) : "an element's head";
        throw invalid(`expected ${what} to end within its parent`, offset + at);
      }
      at = start + child.sizeBytes;
      visit(child.id, { bytes, start, end: at, offset });
    }
  }

  function unsigned({ bytes, start, end, offset }: Span): number {
    let value = 0;
    for (let i = start; i < end; i += 1) value = value * 256 + bytes[i]!;
    if (end - start > 8 || value > Number.MAX_SAFE_INTEGER) {
      throw invalid("expected a whole number below 2^53", offset + start);
    }
    return value;
  }

  function float({ bytes, start, end, offset }: Span): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    if (end === start) return 0;
    if (end - start === 4) return view.getFloat32(0);
    if (end - start === 8) return view.getFloat64(0);
    throw invalid(`expected a float of 0, 4 or 8 bytes, found ${end - start}`, offset + start);
  }

  function text({ bytes, start, end }: Span): string {
    const nul = bytes.subarray(start, end).indexOf(0);
    return decoder.decode(bytes.subarray(start, nul < 0 ? end : start + nul));
  }

  return { invalid, nameOf, vintLength, vint, head, eachChild, unsigned, float, text };
}
