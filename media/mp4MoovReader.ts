import { type Mp4Box, makeMp4BoxReader } from "./mp4BoxReader";
import { type Mp4ChunkPlace, type Mp4Edit, makeSampleTableReader } from "./mp4SampleTableReader";
import { type FileRange, invalidMp4, type Mp4Summary, type Mp4TrackSummary } from "./mp4Summary";

/**
 * Reads the payload of a `moov` box that stands at `offset` in its file, whose `mdat` boxes hold `media`. Throws an
 * `Mp4Error` at what contradicts itself or the file.
 */
export function readMoov(bytes: Uint8Array, offset: number, media: FileRange[]): Mp4Summary {
  const boxes = makeMp4BoxReader(bytes, offset);
  const { children, child, optionalChild, needBytes, entryCount, version } = boxes;
  const { u32, i32, u64, i64, fourCharacters } = boxes;
  const mediaBytes = media.reduce((sum, range) => sum + range.end - range.start, 0);
  const sampleTable = makeSampleTableReader(boxes, mediaBytes);

  function summary(): Mp4Summary {
    const moov = { type: "moov", offset, start: offset, end: offset + bytes.length };
    const movieTicksPerMs = ticksPerMs(child(moov, "mvhd"));
    const traks = children(moov).filter((box) => box.type === "trak");
    const read = traks.map((trak) => readTrack(trak, movieTicksPerMs));
    checkPlaces(read.flatMap(({ chunks }) => chunks));
    return {
      tracks: read.map(({ track }) => track),
      mediaBytes,
      durationMs: read.reduce((latest, { endMs }) => Math.max(latest, endMs), 0),
    };
  }

  function readTrack(trak: Mp4Box, movieTicksPerMs: number) {
    const mdia = child(trak, "mdia");
    const mediaTicksPerMs = ticksPerMs(child(mdia, "mdhd"));
    const stbl = child(child(mdia, "minf"), "stbl");
    const { sampleCount, sizeBytes, runs, chunks } = sampleTable(stbl, {
      ticksPerMs: mediaTicksPerMs,
      ...readEdit(optionalChild(trak, "edts"), movieTicksPerMs, mediaTicksPerMs),
    });
    const track: Mp4TrackSummary = {
      type: trackType(child(mdia, "hdlr")),
      codec: codec(child(stbl, "stsd")),
      ...{ sampleCount, sizeBytes, runs },
    };
    const endMs = runs.reduce(
      (latest, run) => Math.max(latest, run.ptsMs + run.sampleCount * run.durationMs),
      0,
    );
    return { track, chunks, endMs };
  }

  /** Of `mvhd` or `mdhd`: dates of 32 or 64 bits stand ahead of the time scale, which counts ticks in a second. */
  function ticksPerMs(header: Mp4Box): number {
    const at = header.start + (version(header) === 1 ? 20 : 12);
    needBytes(header, at + 4 - header.start);
    if (u32(at) === 0) throw invalidMp4(`expected a time scale in ${header.type}, found 0`, at);
    return u32(at) / 1000;
  }

  function trackType(hdlr: Mp4Box): Mp4TrackSummary["type"] {
    needBytes(hdlr, 12);
    const handler = fourCharacters(hdlr.start + 8);
    if (handler === "vide") return "video";
    return handler === "soun" ? "audio" : "other";
  }

  function codec(stsd: Mp4Box): string {
    const count = entryCount(stsd, stsd.start + 4, 8);
    const [entry] = children(stsd, stsd.start + 8);
    if (count === 0 || !entry) throw invalidMp4("expected a sample entry in stsd, found none", stsd.offset);
    return entry.type;
  }

  /** Which part of the media is shown, and when: nothing for a while, then one stretch, as cameras and muxers write it. */
  function readEdit(edts: Mp4Box | undefined, movieTicksPerMs: number, mediaTicksPerMs: number): Mp4Edit {
    const elst = edts && optionalChild(edts, "elst");
    if (!elst) return { startMs: 0, mediaStart: 0, mediaEnd: Number.POSITIVE_INFINITY };
    const isLarge = version(elst) === 1;
    const entryBytes = isLarge ? 20 : 12;
    const count = entryCount(elst, elst.start + 4, entryBytes);
    let startMs = 0;
    for (let index = 0; index < count; index += 1) {
      const at = elst.start + 8 + index * entryBytes;
      const durationMs = (isLarge ? u64(at) : u32(at)) / movieTicksPerMs;
      const mediaStart = isLarge ? i64(at + 8) : i32(at + 4);
      if (mediaStart === -1) {
        startMs += durationMs;
      } else if (index < count - 1 || mediaStart < 0 || u32(at + entryBytes - 4) !== 0x10000) {
        throw invalidMp4(
          "expected an edit list that shows one stretch of media at normal speed",
          elst.offset,
        );
      } else {
        // Some muxers write 0 for "all of it".
        const lengthTicks = durationMs * mediaTicksPerMs || Number.POSITIVE_INFINITY;
        return { startMs, mediaStart, mediaEnd: mediaStart + lengthTicks };
      }
    }
    return { startMs, mediaStart: 0, mediaEnd: count === 0 ? Number.POSITIVE_INFINITY : 0 };
  }

  /** Every chunk lies in an `mdat`, and none shares bytes with another. */
  function checkPlaces(chunks: Mp4ChunkPlace[]): void {
    let previousEnd = 0;
    for (const { start, end, entryOffset } of chunks.sort((a, b) => a.start - b.start)) {
      const found = `found bytes ${start} to ${end}`;
      if (!media.some((range) => range.start <= start && end <= range.end)) {
        throw invalidMp4(`expected a chunk of samples within an mdat, ${found}`, entryOffset);
      }
      if (start < previousEnd) {
        throw invalidMp4(
          `expected a chunk of samples behind byte ${previousEnd}, where another ends, ${found}`,
          entryOffset,
        );
      }
      previousEnd = end;
    }
  }

  return summary();
}
