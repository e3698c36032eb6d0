import { makeByteQueue } from "./byteQueue";
import { makeMp4BoxReader } from "./mp4BoxReader";
import { readMoov } from "./mp4MoovReader";
import { type FileRange, invalidMp4, type Mp4Summary } from "./mp4Summary";

export type { Mp4Error, Mp4SampleRun, Mp4Summary, Mp4TrackSummary } from "./mp4Summary";

export interface Mp4ReaderOptions {
  /** The largest `moov` that is held in memory; a larger one is an error. Default 32 MiB. */
  maxMoovBytes?: number;
}

export interface Mp4Reader {
  /** Takes the next bytes of the file, however it was cut. */
  push(chunk: Uint8Array): void;
  /** The file has ended: says what it holds. */
  end(): Mp4Summary;
}

/**
 * A streaming reader of a traditional MP4 file, which is what GetClip returns: `ftyp`, then `moov` and `mdat` in either
 * order, and any box that may be skipped. Only `moov` is held in memory, and only as far as it came. Samples must lie
 * in an `mdat` and not overlap; whether they can be decoded is not looked at.
 *
 * `push` and `end` throw an `Mp4Error` (code `INVALID_MP4`) that names the place and what was expected there: a file
 * that is cut off, a box or a table that is larger than its parent, tables that contradict each other, sample data
 * outside of the file, a fragmented file. Every later call throws it again.
 */
export function makeMp4Reader(options: Mp4ReaderOptions = {}): Mp4Reader {
  const { maxMoovBytes = 32 * 1024 * 1024 } = options;
  const queue = makeByteQueue();
  const media: FileRange[] = [];
  let moov: { bytes: Uint8Array; offset: number } | undefined;
  /** Where the next byte that comes stands in the file. */
  let offset = 0;
  /** The box at hand; undefined while its head is gathered. `end` is Infinity when it goes on to the end of the file. */
  let open: { type: string; start: number; end: number } | undefined;
  let failure: unknown;

  function push(chunk: Uint8Array): void {
    rememberFailure(() => {
      let at = 0;
      while (at < chunk.length) {
        const wantedBytes = open ? open.end - offset : missingHeadBytes();
        const part = chunk.subarray(at, Math.min(at + wantedBytes, chunk.length));
        if (!open || open.type === "moov") queue.append(part);
        at += part.length;
        offset += part.length;
        if (!open) enterBox();
        if (open?.end === offset) leaveBox(open);
      }
    });
  }

  function end(): Mp4Summary {
    return rememberFailure(() => {
      if (waitingBytes() > 0 || (open && open.end !== Number.POSITIVE_INFINITY)) throw endsInside();
      if (open) leaveBox({ ...open, end: offset });
      if (!moov)
        throw invalidMp4(`expected ${offset === 0 ? "an ftyp" : "a moov"} box, found the end`, offset);
      return readMoov(moov.bytes, moov.offset, media);
    });
  }

  function endsInside() {
    const where = open
      ? `${open.type}, which goes on to byte ${open.end}`
      : `a box's head, at byte ${offset}`;
    return invalidMp4(`the file ends in the middle of ${where}`, open ? offset : offset - waitingBytes());
  }

  function rememberFailure<Result>(read: () => Result): Result {
    try {
      if (failure) throw failure;
      return read();
    } catch (error) {
      failure = error;
      throw error;
    }
  }

  function waitingBytes(): number {
    const { start, end } = queue.waiting();
    return end - start;
  }

  /** A head has 8 bytes, and 8 more when the first 8 say so. */
  function missingHeadBytes(): number {
    const bytes = waitingBytes();
    return bytes < 8 ? 8 - bytes : 16 - bytes;
  }

  function enterBox(): void {
    const { bytes, start, end } = queue.waiting();
    const headOffset = offset - (end - start);
    const head = makeMp4BoxReader(bytes.subarray(start, end), headOffset).head(headOffset);
    if (!head) return;
    const { type, headBytes, sizeBytes = Number.POSITIVE_INFINITY } = head;
    checkBox(type, sizeBytes, headOffset);
    queue.take(headBytes);
    open = { type, start: offset, end: headOffset + sizeBytes };
  }

  function checkBox(type: string, sizeBytes: number, headOffset: number): void {
    const found = `found ${JSON.stringify(type)}`;
    if (headOffset === 0 && type !== "ftyp") throw invalidMp4(`expected an ftyp box, ${found}`, 0);
    if (type === "moof")
      throw invalidMp4(`expected a traditional MP4 file, ${found} of a fragmented one`, headOffset);
    if (type !== "moov") return;
    if (moov) throw invalidMp4("expected one moov box, found another", headOffset);
    if (sizeBytes > maxMoovBytes) {
      throw invalidMp4(`expected a moov of at most ${maxMoovBytes} bytes, found ${sizeBytes}`, headOffset);
    }
  }

  function leaveBox(left: NonNullable<typeof open>): void {
    if (left.type === "moov") moov = { bytes: queue.take(waitingBytes()), offset: left.start };
    if (left.type === "mdat") media.push({ start: left.start, end: left.end });
    open = undefined;
  }

  return { push, end };
}
