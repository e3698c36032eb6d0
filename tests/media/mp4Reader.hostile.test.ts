import { expect } from "chai";
import * as fc from "fast-check";
import type { Track } from "../../media/matroska";
import { type Mp4Error, type Mp4Summary, makeMp4Reader } from "../../media/mp4Reader";
import { boxAt, boxesOf, boxOf, moovLast, partsOf, with32 } from "./mp4Bytes";
import { avc, footageBytes, framesOf, mp4File, ofKind, readAll } from "./support";

const aac: Track = {
  number: 2,
  uid: 2n,
  type: "audio",
  codecId: "A_AAC",
  codecPrivate: Uint8Array.of(0x11, 0x90),
  audio: { samplingHz: 48_000, channels: 2 },
};

/** Two tracks in six chunks, with B-frames and a late start: every kind of box that is read. */
const whole = mp4File(
  [avc, aac],
  [
    { track: 1, timecode: 0, keyframe: true, bytes: new Uint8Array(10) },
    { track: 2, timecode: 20, keyframe: true, bytes: new Uint8Array(3) },
    { track: 1, timecode: 80, keyframe: false, bytes: new Uint8Array(11) },
    { track: 1, timecode: 40, keyframe: false, bytes: new Uint8Array(12) },
    { track: 2, timecode: 41, keyframe: true, bytes: new Uint8Array(4) },
    { track: 1, timecode: 120, keyframe: true, bytes: new Uint8Array(10) },
  ],
);
const stbl = "moov/trak/mdia/minf/stbl";

/** A summary, or the error; any other error than the reader's own fails the test. */
function read(file: Uint8Array): Mp4Summary | Mp4Error {
  const reader = makeMp4Reader();
  try {
    reader.push(file);
    return reader.end();
  } catch (error) {
    const invalid = error as Mp4Error;
    if (invalid.code !== "INVALID_MP4") throw error;
    expect(invalid.message).to.match(/^Invalid MP4 at byte \d+: .*\.$/);
    expect(invalid.offset).to.be.within(0, file.length);
    return invalid;
  }
}

const isRefused = (file: Uint8Array) => read(file) instanceof Error;
const messageOf = (file: Uint8Array) => String(read(file));

