import type { Ebml, Span } from "./ebml";
import { elementId, type Tag, type Track } from "./matroska";

type TrackDraft = Partial<Track>;

/** Reads the payloads of the elements that describe a stream: EBML header, Info, Tracks and Tags. */
export function makeHeaderParser(ebml: Ebml) {
  const id = elementId;
  const { eachChild, unsigned, float, text } = ebml;

  function docType(payload: Span): string {
    let value = "matroska";
    eachChild(payload, (child, span) => {
      if (child === id.docType) value = text(span);
    });
    return value;
  }

  function info(payload: Span) {
    const fields: { timecodeScaleNs: number; title?: string; muxingApp?: string; writingApp?: string } = {
      timecodeScaleNs: 1_000_000,
    };
    eachChild(payload, (child, span) => {
      if (child === id.timecodeScale) fields.timecodeScaleNs = unsigned(span);
      if (child === id.title) fields.title = text(span);
      if (child === id.muxingApp) fields.muxingApp = text(span);
      if (child === id.writingApp) fields.writingApp = text(span);
    });
    if (fields.timecodeScaleNs === 0) {
      throw ebml.invalid("expected a TimecodeScale above zero", payload.offset + payload.start);
    }
    return fields;
  }

  function tracks(payload: Span): Track[] {
    const found: Track[] = [];
    eachChild(payload, (child, span) => {
      if (child === id.trackEntry) found.push(track(span));
    });
    return found;
  }

  function track(payload: Span): Track {
    const draft: TrackDraft = {};
    eachChild(payload, (child, span) => {
      if (child === id.trackNumber) draft.number = unsigned(span);
      if (child === id.trackUid) draft.uid = big(span);
      if (child === id.trackType) draft.type = trackType(unsigned(span));
      if (child === id.codecId) draft.codecId = text(span);
      if (child === id.codecPrivate) draft.codecPrivate = span.bytes.slice(span.start, span.end);
      if (child === id.trackName) draft.name = text(span);
      if (child === id.language) draft.language = text(span);
      if (child === id.defaultDuration) draft.defaultDurationNs = unsigned(span);
      if (child === id.video) draft.video = video(span);
      if (child === id.audio) draft.audio = audio(span);
      if (child === id.contentEncodings) draft.isEncoded = true;
    });
    const { number, uid = 0n, type, codecId } = draft;
    if (!number || type === undefined || codecId === undefined) {
      const problem = "expected a TrackEntry with a TrackNumber, a TrackType and a CodecID";
      throw ebml.invalid(problem, payload.offset + payload.start);
    }
    return { ...draft, number, uid, type, codecId };
  }

  function trackType(code: number): Track["type"] {
    if (code === 1) return "video";
    return code === 2 ? "audio" : "other";
  }

  function video(payload: Span): Track["video"] {
    const fields = { widthPixels: 0, heightPixels: 0 };
    eachChild(payload, (child, span) => {
      if (child === id.pixelWidth) fields.widthPixels = unsigned(span);
      if (child === id.pixelHeight) fields.heightPixels = unsigned(span);
    });
    return fields;
  }

  function audio(payload: Span): Track["audio"] {
    const fields: Track["audio"] = { samplingHz: 8000, channels: 1 };
    eachChild(payload, (child, span) => {
      if (child === id.samplingFrequency) fields.samplingHz = float(span);
      if (child === id.channels) fields.channels = unsigned(span);
      if (child === id.bitDepth) fields.bitDepth = unsigned(span);
    });
    return fields;
  }

  /** A TrackUID fills 64 bits, more than a number holds. */
  function big({ bytes, start, end }: Span): bigint {
    return bytes.subarray(start, end).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  /** The SimpleTags of all Tags in their order; SimpleTags nested in SimpleTags are not looked at. */
  function tags(payload: Span): Tag[] {
    const found: Tag[] = [];
    eachChild(payload, (child, tag) => {
      if (child !== id.tag) return;
      eachChild(tag, (grandchild, simpleTag) => {
        if (grandchild === id.simpleTag) found.push(nameAndValue(simpleTag));
      });
    });
    return found;
  }

  function nameAndValue(simpleTag: Span): Tag {
    const fields = { name: "", value: "" };
    eachChild(simpleTag, (child, span) => {
      if (child === id.tagName) fields.name = text(span);
      if (child === id.tagString) fields.value = text(span);
    });
    return fields;
  }

  return { docType, info, tracks, tags };
}
