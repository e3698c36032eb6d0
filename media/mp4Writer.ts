import { concat } from "./bytes";
import type { Track } from "./matroska";
import { type Mp4Movie, type Mp4Track, ticksPerMs } from "./mp4";
import { makeMp4Boxes } from "./mp4Boxes";
import { chunksOf } from "./mp4Chunks";
import { makeSampleEntryWriter, sampleEntryType } from "./mp4SampleEntry";
import { type ChunkPlaces, makeSampleTableWriter } from "./mp4SampleTable";
import { type Mp4Timing, sampleTiming } from "./mp4Timing";

export type { Mp4Movie, Mp4Sample, Mp4Track } from "./mp4";

/** MP4 counts seconds from 1904. */
const secondsFrom1904To1970 = 2_082_844_800;
const largest32Bits = 0xffffffff;

/** Whether `mp4Header` takes this codec: H.264, H.265, AAC or A-law. The CodecPrivate may still be bad. */
export function supportedCodec(track: Track): boolean {
  return sampleEntryType(track) !== undefined;
}

/**
 * The head of a traditional MP4 file, which is what GetClip returns: `ftyp`, `moov` and the head of `mdat`.
 * Followed by the bytes of the samples in the movie's `order`, it is the whole file. Times are exact to 1/90 ms.
 *
 * Throws an Error with the code `UNSUPPORTED_CODEC`, `MISSING_CODEC_PRIVATE` or `INVALID_CODEC_PRIVATE` that
 * names the track and its codec, and a RangeError for an `order` or a time that cannot be.
 */
export function mp4Header(movie: Mp4Movie): Uint8Array {
  const boxes = makeMp4Boxes();
  const { box, fullBox, ascii, u8, u16, u32, u64 } = boxes;
  const sampleEntry = makeSampleEntryWriter(boxes);
  const sampleTable = makeSampleTableWriter(boxes);
  const createdAtSeconds = Math.floor((movie.createdAtMs ?? 0) / 1000) + secondsFrom1904To1970;
  const timings = movie.tracks.map(sampleTiming);
  const { chunks, sizeBytes } = chunksOf(movie);

  /** The sample tables tell where in the file the media is, and so how long `moov` is: it is written twice. */
  function header(): Uint8Array {
    const ftyp = box("ftyp", ascii("isom"), u32(0x200), ascii("isomiso4mp42"));
    const isLarge = ftyp.length + moov(0, true).length + 16 + sizeBytes > largest32Bits;
    const mdat = isLarge ? concat([u32(1), ascii("mdat"), u64(sizeBytes + 16)]) : mdatOf32Bits();
    const mediaOffset = ftyp.length + moov(0, isLarge).length + mdat.length;
    return concat([ftyp, moov(mediaOffset, isLarge), mdat]);
  }

  function mdatOf32Bits(): Uint8Array {
    return concat([u32(sizeBytes + 8), ascii("mdat")]);
  }

  function moov(mediaOffset: number, isLarge: boolean): Uint8Array {
    const traks = movie.tracks.map((mp4Track, index) => {
      const own = chunks.filter((chunk) => chunk.track === index);
      const places = {
        sampleCounts: own.map((chunk) => chunk.sampleCount),
        offsets: own.map((chunk) => mediaOffset + chunk.offsetBytes),
        isLarge,
      };
      return trak(index + 1, mp4Track, timings[index]!, places);
    });
    return box("moov", mvhd(), ...traks);
  }

  function mvhd(): Uint8Array {
    const durationTicks = Math.max(0, ...timings.map(endTicks));
    const rateAndVolume = [u32(0x10000), u16(0x0100), new Uint8Array(10)];
    const nextTrackId = u32(movie.tracks.length + 1);
    return fullBox(
      "mvhd",
      1,
      0,
      ...[dates(), u32(ticksPerMs * 1000), u64(durationTicks), ...rateAndVolume],
      ...[identityMatrix(), new Uint8Array(24), nextTrackId],
    );
  }

  function trak(id: number, mp4Track: Mp4Track, timing: Mp4Timing, places: ChunkPlaces): Uint8Array {
    const edits = timing.startTicks > 0 ? [lateStart(timing)] : [];
    return box("trak", tkhd(id, mp4Track.track, timing), ...edits, mdia(mp4Track, timing, places));
  }

  function tkhd(id: number, track: Track, timing: Mp4Timing): Uint8Array {
    const enabledInMovie = 3;
    const { widthPixels = 0, heightPixels = 0 } = track.video ?? {};
    const volume = track.type === "audio" ? 0x0100 : 0;
    return fullBox(
      "tkhd",
      1,
      enabledInMovie,
      ...[dates(), u32(id, 0), u64(endTicks(timing), 0), u16(0, 0, volume, 0), identityMatrix()],
      u32(widthPixels * 0x10000, heightPixels * 0x10000),
    );
  }

  /** The track begins after the movie does: nothing for a while, then all of the media. */
  function lateStart({ startTicks, durationTicks }: Mp4Timing): Uint8Array {
    const normalSpeed = u16(1, 0);
    const edits = [u64(startTicks, -1), normalSpeed, u64(durationTicks, 0), normalSpeed];
    return box("edts", fullBox("elst", 1, 0, u32(2), ...edits));
  }

  function mdia(mp4Track: Mp4Track, timing: Mp4Timing, places: ChunkPlaces): Uint8Array {
    const { track } = mp4Track;
    const isVideo = track.type === "video";
    const mdhd = [dates(), u32(ticksPerMs * 1000), u64(timing.durationTicks), u16(language(track), 0)];
    const handler = [u32(0), ascii(isVideo ? "vide" : "soun"), u32(0, 0, 0), u8(0)];
    const mediaHead = isVideo ? fullBox("vmhd", 0, 1, u16(0, 0, 0, 0)) : fullBox("smhd", 0, 0, u16(0, 0));
    const inThisFile = box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1)));
    const table = sampleTable(mp4Track, timing, sampleEntry(track), places);
    return box(
      "mdia",
      fullBox("mdhd", 1, 0, ...mdhd),
      fullBox("hdlr", 0, 0, ...handler),
      box("minf", mediaHead, inThisFile, table),
    );
  }

  /** ISO 639-2 in three groups of 5 bits. */
  function language(track: Track): number {
    const code = /^[a-z]{3}$/.test(track.language ?? "") ? track.language! : "und";
    return ascii(code).reduce((packed, letter) => packed * 32 + (letter - 0x60), 0);
  }

  function endTicks(timing: Mp4Timing): number {
    return timing.startTicks + timing.durationTicks;
  }

  function dates(): Uint8Array {
    return u64(createdAtSeconds, createdAtSeconds);
  }

  function identityMatrix(): Uint8Array {
    return u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
  }

  return header();
}
