import type { Span } from "./ebml";

/** Bytes of a stream that came and are not used up yet. Memory grows with what came, amortized. */
export function makeByteQueue() {
  let buffer = new Uint8Array(0);
  let start = 0;
  let end = 0;
  let taken = 0;

  function append(chunk: Uint8Array): void {
    if (end + chunk.length > buffer.length) makeRoom(chunk.length);
    buffer.set(chunk, end);
    end += chunk.length;
  }

  function makeRoom(sizeBytes: number): void {
    const waiting = buffer.subarray(start, end);
    const needed = waiting.length + sizeBytes;
    if (needed > buffer.length) buffer = new Uint8Array(Math.max(needed, 2 * buffer.length));
    buffer.set(waiting);
    start = 0;
    end = waiting.length;
  }

  /** A copy of the next bytes, which are then used up: the buffer itself is written again. */
  function take(sizeBytes: number): Uint8Array {
    const bytes = buffer.slice(start, start + sizeBytes);
    start += sizeBytes;
    taken += sizeBytes;
    return bytes;
  }

  /** What waits, in place: valid until the next `append`. */
  function waiting(): Span {
    return { bytes: buffer, start, end, offset: taken - start };
  }

  /** Where the next byte stands in the stream. */
  function offset(): number {
    return taken;
  }

  return { append, take, waiting, offset };
}
