import type { Track } from "./matroska";
import type { Mp4Boxes } from "./mp4Boxes";

/** Format tag of A-law in the WAVEFORMATEX that is the CodecPrivate of `A_MS/ACM`. */
const formatTagALaw = 6;

/**
 * The MP4 name of a track's codec, undefined when MP4 is not written for it. Kinesis Video's own pages spell
 * H.264 both ways. `A_MS/ACM` is many codecs, told apart by the format tag in the CodecPrivate.
 */
export function sampleEntryType({ codecId, codecPrivate, isEncoded }: Track) {
  if (isEncoded) return undefined;
  if (codecId === "V_MPEG4/ISO/AVC" || codecId === "V_MPEG/ISO/AVC") return "avc1";
  if (codecId === "V_MPEGH/ISO/HEVC") return "hvc1";
  if (codecId === "A_AAC") return "mp4a";
  const [low, high] = codecPrivate ?? [];
  const isOtherFormat = low !== undefined && high !== undefined && low + high * 256 !== formatTagALaw;
  return codecId === "A_MS/ACM" && !isOtherFormat ? "alaw" : undefined;
}

/** Writes the entry of `stsd` for a track: how its samples are decoded, out of the CodecPrivate. */
export function makeSampleEntryWriter({ box, fullBox, u8, u16, u32 }: Mp4Boxes) {
  function sampleEntry(track: Track): Uint8Array {
    const type = sampleEntryType(track);
    if (!type) throw codecError("UNSUPPORTED_CODEC", track, "MP4 is not written for this codec");
    if (!track.codecPrivate?.length)
      throw codecError("MISSING_CODEC_PRIVATE", track, "CodecPrivate is missing");
    const write = { avc1: avc, hvc1: hevc, mp4a: aac, alaw: aLaw }[type];
    return write(track, track.codecPrivate);
  }

  function codecError(code: string, track: Track, problem: string): Error {
    return Object.assign(new Error(`Track ${track.number} (${track.codecId}): ${problem}.`), { code });
  }

  function check(isValid: boolean, track: Track, expected: string): void {
    if (!isValid) throw codecError("INVALID_CODEC_PRIVATE", track, `CodecPrivate is not ${expected}`);
  }

  function avc(track: Track, codecPrivate: Uint8Array): Uint8Array {
    const spsCount = (codecPrivate[5] ?? 0) & 0x1f;
    const isValid = codecPrivate[0] === 1 && codecPrivate.length > 6 && spsCount > 0;
    check(isValid, track, "an AVCDecoderConfigurationRecord with a sequence parameter set");
    return visual("avc1", track, box("avcC", codecPrivate));
  }

  /** `hvc1` promises that the parameter sets are in the record; `hev1` that they are there or in the frames. */
  function hevc(track: Track, codecPrivate: Uint8Array): Uint8Array {
    const arrayCount = codecPrivate[22];
    check(codecPrivate[0] === 1 && arrayCount !== undefined, track, "an HEVCDecoderConfigurationRecord");
    return visual(arrayCount ? "hvc1" : "hev1", track, box("hvcC", codecPrivate));
  }

  /** An AudioSpecificConfig goes into an elementary stream descriptor (ISO/IEC 14496-1, section 7.2.6). */
  function aac(track: Track, codecPrivate: Uint8Array): Uint8Array {
    check(codecPrivate.length > 1 && codecPrivate[0]! >> 3 > 0, track, "an AudioSpecificConfig");
    const aacAudioStream = u8(0x40, 0x15, 0, 0, 0);
    const noBitRates = u32(0, 0);
    const decoderConfig = descriptor(0x04, aacAudioStream, noBitRates, descriptor(0x05, codecPrivate));
    const isMp4 = descriptor(0x06, u8(2));
    return audio("mp4a", track, fullBox("esds", 0, 0, descriptor(0x03, u8(0, 0, 0), decoderConfig, isMp4)));
  }

  /** A tag, the size in four groups of 7 bits, the parts. */
  function descriptor(tag: number, ...parts: Uint8Array[]): Uint8Array {
    const body = parts.flatMap((part) => [...part]);
    const size = [21, 14, 7, 0].map((shift) => ((body.length >> shift) & 0x7f) | (shift > 0 ? 0x80 : 0));
    return u8(tag, ...size, ...body);
  }

  function aLaw(track: Track, codecPrivate: Uint8Array): Uint8Array {
    check(codecPrivate.length > 1, track, "a WAVEFORMATEX");
    return audio("alaw", track);
  }

  function visual(type: string, track: Track, configuration: Uint8Array): Uint8Array {
    const { widthPixels = 0, heightPixels = 0 } = track.video ?? {};
    const reserved = new Uint8Array(16);
    const dotsPerInch = u32(72 * 0x10000, 72 * 0x10000);
    const compressorName = new Uint8Array(32);
    const picture = [
      u16(widthPixels, heightPixels),
      dotsPerInch,
      u32(0),
      u16(1),
      compressorName,
      u16(24, 0xffff),
    ];
    return box(type, dataReference(), reserved, ...picture, configuration);
  }

  /** The rate is 16.16 fixed point; one too high for it (96 kHz) is known from the codec's configuration. */
  function audio(type: string, track: Track, ...configuration: Uint8Array[]): Uint8Array {
    const { channels = 1, samplingHz = 8000 } = track.audio ?? {};
    const rate = samplingHz < 0x10000 ? Math.round(samplingHz) * 0x10000 : 0;
    return box(type, dataReference(), u32(0, 0), u16(channels, 16), u32(0, rate), ...configuration);
  }

  function dataReference(): Uint8Array {
    return u16(0, 0, 0, 1);
  }

  return sampleEntry;
}