describe("the MP4 reader on bad bytes", () => {
  for (const [shape, file] of [
    ["moov first", whole],
    ["moov last", moovLast(whole)],
  ] as const) {
    it(`notices that a file is cut off at any byte, ${shape}`, () => {
      expect(isRefused(file)).to.equal(false);

      for (let cut = 0; cut < file.length; cut += 1) {
        expect(isRefused(file.subarray(0, cut)), `cut at ${cut} of ${file.length}`).to.equal(true);
      }
    });
  }

  it("notices that a file is cut off whose mdat states no size", () => {
    const endless = with32(whole, boxAt(whole, "mdat").offset, 0);

    expect(isRefused(endless)).to.equal(false);
    for (let cut = 0; cut < endless.length; cut += 1) {
      expect(isRefused(endless.subarray(0, cut)), `cut at ${cut}`).to.equal(true);
    }
  });

  it("notices that real footage is cut off", () => {
    const events = readAll(footageBytes("garden.mkv"));
    const clip = mp4File(ofKind(events, "tracks")[0]!.tracks, framesOf(events));

    for (const file of [clip, moovLast(clip)]) {
      fc.assert(
        fc.property(fc.nat(file.length - 1), (cut) => isRefused(file.subarray(0, cut))),
        { numRuns: 50 },
      );
    }
  });

  it("says where a file is cut off, and in what", () => {
    const { offset, sizeBytes } = boxAt(whole, "mdat");

    const inMedia = read(whole.subarray(0, offset + 20));
    const inHead = read(whole.subarray(0, offset + 3));

    expect(inMedia).to.include({
      offset: offset + 20,
      message: `Invalid MP4 at byte ${offset + 20}: the file ends in the middle of mdat, which goes on to byte ${offset + sizeBytes}.`,
    });
    expect(inHead).to.include({
      offset,
      message: `Invalid MP4 at byte ${offset}: the file ends in the middle of a box's head, at byte ${offset + 3}.`,
    });
  });

  it("notices a sample table, or a box around one, of any size but its own", () => {
    const isRead = /^moov(\/trak(\/edts|\/mdia(\/minf(\/stbl(\/st.*|\/ctts)?)?)?)?)?$/;
    const boxes = boxesOf(whole).filter(({ path }) => isRead.test(path));
    expect(boxes.length).to.be.above(20);

    for (const { path, offset, sizeBytes } of boxes) {
      for (const change of [-sizeBytes, 2 - sizeBytes, 7 - sizeBytes, -8, -1, 1, 8, 1000, 0x7fffffff]) {
        const file = with32(whole, offset, sizeBytes + change);
        expect(isRefused(file), `${path} at ${offset} of ${sizeBytes + change} bytes`).to.equal(true);
      }
    }
  });

  it("gives a summary or its own error, whatever bytes are changed", () => {
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const file = Uint8Array.from(whole);
        for (const [at, value] of changes) file[at] = value;
        read(file);
      }),
      { numRuns: 3000 },
    );
  });

  it("gives a summary or its own error, whatever number stands anywhere in moov", () => {
    const { offset, sizeBytes } = boxAt(whole, "moov");

    for (let at = offset; at + 4 <= offset + sizeBytes; at += 1) {
      for (const value of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) read(with32(whole, at, value));
    }
  });

  const at = (path: string, index = 0) => boxAt(whole, path, index).offset;
  const { ftyp, media, moovFor } = partsOf(whole);
  const mdat = boxOf("mdat", media);
  const moov = moovFor(ftyp.length + moovFor(0).length + 8);
  const nameIn = (path: string, index = 0) => with32(whole, at(path, index) + 4, 0x66726565);
  const refused: [what: string, file: Uint8Array, message: string][] = [
    ["nothing", new Uint8Array(), "expected an ftyp box, found the end"],
    ["something else", Buffer.from("GET / HTTP/1.1\r\n"), 'expected an ftyp box, found "/ HT"'],
    ["a file without moov", Buffer.concat([ftyp, mdat]), "expected a moov box, found the end"],
    ["two moov", Buffer.concat([ftyp, moov, moov, mdat]), "expected one moov box, found another"],
    [
      "a file without mdat",
      Buffer.concat([ftyp, moov]),
      "expected a chunk of samples within an mdat, found bytes",
    ],
    ["a fragmented file", Buffer.concat([ftyp, moov, boxOf("moof"), mdat]), "of a fragmented one"],
    [
      "moov of no stated size",
      Buffer.concat([ftyp, mdat, with32(moov, 0, 0)]),
      "expected a moov of at most 33554432 bytes",
    ],
    ["a movie without a header", nameIn("moov/mvhd"), "expected a mvhd in moov, found none"],
    ["a track without a handler", nameIn("moov/trak/mdia/hdlr"), "expected a hdlr in mdia, found none"],
    ["a track without sizes", nameIn(`${stbl}/stsz`), "expected a stsz in stbl, found none"],
    ["a track without places", nameIn(`${stbl}/stco`), "expected a stco in stbl, found none"],
    [
      "a time scale of 0",
      with32(whole, at("moov/trak/mdia/mdhd") + 28, 0),
      "expected a time scale in mdhd, found 0",
    ],
    [
      "a larger sample",
      with32(whole, at(`${stbl}/stsz`) + 20, 11),
      "expected a chunk of samples behind byte",
    ],
    [
      "a huge sample",
      with32(whole, at(`${stbl}/stsz`) + 20, 0x7fffffff),
      "expected a chunk of samples within an mdat",
    ],
    [
      "more samples than sizes",
      with32(whole, at(`${stbl}/stsz`) + 16, 5),
      "expected stsz to hold 32 bytes, found 28",
    ],
    ["fewer samples than times", with32(whole, at(`${stbl}/stsz`) + 16, 3), "in stsc, found more"],
    [
      "samples of one size that no mdat could hold",
      with32(with32(whole, at(`${stbl}/stsz`) + 12, 1), at(`${stbl}/stsz`) + 16, 0xffffffff),
      "expected at most 50 bytes of samples, found 4294967295 samples of 1 bytes",
    ],
    [
      "a chunk ahead of the media",
      with32(whole, at(`${stbl}/stco`) + 16, 8),
      "expected a chunk of samples within an mdat, found bytes 8 to 18",
    ],
    [
      "a chunk behind the file",
      with32(whole, at(`${stbl}/stco`) + 16, whole.length),
      "expected a chunk of samples within an mdat",
    ],
    [
      "times of other samples",
      with32(whole, at(`${stbl}/stts`) + 16, 9),
      "expected stts to speak of 4 samples, found",
    ],
    [
      "delays of other samples",
      with32(whole, at(`${stbl}/ctts`) + 16, 9),
      "expected ctts to speak of 4 samples, found",
    ],
    [
      "a sync sample too many",
      with32(whole, at(`${stbl}/stss`) + 20, 5),
      "expected the number of a later one of 4 samples, found 5",
    ],
    [
      "a sync sample twice",
      with32(whole, at(`${stbl}/stss`) + 20, 1),
      "expected the number of a later one of 4 samples, found 1",
    ],
    [
      "chunks that begin with the second",
      with32(whole, at(`${stbl}/stsc`) + 16, 2),
      "expected a run that begins with chunk 1 of 3 in stsc",
    ],
    [
      "chunks that begin with none",
      with32(whole, at(`${stbl}/stsc`) + 16, 0),
      "expected a run that begins with chunk 1 of 3 in stsc",
    ],
    [
      "chunks of too few samples",
      with32(whole, at(`${stbl}/stsc`) + 32, 1),
      "expected 4 samples in 3 chunks in stsc, found 3 in 3",
    ],
    [
      "a track with two media",
      with32(whole, at("moov/trak/tkhd") + 4, 0x6d646961),
      "expected one mdia in trak, found more",
    ],
    [
      "no sample entry",
      with32(whole, at(`${stbl}/stsd`) + 12, 0),
      "expected a sample entry in stsd, found none",
    ],
  ];
  for (const [what, file, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(messageOf(file)).to.include(message);
    });
  }

  it("refuses a moov that is larger than allowed as soon as its size is known", () => {
    const { offset, sizeBytes } = boxAt(whole, "moov");
    const headed = whole.subarray(0, offset + 8);

    const push = (maxMoovBytes: number) => () => makeMp4Reader({ maxMoovBytes }).push(headed);

    expect(push(sizeBytes)).not.to.throw();
    expect(push(sizeBytes - 1)).to.throw(
      `expected a moov of at most ${sizeBytes - 1} bytes, found ${sizeBytes}`,
    );
  });

  it("fails for good: every later call throws the same error", () => {
    const reader = makeMp4Reader();
    const [first, second, third] = [
      () => reader.push(Buffer.from("GET / HTTP/1.1\r\n")),
      () => reader.push(whole),
      reader.end,
    ].map((call) => {
      try {
        return call();
      } catch (error) {
        return error;
      }
    });

    expect(first).to.include({ code: "INVALID_MP4", offset: 0 });
    expect(second).to.equal(first);
    expect(third).to.equal(first);
  });
});
